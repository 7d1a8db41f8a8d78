// Large files go through memory piece by piece.

const PIECE_BYTES = 4 * 1024 * 1024;

/** Room for each piece of so many bytes, in order and with its place; the same memory again and again. */
export function* piecesOf(byteLength: number): Generator<{ piece: Uint8Array; at: number }> {
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, byteLength));
  for (let at = 0; at < byteLength; at += buffer.byteLength)
    yield { piece: buffer.subarray(0, Math.min(buffer.byteLength, byteLength - at)), at };
}
