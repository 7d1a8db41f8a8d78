// Names on a medium. FAT shows them in either case and in short or long form (X2), so a name that is
// there is found whatever its case.

import { type FileId, numbered, pathOf } from "../dicom/dir/file-id.ts";
import type { MediumFiles } from "../hal/media/medium-files.ts";

export const DIRECTORY_NAME = "DICOMDIR";
/** A DICOMDIR that is not in force yet, a copy of the one that was, and that copy being written. */
export const NEW_DIRECTORY = "UDR10A.NEW";
export const OLD_DIRECTORY = "UDR10A.BAK";
export const COPY_OF_DIRECTORY = "UDR10A.TMP";
export const OBJECTS_FOLDER = "DICOM";
export const PAGES_FOLDER = "IHE_PDI";
export const INDEX_PAGE = "INDEX.HTM";
export const README = "README.TXT";
/** A file that is being written. */
export const TEMPORARY = ".TMP";

/** The path as it stands on the medium, or null when there is no such file. */
export function findFile(medium: MediumFiles, path: string): string | null {
  if (medium.size(path) !== null) return path;
  let folder = "";
  for (const part of path.split("/")) {
    const found = medium.list(folder).find((e) => e.name.toUpperCase() === part.toUpperCase());
    if (found === undefined) return null;
    folder = folder === "" ? found.name : `${folder}/${found.name}`;
  }
  return medium.size(folder) === null ? null : folder;
}

/** Name of an export's own folder, always the same for the same token. */
export function exportFolder(token: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(token))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `E${hash.toString(36).toUpperCase().padStart(7, "0").slice(-7)}`;
}

/** File ID of the n-th object of an export's m-th study, both from 1. */
export function objectId(folder: string, study: number, object: number): FileId {
  return [OBJECTS_FOLDER, folder, numbered("S", study), numbered("IM", object)];
}

/** Path of the folder an object lies in. */
export const folderOf = (id: FileId): string => pathOf(id.slice(0, -1));

/** Bytes that lie in an export's own folder. @throws MediumError */
export function bytesLeftBehind(medium: MediumFiles, token: string): number {
  const own = `${OBJECTS_FOLDER}/${exportFolder(token)}`;
  let bytes = 0;
  for (const study of medium.list(own))
    for (const file of medium.list(`${own}/${study.name}`))
      bytes += medium.size(`${own}/${study.name}/${file.name}`) ?? 0;
  return bytes;
}
