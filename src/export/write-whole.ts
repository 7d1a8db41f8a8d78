// A small file onto a medium: under a temporary name, synced, read back from the medium, renamed.

import type { MediumFiles } from "../hal/media/medium-files.ts";
import { MediumError } from "../hal/media/medium-files.ts";

/** Writes `bytes` to a name that need not exist, syncs and reads them back. @throws MediumError */
export async function writeNew(
  medium: MediumFiles,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  medium.remove(path);
  const file = medium.create(path);
  try {
    file.write([bytes], 0);
    await file.sync();
  } finally {
    file.close();
  }
  expectContent(medium, path, bytes);
}

/** Writes the file under `temporary` and puts it in place of `path`. @throws MediumError */
export async function replaceFile(
  medium: MediumFiles,
  path: string,
  temporary: string,
  bytes: Uint8Array,
): Promise<void> {
  await writeNew(medium, temporary, bytes);
  medium.rename(temporary, path);
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
