// Disks and ports for machines.

import { mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { run } from "../tool/run.ts";

/** Of the PC's disk: both slots and some gigabytes for studies. */
const DISK_SIZE = "8G";

/** A machine's folder with a disk that has the image on it and was never started. */
export async function freshMachine(
  workFolder: string,
  name: string,
  image: string,
): Promise<string> {
  const folder = join(workFolder, "machines", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const disk = join(folder, "disk.raw");
  await run(["cp", "--sparse=always", "--reflink=auto", image, disk]);
  await run(["truncate", "--size", DISK_SIZE, disk]);
  return folder;
}

/** A port of this machine nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
