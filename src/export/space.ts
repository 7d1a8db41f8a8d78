// Whether an export fits, asked before the first byte is written.

import type { ExportObject } from "./export-object.ts";
import { exportedBytesMax } from "./exported-file.ts";

/** The largest cluster of a FAT volume, which every file wastes half of on average. */
const CLUSTER_BYTES = 64 * 1024;
/** Records, pages and folders of one object at most. */
const RECORD_BYTES = 4 * 1024;
/** DICOMDIR twice, its backup, pages. */
const FIXED_BYTES = 4 * 1024 * 1024;
/** FAT32 counts a file's bytes in 32 bits. */
export const FAT_FILE_BYTES_MAX = 0xffffffff;

/** Bytes that an export takes on a FAT volume at most. */
export function bytesNeeded(objects: readonly Pick<ExportObject, "fileBytes">[]): number {
  let bytes = FIXED_BYTES;
  for (const object of objects)
    bytes +=
      Math.ceil(Math.max(object.fileBytes + 4096, 1) / CLUSTER_BYTES) * CLUSTER_BYTES +
      RECORD_BYTES;
  return bytes;
}

/** The first object that no file of a FAT volume can hold. */
export function tooLargeForFat<T extends Pick<ExportObject, "fileBytes">>(
  objects: readonly T[],
): T | undefined {
  return objects.find((object) => exportedBytesMax(object) > FAT_FILE_BYTES_MAX);
}

/** "1.4 GB". */
export function sizeText(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
