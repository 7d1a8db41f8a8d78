// Window to 8 bits, PS3.3 C.11.2.1.2.1, in integers: level = (t · slope + start) >> shift with t =
// min(x − base, span), held to 0 … 255. The numbers are computed (and proved exact for the window at
// hand) by window.ts of the folder above.

/** Gentle slopes stay within 0 … 255 by themselves: 24 fraction bits fill an unsigned word. */
function four<T>(t: v128, slope: v128, start: v128): v128 {
  const sum = i32x4.add(i32x4.mul(t, slope), start);
  return isSigned<T>() ? i32x4.shr_s(sum, 22) : i32x4.shr_u(sum, 24);
}

function one<T>(t: i32, slope: i32, start: i32): i32 {
  const sum = t * slope + start;
  return isSigned<T>() ? min<i32>(max<i32>(sum >> 22, 0), 255) : <i32>(<u32>sum >> 24);
}

function run<T>(
  source: usize,
  out: usize,
  count: i32,
  base: i32,
  span: i32,
  slope: i32,
  start: i32,
): void {
  const bases = i16x8.splat(<i16>base);
  const spans = i16x8.splat(<i16>span);
  const slopes = i32x4.splat(slope);
  const starts = i32x4.splat(start);
  const vectors = count & ~15;
  const end = source + ((<usize>vectors) << 1);
  while (source < end) {
    const a = i16x8.min_u(i16x8.sub_sat_u(v128.load(source), bases), spans);
    const b = i16x8.min_u(i16x8.sub_sat_u(v128.load(source, 16), bases), spans);
    const low = i16x8.narrow_i32x4_s(
      four<T>(i32x4.extend_low_i16x8_u(a), slopes, starts),
      four<T>(i32x4.extend_high_i16x8_u(a), slopes, starts),
    );
    const high = i16x8.narrow_i32x4_s(
      four<T>(i32x4.extend_low_i16x8_u(b), slopes, starts),
      four<T>(i32x4.extend_high_i16x8_u(b), slopes, starts),
    );
    v128.store(out, i8x16.narrow_i16x8_u(low, high));
    source += 32;
    out += 16;
  }
  for (let i = vectors; i < count; i++) {
    const t = min<i32>(max<i32>(<i32>load<u16>(source) - base, 0), span);
    store<u8>(out, <u8>one<T>(t, slope, start));
    source += 2;
    out += 1;
  }
}

/** One 32-bit product a pixel, 24 fraction bits: windows up to some ten thousand grey levels. */
export function window8(
  source: usize,
  out: usize,
  count: i32,
  base: i32,
  span: i32,
  slope: i32,
  start: i32,
): void {
  run<u32>(source, out, count, base, span, slope, start);
}

/** The same signed, with 22 fraction bits: windows of few levels, which overshoot at both ends. */
export function window8Steep(
  source: usize,
  out: usize,
  count: i32,
  base: i32,
  span: i32,
  slope: i32,
  start: i32,
): void {
  run<i32>(source, out, count, base, span, slope, start);
}

function fourFine(t: v128, slope: v128, fine: v128, start: v128): v128 {
  const more = i32x4.shr_u(i32x4.mul(t, fine), 16);
  return i32x4.shr_s(i32x4.add(i32x4.add(i32x4.mul(t, slope), more), start), 22);
}

/** Signed, 22 fraction bits, and a slope of 16 more (`fine`): exact for every wide window. */
export function window8Fine(
  source: usize,
  out: usize,
  count: i32,
  base: i32,
  span: i32,
  slope: i32,
  fine: i32,
  start: i32,
): void {
  const bases = i16x8.splat(<i16>base);
  const spans = i16x8.splat(<i16>span);
  const slopes = i32x4.splat(slope);
  const fines = i32x4.splat(fine);
  const starts = i32x4.splat(start);
  const vectors = count & ~15;
  const end = source + ((<usize>vectors) << 1);
  while (source < end) {
    const a = i16x8.min_u(i16x8.sub_sat_u(v128.load(source), bases), spans);
    const b = i16x8.min_u(i16x8.sub_sat_u(v128.load(source, 16), bases), spans);
    const low = i16x8.narrow_i32x4_s(
      fourFine(i32x4.extend_low_i16x8_u(a), slopes, fines, starts),
      fourFine(i32x4.extend_high_i16x8_u(a), slopes, fines, starts),
    );
    const high = i16x8.narrow_i32x4_s(
      fourFine(i32x4.extend_low_i16x8_u(b), slopes, fines, starts),
      fourFine(i32x4.extend_high_i16x8_u(b), slopes, fines, starts),
    );
    v128.store(out, i8x16.narrow_i16x8_u(low, high));
    source += 32;
    out += 16;
  }
  for (let i = vectors; i < count; i++) {
    const t = min<i32>(max<i32>(<i32>load<u16>(source) - base, 0), span);
    const more = <i32>((<u32>t * <u32>fine) >> 16);
    store<u8>(out, <u8>min<i32>(max<i32>((t * slope + more + start) >> 22, 0), 255));
    source += 2;
    out += 1;
  }
}
