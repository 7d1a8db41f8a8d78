// DCMTK's archive (store, find, move) in a folder of its own, for as long as a test needs it.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { listening } from "./storescp.ts";

export interface Dcmqrscp extends AsyncDisposable {
  readonly port: number;
  readonly aeTitle: string;
  /** Where its files lie. */
  readonly folder: string;
}

export interface MoveDestination {
  readonly aeTitle: string;
  readonly port: number;
}

/** Starts an archive that knows these move destinations. */
export async function startDcmqrscp(
  ...destinations: readonly MoveDestination[]
): Promise<Dcmqrscp> {
  const folder = await mkdtemp(join(tmpdir(), "udr-dcmqrscp-"));
  const storage = join(folder, "archive");
  await mkdir(storage);
  const port = await freePort();
  const config = join(folder, "dcmqrscp.cfg");
  await Bun.write(
    config,
    [
      `NetworkTCPPort = ${port}`,
      "MaxPDUSize = 131072",
      "MaxAssociations = 16",
      "HostTable BEGIN",
      ...destinations.map((d, i) => `device${i} = (${d.aeTitle}, 127.0.0.1, ${d.port})`),
      "HostTable END",
      "AETable BEGIN",
      `ARCHIVE ${storage} RW (500, 1024mb) ANY`,
      "AETable END",
      "",
    ].join("\n"),
  );
  const child = Bun.spawn(["dcmqrscp", "--config", config], {
    stdout: "ignore",
    stderr: "ignore",
    env: { ...process.env, TCP_NODELAY: "1" },
  });
  await listening(port, () => child.exitCode !== null);
  return {
    port,
    aeTitle: "ARCHIVE",
    folder: storage,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
