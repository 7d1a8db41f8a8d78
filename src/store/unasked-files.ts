// Objects that peers sent although no retrieve asked for them: acknowledged, so they are kept, but in a
// folder of their own without rows, so that nothing lists or shows them. Their folder is their index:
// names begin with the time of receipt. They are the first to go when space is wanted.

import { DiskError, type DiskPort } from "./disk.ts";
import type { PartFile } from "./object-files.ts";
import { hashed, UNASKED } from "./object-path.ts";

/** Bytes kept at most; the oldest make room. The newest stays, however large it is. */
export const UNASKED_BYTES_MAX = 4 * 1024 * 1024 * 1024;
/** Objects kept at most. */
export const UNASKED_COUNT_MAX = 10_000;
/** Below this much free space none are kept but the newest. */
export const UNASKED_FREE_BYTES_MIN = 2 * 1024 * 1024 * 1024;
/** Digits of the epoch milliseconds in a name: enough for thousands of years. */
const TIME_DIGITS = 15;

export class UnaskedFiles {
  readonly #disk: DiskPort;
  /** Name → bytes, oldest first. */
  readonly #files = new Map<string, number>();
  #bytes = 0;

  /** @throws DiskError */
  constructor(disk: DiskPort) {
    this.#disk = disk;
    disk.makeFolder(UNASKED);
    const names = disk.list(UNASKED).flatMap((e) => (e.folder ? [] : [e.name]));
    for (const name of names.sort()) this.#add(name, disk.size(`${UNASKED}/${name}`) ?? 0);
  }

  get count(): number {
    return this.#files.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Gives a synced file its name here, durably, and lets older ones go. @throws DiskError */
  keep(part: PartFile, sopInstanceUid: string, receivedMs: number): void {
    const { byteLength } = part;
    const time = String(Math.trunc(receivedMs)).padStart(TIME_DIGITS, "0");
    const hash = hashed(sopInstanceUid);
    const before = [...this.#files.keys()].filter((name) => name.endsWith(`-${hash}.dcm`));
    const name = `${time}-${hash}.dcm`;
    part.publish(`${UNASKED}/${name}`);
    for (const old of before) if (old !== name) this.#drop(old);
    if (before.length > 0) this.#disk.syncFolder(UNASKED);
    this.#forget(name);
    this.#add(name, byteLength);
    while (this.#files.size > 1 && this.#isTooMuch()) if (this.dropOldest() === null) break;
  }

  /** Removes the oldest one and tells its bytes; null when there is none. */
  dropOldest(): number | null {
    for (const name of this.#files.keys()) return this.#drop(name);
    return null;
  }

  #isTooMuch(): boolean {
    return (
      this.#bytes > UNASKED_BYTES_MAX ||
      this.#files.size > UNASKED_COUNT_MAX ||
      this.#disk.freeBytes() < UNASKED_FREE_BYTES_MIN
    );
  }

  /** A file that cannot be removed now is looked at again at the next start. */
  #drop(name: string): number {
    const bytes = this.#files.get(name) ?? 0;
    this.#forget(name);
    try {
      this.#disk.remove(`${UNASKED}/${name}`);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
    return bytes;
  }

  #add(name: string, bytes: number): void {
    this.#files.set(name, bytes);
    this.#bytes += bytes;
  }

  #forget(name: string): void {
    this.#bytes -= this.#files.get(name) ?? 0;
    this.#files.delete(name);
  }
}
