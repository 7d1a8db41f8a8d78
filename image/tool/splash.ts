// The picture the boot loader's stub shows until the screen has its own: a ring on the page's ground.
// Drawn here, not kept as a file; a bitmap because the stub reads nothing else.

const SIZE = 256;
const GROUND = [0x10, 0x14, 0x18] as const;
const RING = [0x6f, 0xb1, 0xe0] as const;
const RADIUS = 72;
const HALF_WIDTH = 7;
const HEADER_BYTES = 54;

/** A 24-bit bitmap. */
export function splashBitmap(): Uint8Array {
  const row = SIZE * 3;
  const bitmap = Buffer.alloc(HEADER_BYTES + row * SIZE);
  bitmap.write("BM", 0, "latin1");
  bitmap.writeUInt32LE(bitmap.length, 2);
  bitmap.writeUInt32LE(HEADER_BYTES, 10);
  bitmap.writeUInt32LE(40, 14);
  bitmap.writeInt32LE(SIZE, 18);
  bitmap.writeInt32LE(SIZE, 22);
  bitmap.writeUInt16LE(1, 26);
  bitmap.writeUInt16LE(24, 28);
  bitmap.writeUInt32LE(row * SIZE, 34);
  for (let y = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++) {
      const distance = Math.hypot(x + 0.5 - SIZE / 2, y + 0.5 - SIZE / 2);
      // One pixel of transition at the ring's edges.
      const ink = Math.min(1, Math.max(0, HALF_WIDTH + 0.5 - Math.abs(distance - RADIUS)));
      for (const [i, channel] of [2, 1, 0].entries()) {
        const [from = 0, to = 0] = [GROUND[channel], RING[channel]];
        bitmap[HEADER_BYTES + y * row + x * 3 + i] = Math.round(from + (to - from) * ink);
      }
    }
  return bitmap;
}
