// What a medium already holds: its DICOMDIR, or the backup of it where an earlier update was cut off in
// the moment the two changed places.

import { Tag } from "../dicom/dict/attributes.ts";
import { DirectoryError } from "../dicom/dir/directory-error.ts";
import type { FileId } from "../dicom/dir/file-id.ts";
import { pathOf } from "../dicom/dir/file-id.ts";
import {
  DIRECTORY_BYTES_MAX,
  type Directory,
  fileIdOf,
  readDirectory,
} from "../dicom/dir/read-directory.ts";
import type { MediumFiles } from "../hal/media/medium-files.ts";
import { DIRECTORY_NAME, findFile, OLD_DIRECTORY } from "./medium-paths.ts";

export interface PresentFileSet {
  readonly directory: Directory;
  /** Name of its file as it stands on the medium. */
  readonly name: string;
  /** It was read from the backup: the DICOMDIR itself is missing or damaged. */
  readonly isBackup: boolean;
  /** Objects by SOP Instance UID. */
  readonly objects: ReadonlyMap<string, FileId>;
  /** Paths of all files that a record refers to, in upper case. */
  readonly paths: ReadonlySet<string>;
}

/**
 * The file-set of a medium; null when it has none.
 * @throws DirectoryError when there is one that cannot be read, MediumError
 */
export function presentFileSet(medium: MediumFiles): PresentFileSet | null {
  const name = findFile(medium, DIRECTORY_NAME);
  const backup = findFile(medium, OLD_DIRECTORY);
  if (name === null) return backup === null ? null : fileSetOf(medium, backup, DIRECTORY_NAME);
  try {
    return fileSetOf(medium, name, name);
  } catch (error) {
    if (!(error instanceof DirectoryError) || backup === null) throw error;
    return fileSetOf(medium, backup, name);
  }
}

function fileSetOf(medium: MediumFiles, path: string, name: string): PresentFileSet {
  const directory = readDirectory(readWhole(medium, path, DIRECTORY_BYTES_MAX));
  const objects = new Map<string, FileId>();
  const paths = new Set<string>();
  for (const record of directory.records) {
    const id = fileIdOf(record);
    if (id === null) continue;
    paths.add(pathOf(id).toUpperCase());
    const uid = record.keys.string(Tag.ReferencedSOPInstanceUIDInFile);
    if (uid !== undefined && record.inUse) objects.set(uid, id);
  }
  return { directory, name, isBackup: path === OLD_DIRECTORY, objects, paths };
}

/** All of a small file. @throws DirectoryError when it is larger than `bytesMax` */
export function readWhole(medium: MediumFiles, path: string, bytesMax: number): Uint8Array {
  const bytes = medium.size(path) ?? 0;
  if (bytes > bytesMax) throw new DirectoryError(`${path} has ${bytes} bytes; that is no DICOMDIR`);
  const content = new Uint8Array(bytes);
  medium.read(path, content, 0);
  return content;
}
