// Sum, sum of squares, least and greatest value of a rectangle, written as four f64 to `out`.
// Integer throughout: the sums of a frame of 65536 × 65536 full-scale pixels would still fit.

/** `stride` is the distance of two rows in pixels; columns up to 65536. */
export function statistics(source: usize, stride: i32, columns: i32, rows: i32, out: usize): void {
  let sum: u64 = 0;
  let squares: u64 = 0;
  let least: u32 = 65535;
  let greatest: u32 = 0;
  let lows = i16x8.splat(-1);
  let highs = i16x8.splat(0);
  for (let y = 0; y < rows; y++) {
    let at = source + ((<usize>(y * stride)) << 1);
    const end = at + ((<usize>(columns & ~7)) << 1);
    let sums = i32x4.splat(0);
    let even = i64x2.splat(0);
    let odd = i64x2.splat(0);
    while (at < end) {
      const v = v128.load(at);
      lows = i16x8.min_u(lows, v);
      highs = i16x8.max_u(highs, v);
      sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(v));
      const low = i32x4.extmul_low_i16x8_u(v, v);
      const high = i32x4.extmul_high_i16x8_u(v, v);
      even = i64x2.add(even, i64x2.extend_low_i32x4_u(low));
      odd = i64x2.add(odd, i64x2.extend_high_i32x4_u(low));
      even = i64x2.add(even, i64x2.extend_low_i32x4_u(high));
      odd = i64x2.add(odd, i64x2.extend_high_i32x4_u(high));
      at += 16;
    }
    sum += <u64>(<u32>i32x4.extract_lane(sums, 0));
    sum += <u64>(<u32>i32x4.extract_lane(sums, 1));
    sum += <u64>(<u32>i32x4.extract_lane(sums, 2));
    sum += <u64>(<u32>i32x4.extract_lane(sums, 3));
    even = i64x2.add(even, odd);
    squares += <u64>i64x2.extract_lane(even, 0) + <u64>i64x2.extract_lane(even, 1);
    for (let x = columns & ~7; x < columns; x++) {
      const value = <u32>load<u16>(at);
      least = min(least, value);
      greatest = max(greatest, value);
      sum += value;
      squares += <u64>value * <u64>value;
      at += 2;
    }
  }
  if (columns >= 8) {
    lows = i16x8.min_u(lows, i64x2.shuffle(lows, lows, 1, 0));
    lows = i16x8.min_u(lows, i32x4.shuffle(lows, lows, 1, 0, 3, 2));
    lows = i16x8.min_u(lows, i16x8.shuffle(lows, lows, 1, 0, 3, 2, 5, 4, 7, 6));
    highs = i16x8.max_u(highs, i64x2.shuffle(highs, highs, 1, 0));
    highs = i16x8.max_u(highs, i32x4.shuffle(highs, highs, 1, 0, 3, 2));
    highs = i16x8.max_u(highs, i16x8.shuffle(highs, highs, 1, 0, 3, 2, 5, 4, 7, 6));
    least = min(least, <u32>i16x8.extract_lane_u(lows, 0));
    greatest = max(greatest, <u32>i16x8.extract_lane_u(highs, 0));
  }
  store<f64>(out, <f64>sum);
  store<f64>(out, <f64>squares, 8);
  store<f64>(out, <f64>least, 16);
  store<f64>(out, <f64>greatest, 24);
}
