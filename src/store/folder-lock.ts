// One device to a data folder. The lock is SQLite's own on a file beside the database: the kernel gives
// it back however the process ends, so nothing stale is left to be judged after a power cut.

import { Database } from "bun:sqlite";
import { join } from "node:path";
import { isDatabaseBusy } from "./database.ts";
import { StoreError } from "./store-error.ts";

const LOCK_FILE = "device.lock";

/**
 * Holds the folder until it is disposed or the process ends.
 * @throws StoreError when another device works in the folder, or it cannot be written to.
 */
export function lockFolder(folder: string): Disposable {
  const path = join(folder, LOCK_FILE);
  let db: Database | undefined;
  try {
    db = new Database(path, { create: true, strict: true });
    db.run("PRAGMA busy_timeout = 0");
    // Nothing is ever written: no journal beside it.
    db.run("PRAGMA journal_mode = MEMORY");
    db.run("BEGIN EXCLUSIVE");
  } catch (cause) {
    db?.close();
    throw new StoreError(
      isDatabaseBusy(cause)
        ? `another device works in the data folder ${folder}; stop it, or give another folder with --data`
        : `the data folder ${folder} cannot be locked: ${cause instanceof Error ? cause.message : String(cause)}; check its permissions and free space`,
      { cause },
    );
  }
  const held = db;
  return { [Symbol.dispose]: () => held.close() };
}
