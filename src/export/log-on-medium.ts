// A log bundle as a file of a stick. It is there whole or not at all.

import { MediumError, type MediumFiles } from "../hal/media/medium-files.ts";
import { TEMPORARY } from "./medium-paths.ts";
import { sizeText } from "./space.ts";
import { writeWhole } from "./write-whole.ts";

/** In this folder of a stick the log bundles lie. */
export const LOG_FOLDER = "udr-log";
const SUFFIX = ".tar";
/** The largest cluster of a FAT volume, for the file and for its folder each. */
const CLUSTER_BYTES = 64 * 1024;

/**
 * Writes a bundle and reads it back.
 * @param name date and time; a number comes behind it where that file is there already
 * @returns the file's path on the medium
 * @throws MediumError
 */
export async function writeLog(
  medium: MediumFiles,
  name: string,
  bytes: Uint8Array,
): Promise<string> {
  const neededBytes = bytes.byteLength + 2 * CLUSTER_BYTES;
  const freeBytes = medium.freeBytes();
  if (neededBytes > freeBytes)
    throw new MediumError(
      `${sizeText(freeBytes)} are free, ${sizeText(neededBytes)} are needed`,
      "full",
    );
  medium.makeFolder(LOG_FOLDER);
  const path = freePath(medium, name);
  const temporary = path + TEMPORARY;
  try {
    await writeWhole(medium, [{ path: temporary, bytes }]);
    medium.rename(temporary, path);
    medium.syncFolder(LOG_FOLDER);
    medium.syncFolder("");
    return path;
  } catch (error) {
    discard(medium, temporary);
    throw error;
  }
}

function freePath(medium: MediumFiles, name: string): string {
  const taken = new Set(medium.list(LOG_FOLDER).map((entry) => entry.name));
  let free = `${name}${SUFFIX}`;
  for (let n = 2; taken.has(free); n++) free = `${name}-${n}${SUFFIX}`;
  return `${LOG_FOLDER}/${free}`;
}

/** Best effort: what is left does not bear the name of a bundle. */
function discard(medium: MediumFiles, path: string): void {
  try {
    medium.remove(path);
  } catch (error) {
    if (!(error instanceof MediumError)) throw error;
  }
}
