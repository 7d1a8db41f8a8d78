// The file system as the store sees it: the few calls that matter for durability, each of which a
// test can make fail. Paths are relative to the store's folder, with "/" between parts.

export interface DiskFile {
  /** Writes all views one after the other from byte `at` of the file on. @throws DiskError */
  write(views: readonly Uint8Array[], at: number): void;
  /** Cuts the file off after so many bytes. @throws DiskError */
  truncate(byteLength: number): void;
  /** Starts moving what was written to the medium without waiting; a failure shows at `sync`. */
  startSync(): void;
  /** Returns when everything written is on the medium. After a failure the file is lost. @throws DiskError */
  sync(): Promise<void>;
  /** Safe to call twice. */
  close(): void;
}

export interface DiskPort {
  /** Makes a new file; one that is there already is an error. @throws DiskError */
  create(path: string): DiskFile;
  /** Opens a file that is there, to sync what others wrote into it. @throws DiskError */
  open(path: string): DiskFile;
  /** Moves a file, over another of that name if there is one. @throws DiskError */
  rename(from: string, to: string): void;
  /** Makes the names within a folder durable; fine when it is not there. @throws DiskError */
  syncFolder(path: string): void;
  /** Makes a folder and those above it, durably; fine when it is there. @throws DiskError */
  makeFolder(path: string): void;
  /** Removes a file; fine when it is not there. @throws DiskError */
  remove(path: string): void;
  /** Removes a folder when it is empty. */
  removeEmptyFolder(path: string): void;
  /** Names in a folder; none when the folder is not there. @throws DiskError */
  list(path: string): readonly { readonly name: string; readonly folder: boolean }[];
  /** Length of a file in bytes, null when it is not there. @throws DiskError */
  size(path: string): number | null;
  /** Fills `into` from byte `at` of a file. @throws DiskError when the file is shorter */
  read(path: string, into: Uint8Array, at: number): void;
  freeBytes(): number;
}

/** A failed call; `full` tells that space or quota ran out. */
export class DiskError extends Error {
  override readonly name = "DiskError";
  readonly full: boolean;
  constructor(message: string, full: boolean, cause?: unknown) {
    super(message, { cause });
    this.full = full;
  }
}
