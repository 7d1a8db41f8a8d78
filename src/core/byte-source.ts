// Bytes that are somewhere (shared memory, a range of a file) and are read piece by piece: pixel
// data travels as one of these and is never copied through the encoder.

export interface ByteSource {
  readonly byteLength: number;
  /**
   * Fills `into` completely with the bytes from `offset` on. `into` may be several views that lie
   * apart (gaps are left for PDU headers), filled in order.
   * @throws Error when the range cannot be read in full.
   */
  readInto(into: readonly Uint8Array[], offset: number): Promise<void>;
  /** The bytes themselves where they already are in memory, so that no copy is needed. */
  readonly bytes?: Uint8Array | undefined;
  /** Releases what the source holds open; safe to call twice. */
  close(): Promise<void>;
}

/** A source over bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    byteLength: bytes.byteLength,
    bytes,
    async readInto(into, offset) {
      let at = offset;
      for (const view of into) {
        if (at + view.byteLength > bytes.byteLength) throw new RangeError("read beyond the source");
        view.set(bytes.subarray(at, at + view.byteLength));
        at += view.byteLength;
      }
    },
    async close() {},
  };
}
