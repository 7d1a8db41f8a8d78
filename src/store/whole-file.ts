// A file that is there whole or not at all, whenever the power goes.

import type { DiskPort } from "./disk.ts";
import { folderOf } from "./object-path.ts";

/** What it is called until it is whole; one left by a power cut is written over. */
export const PART = ".part";

/** Beside, synced, renamed over, the folder synced. The folder must be there. @throws DiskError */
export async function writeWholeFile(
  disk: DiskPort,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  disk.remove(path + PART);
  const file = disk.create(path + PART);
  try {
    file.write([bytes], 0);
    await file.sync();
  } finally {
    file.close();
  }
  disk.rename(path + PART, path);
  disk.syncFolder(folderOf(path));
}
