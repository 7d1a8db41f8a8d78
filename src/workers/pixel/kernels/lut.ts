// A 16-bit value through a table of 65536 entries of 16 bits: the characteristic curve. Four pixels
// per load and store; the look-ups themselves cannot be vectors.

/** `source` and `out` may be the same. */
export function lut16(source: usize, out: usize, count: i32, table: usize): void {
  const fours = count & ~3;
  const end = source + ((<usize>fours) << 1);
  while (source < end) {
    const v = load<u64>(source);
    const a = <u64>load<u16>(table + ((<usize>(v & 0xffff)) << 1));
    const b = <u64>load<u16>(table + <usize>((v >> 15) & 0x1fffe));
    const c = <u64>load<u16>(table + <usize>((v >> 31) & 0x1fffe));
    const d = <u64>load<u16>(table + ((<usize>(v >> 48)) << 1));
    store<u64>(out, a | (b << 16) | (c << 32) | (d << 48));
    source += 8;
    out += 8;
  }
  for (let i = fours; i < count; i++) {
    store<u16>(out, load<u16>(table + ((<usize>load<u16>(source)) << 1)));
    source += 2;
    out += 2;
  }
}
