// A sink that gathers the small pieces of the network into few large writes, one of which is under way
// while the next is gathered: reading from the peer and writing to disk overlap. Nothing is copied:
// pieces are views that nobody writes into again.

import type { InstanceSink } from "./serve-storage.ts";

/** Bytes gathered before they are written. */
export const WRITE_BYTES = 1024 * 1024;
/** Pieces gathered before they are written; below what one gathered write takes (IOV_MAX, 1024). */
export const WRITE_PIECES_MAX = 512;

/** Where the gathered pieces go. */
export interface GatheredSink extends Pick<InstanceSink, "commit" | "discard"> {
  /** Writes the pieces one after the other; called again only once it has resolved. */
  writeAll(pieces: readonly Uint8Array[]): Promise<void>;
  /** In place of `writeAll` and `commit` for an instance that was gathered as a whole. */
  readonly commitWhole?:
    | ((
        pieces: readonly Uint8Array[],
        ...facts: Parameters<InstanceSink["commit"]>
      ) => Promise<void>)
    | undefined;
}

export function writeBehind(target: GatheredSink, writeBytes = WRITE_BYTES): InstanceSink {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  let underWay: Promise<void> | null = null;
  let begun = false;

  const isFull = () => bytes >= writeBytes || pieces.length >= WRITE_PIECES_MAX;

  /** Starts the write of what was gathered; the one before must be through. */
  const flush = (): Promise<void> => {
    begun = true;
    const gathered = pieces;
    pieces = [];
    bytes = 0;
    const writing = target.writeAll(gathered).then(() => {
      underWay = null;
    });
    underWay = writing;
    writing.catch(() => {}); // seen by whoever writes or commits next
    return writing;
  };

  return {
    write(piece) {
      pieces.push(piece);
      bytes += piece.byteLength;
      if (!isFull()) return undefined;
      if (underWay !== null)
        return underWay.then(() => {
          void flush();
        });
      void flush();
      return undefined;
    },
    async commit(header, pixels) {
      if (!begun && target.commitWhole !== undefined)
        return await target.commitWhole(pieces, header, pixels);
      if (underWay !== null) await underWay;
      if (pieces.length > 0) await flush();
      await target.commit(header, pixels);
    },
    async discard() {
      pieces = [];
      await underWay?.catch(() => {});
      await target.discard();
    },
  };
}
