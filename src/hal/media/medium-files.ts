// The file system of a medium as an export needs it: few calls, each of which a test can make fail.
// Paths are relative to the medium's root, with "/" between parts. Calls wait for the medium, so they
// belong into a thread of their own.

export interface MediumFile {
  /** Writes all views one after the other from byte `at` on. @throws MediumError */
  write(views: readonly Uint8Array[], at: number): void;
  /** Resolves when everything written is on the medium. @throws MediumError */
  sync(): Promise<void>;
  /** Safe to call twice. */
  close(): void;
}

export interface MediumFiles {
  /** Makes a new file; one that is there already is an error. @throws MediumError */
  create(path: string): MediumFile;
  /** Moves a file, over another of that name if there is one. @throws MediumError */
  rename(from: string, to: string): void;
  /** Makes the names within a folder durable. @throws MediumError */
  syncFolder(path: string): void;
  /** Makes a folder and those above it; fine when it is there. @throws MediumError */
  makeFolder(path: string): void;
  /** Removes a file; fine when it is not there. @throws MediumError */
  remove(path: string): void;
  /** Removes a folder when it is empty. @throws MediumError */
  removeEmptyFolder(path: string): void;
  /** Names in a folder; none when the folder is not there. @throws MediumError */
  list(path: string): readonly { readonly name: string; readonly folder: boolean }[];
  /** Length of a file in bytes, null when it is not there. @throws MediumError */
  size(path: string): number | null;
  /** Fills `into` from byte `at` of a file. @throws MediumError when the file is shorter */
  read(path: string, into: Uint8Array, at: number): void;
  /** Drops what memory keeps of a synced file, so that the next read comes from the medium. */
  forget(path: string): void;
  /** @throws MediumError */
  freeBytes(): number;
}

/** full: no space; read-only: write protection; gone: pulled out; broken: the medium fails. */
export type MediumFault = "full" | "read-only" | "gone" | "broken";

/** A failed call on a medium. */
export class MediumError extends Error {
  override readonly name = "MediumError";
  readonly fault: MediumFault;

  constructor(message: string, fault: MediumFault, cause?: unknown) {
    super(message, { cause });
    this.fault = fault;
  }
}
