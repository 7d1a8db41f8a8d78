// Offset subtraction and gain in one pass: out = (raw − offset) · gain, gain in 1.15 fixed point
// (32768 = 1), subtraction stops at 0 and the product at 65535. AssemblyScript; pointers are byte
// addresses in the shared memory, counts are pixels.

/**
 * For panels of up to 15 bits; raw values above 32767 count as 32767. A factor g is 1 + d/32768 with
 * a signed d, so one rounding high multiply of d suffices: half the work of the 32-bit product.
 */
export function correct15(raw: usize, offset: usize, gain: usize, out: usize, count: i32): void {
  const top = i16x8.splat(32767);
  const one = i16x8.splat(-32768);
  const vectors = count & ~15;
  const end = raw + ((<usize>vectors) << 1);
  while (raw < end) {
    const a = i16x8.sub_sat_u(i16x8.min_u(v128.load(raw), top), v128.load(offset));
    const b = i16x8.sub_sat_u(i16x8.min_u(v128.load(raw, 16), top), v128.load(offset, 16));
    const f = v128.xor(v128.load(gain), one);
    const g = v128.xor(v128.load(gain, 16), one);
    v128.store(out, i16x8.add(a, i16x8.q15mulr_sat_s(a, f)));
    v128.store(out, i16x8.add(b, i16x8.q15mulr_sat_s(b, g)), 16);
    raw += 32;
    offset += 32;
    gain += 32;
    out += 32;
  }
  for (let i = vectors; i < count; i++) {
    const value = min<i32>(load<u16>(raw), 32767) - <i32>load<u16>(offset);
    const product = (<u32>max<i32>(value, 0) * <u32>load<u16>(gain) + 16384) >> 15;
    store<u16>(out, <u16>product);
    raw += 2;
    offset += 2;
    gain += 2;
    out += 2;
  }
}

/** For panels of 16 bits. */
export function correct16(raw: usize, offset: usize, gain: usize, out: usize, count: i32): void {
  const half = i32x4.splat(16384);
  const vectors = count & ~7;
  const end = raw + ((<usize>vectors) << 1);
  while (raw < end) {
    const value = i16x8.sub_sat_u(v128.load(raw), v128.load(offset));
    const factor = v128.load(gain);
    const low = i32x4.shr_u(i32x4.add(i32x4.extmul_low_i16x8_u(value, factor), half), 15);
    const high = i32x4.shr_u(i32x4.add(i32x4.extmul_high_i16x8_u(value, factor), half), 15);
    v128.store(out, i16x8.narrow_i32x4_u(low, high));
    raw += 16;
    offset += 16;
    gain += 16;
    out += 16;
  }
  for (let i = vectors; i < count; i++) {
    const value = max<i32>(<i32>load<u16>(raw) - <i32>load<u16>(offset), 0);
    const product = (<u32>value * <u32>load<u16>(gain) + 16384) >> 15;
    store<u16>(out, <u16>min<u32>(product, 65535));
    raw += 2;
    offset += 2;
    gain += 2;
    out += 2;
  }
}
