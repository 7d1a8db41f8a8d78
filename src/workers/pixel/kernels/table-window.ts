// A 16-bit value through a table of 65536 levels of 8 bits: any window, whatever its shape.

export function lut8(source: usize, out: usize, count: i32, table: usize): void {
  const fours = count & ~3;
  const end = source + ((<usize>fours) << 1);
  while (source < end) {
    const v = load<u64>(source);
    const a = <u32>load<u8>(table + <usize>(v & 0xffff));
    const b = <u32>load<u8>(table + <usize>((v >> 16) & 0xffff));
    const c = <u32>load<u8>(table + <usize>((v >> 32) & 0xffff));
    const d = <u32>load<u8>(table + <usize>(v >> 48));
    store<u32>(out, a | (b << 8) | (c << 16) | (d << 24));
    source += 8;
    out += 4;
  }
  for (let i = fours; i < count; i++) {
    store<u8>(out, load<u8>(table + <usize>load<u16>(source)));
    source += 2;
    out += 1;
  }
}
