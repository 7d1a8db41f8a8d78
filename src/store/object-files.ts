// The object files: written under a passing name, synced, renamed, their folder synced. After that a
// file is complete for ever; before that it is rubbish that the next start removes.

import { DiskError, type DiskFile, type DiskPort } from "./disk.ts";
import { folderOf, hashed, INCOMING, OBJECTS } from "./object-path.ts";
import { UnaskedFiles } from "./unasked-files.ts";

/** Space that stays free for the database and its log, whatever is written. */
export const DISK_RESERVE_BYTES = 64 * 1024 * 1024;
/** A run's bytes are moved to the medium in steps of this size, so that its end need not wait. */
const RUN_SYNC_BYTES = 32 * 1024 * 1024;

export interface DiskFull {
  readonly kind: "disk-full";
  readonly neededBytes: number;
  readonly freeBytes: number;
}

/** A file under its passing name. */
export class PartFile {
  readonly path: string;
  readonly #disk: DiskPort;
  readonly #file: DiskFile;
  #unsynced = 0;
  #end = 0;

  constructor(disk: DiskPort, path: string, existing: boolean) {
    this.#disk = disk;
    this.path = path;
    this.#file = existing ? disk.open(path) : disk.create(path);
    if (existing) this.#end = disk.size(path) ?? 0;
  }

  /** Length in bytes. */
  get byteLength(): number {
    return this.#end;
  }

  /** @throws DiskError */
  write(views: readonly Uint8Array[], at: number): void {
    this.#file.write(views, at);
    const bytes = views.reduce((sum, v) => sum + v.byteLength, 0);
    this.#end = Math.max(this.#end, at + bytes);
    this.#unsynced += bytes;
    if (this.#unsynced < RUN_SYNC_BYTES) return;
    this.#unsynced = 0;
    this.#file.startSync();
  }

  /** Drops what a failed write may have left behind the last good byte. @throws DiskError */
  truncate(byteLength: number): void {
    this.#file.truncate(byteLength);
    this.#end = byteLength;
  }

  /** @throws DiskError, after which nothing of the file may be trusted */
  async sync(): Promise<void> {
    await this.#file.sync();
  }

  /** Gives the synced file its name, durably; one of that name is replaced. @throws DiskError */
  publish(path: string): void {
    this.#file.close();
    this.#disk.makeFolder(folderOf(path));
    this.#disk.rename(this.path, path);
    this.#disk.syncFolder(folderOf(path));
  }

  /** Closes and removes it; a failure to remove is left to the next start. */
  abandon(): void {
    this.#file.close();
    try {
      this.#disk.remove(this.path);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
  }
}

export class ObjectFiles {
  readonly disk: DiskPort;
  readonly unasked: UnaskedFiles;
  readonly #reserveBytes: number;
  #parts = 0;

  constructor(disk: DiskPort, reserveBytes = DISK_RESERVE_BYTES) {
    this.disk = disk;
    this.#reserveBytes = reserveBytes;
    for (const folder of [OBJECTS, INCOMING]) disk.makeFolder(folder);
    this.unasked = new UnaskedFiles(disk);
  }

  /**
   * Null when there is room for so many bytes beside the reserve, or in it where `fromReserve` says
   * so; what nobody asked for makes room.
   * @throws DiskError
   */
  lackOf(neededBytes: number, fromReserve = false): DiskFull | null {
    const keptBytes = fromReserve ? 0 : this.#reserveBytes;
    for (;;) {
      const freeBytes = Math.max(0, this.disk.freeBytes() - keptBytes);
      if (freeBytes >= neededBytes) return null;
      if (this.unasked.dropOldest() === null) return { kind: "disk-full", neededBytes, freeBytes };
    }
  }

  /** A new passing name for an object. */
  partPath(sopInstanceUid: string): string {
    return `${INCOMING}/${hashed(sopInstanceUid)}-${this.#parts++}.part`;
  }

  createPart(sopInstanceUid: string): PartFile {
    return new PartFile(this.disk, this.partPath(sopInstanceUid), false);
  }

  /** A file that another thread wrote under a name of {@link partPath}. @throws DiskError */
  openPart(path: string): PartFile {
    return new PartFile(this.disk, path, true);
  }

  pathOnDisk(objectPath: string): string {
    return `${OBJECTS}/${objectPath}`;
  }

  /** Removes objects' files durably, and folders that are empty then. @throws DiskError */
  remove(objectPaths: readonly string[]): void {
    const paths = objectPaths.map((path) => this.pathOnDisk(path));
    for (const path of paths) this.disk.remove(path);
    for (const folder of new Set(paths.map(folderOf))) {
      this.disk.syncFolder(folder);
      this.disk.removeEmptyFolder(folder);
    }
  }
}
