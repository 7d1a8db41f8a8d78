// DCMTK's worklist server over a folder of worklist files, for as long as a test needs it.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { listening } from "./storescp.ts";

export interface Wlmscpfs extends AsyncDisposable {
  readonly port: number;
}

/** Serves these Part 10 files to whoever calls `aeTitle`; `switches` are its own. */
export async function startWlmscpfs(
  aeTitle: string,
  files: readonly Uint8Array[],
  switches: readonly string[] = [],
): Promise<Wlmscpfs> {
  const folder = await mkdtemp(join(tmpdir(), "udr-wlmscpfs-"));
  await Bun.write(join(folder, aeTitle, "lockfile"), "");
  for (const [i, file] of files.entries())
    await Bun.write(join(folder, aeTitle, `item${i}.wl`), file);
  const port = await freePort();
  const child = Bun.spawn(["wlmscpfs", ...switches, "--data-files-path", folder, String(port)], {
    stdout: "ignore",
    stderr: "ignore",
    env: { ...process.env, TCP_NODELAY: "1" },
  });
  await listening(port, () => child.exitCode !== null);
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
