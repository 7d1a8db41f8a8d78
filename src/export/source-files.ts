// The device's own object files, as the writer of a file-set reads them.

export interface SourceFile {
  readonly byteLength: number;
  /** Fills `into` from byte `at` on. @throws SourceError when the file is shorter or cannot be read */
  read(into: Uint8Array, at: number): void;
  close(): void;
}

/** @throws SourceError */
export type OpenSource = (path: string) => SourceFile;

/** One of our own files cannot be read or exported; the message says which and why. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}
