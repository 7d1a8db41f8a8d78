// Small files onto a medium: written together, synced together, read back from the medium.

import { MediumError, type MediumFile, type MediumFiles } from "../hal/media/medium-files.ts";

export interface WholeFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes files under names that are free or may be overwritten, syncs them and reads them back.
 * @throws MediumError
 */
export async function writeWhole(medium: MediumFiles, files: readonly WholeFile[]): Promise<void> {
  const open: MediumFile[] = [];
  try {
    for (const { path, bytes } of files) {
      medium.remove(path);
      const file = medium.create(path);
      open.push(file);
      file.write([bytes], 0);
    }
    // All of them are waited for, so that none is closed while its sync is under way.
    const synced = await Promise.allSettled(open.map((file) => file.sync()));
    for (const result of synced) if (result.status === "rejected") throw result.reason;
  } finally {
    for (const file of open) file.close();
  }
  for (const { path, bytes } of files) expectContent(medium, path, bytes);
}

/** @throws MediumError when the medium gives back other bytes */
export function expectContent(medium: MediumFiles, path: string, bytes: Uint8Array): void {
  medium.forget(path);
  const back = new Uint8Array(bytes.byteLength);
  const sizeIs = medium.size(path);
  if (sizeIs === bytes.byteLength) medium.read(path, back, 0);
  if (sizeIs !== bytes.byteLength || !sameBytes(back, bytes))
    throw new MediumError(`${path} reads back different from what was written`, "broken");
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && Buffer.compare(a, b) === 0;
}
