// Certificates and keys that came with settings, in the data folder. A file is named by its content, so that
// one that is in use is never written over.

import type { PlacedKeyFile } from "../model/settings-set.ts";
import type { DiskPort } from "./disk.ts";
import { folderOf } from "./object-path.ts";

const PART = ".part";

/** Writes and syncs those that are not there. @returns their paths @throws DiskError */
export async function keepKeyFiles(
  disk: DiskPort,
  files: readonly PlacedKeyFile[],
): Promise<string[]> {
  const added: string[] = [];
  for (const { path, text } of files) {
    if (disk.size(path) !== null) continue;
    disk.makeFolder(folderOf(path));
    disk.remove(path + PART);
    const file = disk.create(path + PART);
    try {
      file.write([new TextEncoder().encode(text)], 0);
      await file.sync();
    } finally {
      file.close();
    }
    disk.rename(path + PART, path);
    disk.syncFolder(folderOf(path));
    added.push(path);
  }
  return added;
}

/** @throws DiskError */
export function dropKeyFiles(disk: DiskPort, paths: readonly string[]): void {
  for (const path of paths) {
    disk.remove(path);
    disk.syncFolder(folderOf(path));
    disk.removeEmptyFolder(folderOf(path));
  }
}
