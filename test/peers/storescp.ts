// DCMTK's storescp in a folder of its own, for as long as a test needs it.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";

export const hasStorescp = Bun.which("storescp") !== null;

export interface Storescp extends AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  /** Paths of the files received so far. */
  files(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts storescp; `switches` are its own (--refuse, --abort-after …). */
export async function startStorescp(
  switches: readonly string[] = [],
  port?: number,
): Promise<Storescp> {
  const folder = await mkdtemp(join(tmpdir(), "udr-storescp-"));
  const own = port ?? (await freePort());
  const child = Bun.spawn(
    ["storescp", "--aetitle", "ARCHIVE", "--output-directory", folder, ...switches, String(own)],
    { stdout: "ignore", stderr: "ignore", env: { ...process.env, TCP_NODELAY: "1" } },
  );
  await listening(own, () => child.exitCode !== null);
  const stop = async () => {
    child.kill();
    await child.exited;
    await rm(folder, { recursive: true, force: true });
  };
  return {
    port: own,
    folder,
    files: async () => (await readdir(folder)).map((name) => join(folder, name)),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Waits until something listens on the port. */
export async function listening(port: number, gone: () => boolean): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (gone()) throw new Error(`the peer for port ${port} ended`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    await Bun.sleep(25);
  }
  throw new Error(`nothing listens on port ${port}`);
}
