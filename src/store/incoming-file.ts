// A file that arrives from the network: written under its passing name by whoever receives it, off
// the main thread's time, and made durable afterwards by the store (commitIncoming).

import { type FileHandle, open, rm } from "node:fs/promises";
import { StoreError } from "./store-error.ts";

export interface IncomingFile {
  /** Bytes written so far. */
  readonly byteLength: number;
  /** Appends; the bytes may be used again once it resolves. @throws StoreError */
  append(bytes: Uint8Array): Promise<void>;
  /** The same for several pieces at once, fewer than 1024 of them. @throws StoreError */
  appendAll(pieces: readonly Uint8Array[]): Promise<void>;
  /** Reads back, for the header. @throws StoreError */
  readInto(into: readonly Uint8Array[], offset: number): Promise<void>;
  /** Ends writing; the store takes over. */
  close(): Promise<void>;
  /** Ends writing and removes the file. */
  abandon(): Promise<void>;
}

/** Opens a file below the store's folder that nobody has opened before. @throws StoreError */
export async function openIncoming(path: string): Promise<IncomingFile> {
  const handle = await failing(path, () => open(path, "wx+", 0o600));
  return new DiskIncomingFile(handle, path);
}

class DiskIncomingFile implements IncomingFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  #bytes = 0;
  #open = true;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.byteLength) {
      const rest = bytes.byteLength - done;
      const { bytesWritten } = await failing(this.#path, () =>
        this.#handle.write(bytes, done, rest, this.#bytes),
      );
      done += bytesWritten;
      this.#bytes += bytesWritten;
    }
  }

  async appendAll(pieces: readonly Uint8Array[]): Promise<void> {
    const wanted = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const { bytesWritten } = await failing(this.#path, () =>
      this.#handle.writev([...pieces], this.#bytes),
    );
    this.#bytes += bytesWritten;
    if (bytesWritten === wanted) return;
    // Cut short, by a signal or the end of space: piece by piece, which tells which.
    let skip = bytesWritten;
    for (const piece of pieces) {
      const done = Math.min(skip, piece.byteLength);
      skip -= done;
      if (done < piece.byteLength) await this.append(piece.subarray(done));
    }
  }

  async readInto(into: readonly Uint8Array[], offset: number): Promise<void> {
    let at = offset;
    for (const view of into) {
      const { bytesRead } = await failing(this.#path, () =>
        this.#handle.read(view, 0, view.byteLength, at),
      );
      if (bytesRead !== view.byteLength)
        throw new StoreError(`${this.#path} ends before byte ${at + view.byteLength}`);
      at += bytesRead;
    }
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await failing(this.#path, () => this.#handle.close());
  }

  async abandon(): Promise<void> {
    await this.close();
    await rm(this.#path, { force: true });
  }
}

async function failing<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError(`${path} cannot be written: ${text}`, { cause });
  }
}
