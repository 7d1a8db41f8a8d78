// Certificates and keys that came with settings, in the data folder. A file is named by its content, so that
// one that is in use is never written over.

import type { PlacedKeyFile } from "../model/settings-set.ts";
import type { DiskPort } from "./disk.ts";
import { folderOf } from "./object-path.ts";
import { PART, writeWholeFile } from "./whole-file.ts";

/** Writes and syncs those that are not there; all or none. @returns their paths @throws DiskError */
export async function keepKeyFiles(
  disk: DiskPort,
  files: readonly PlacedKeyFile[],
): Promise<string[]> {
  const added: string[] = [];
  try {
    for (const { path, text } of files) {
      if (disk.size(path) !== null) continue;
      added.push(path);
      disk.makeFolder(folderOf(path));
      await writeWholeFile(disk, path, new TextEncoder().encode(text));
    }
  } catch (error) {
    dropKeyFiles(disk, added);
    throw error;
  }
  return added;
}

/** With what was left of them half written. @throws DiskError */
export function dropKeyFiles(disk: DiskPort, paths: readonly string[]): void {
  for (const path of paths) {
    for (const file of [path + PART, path]) disk.remove(file);
    disk.syncFolder(folderOf(path));
    disk.removeEmptyFolder(folderOf(path));
  }
}
