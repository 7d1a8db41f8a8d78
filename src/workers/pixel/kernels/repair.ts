// Defect correction from a precomputed list: every record names a defective pixel, four good ones
// and their weights. Good pixels are never written, so bands may be repaired side by side.
// Record: 8 × u32 = pixel, four neighbours, weights 0 | 1 << 16, weights 2 | 3 << 16, unused.
// Weights are 1.15 fixed point and add up to 32768.

export function repair(pixels: usize, records: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const first = load<u32>(records, 20);
    const second = load<u32>(records, 24);
    const sum =
      <u32>load<u16>(pixels + ((<usize>load<u32>(records, 4)) << 1)) * (first & 0xffff) +
      <u32>load<u16>(pixels + ((<usize>load<u32>(records, 8)) << 1)) * (first >> 16) +
      <u32>load<u16>(pixels + ((<usize>load<u32>(records, 12)) << 1)) * (second & 0xffff) +
      <u32>load<u16>(pixels + ((<usize>load<u32>(records, 16)) << 1)) * (second >> 16);
    store<u16>(pixels + ((<usize>load<u32>(records)) << 1), <u16>((sum + 16384) >> 15));
    records += 32;
  }
}
