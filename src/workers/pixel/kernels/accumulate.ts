// Adds a frame to the sums a calibration is made of. The noise is taken from the differences of frames that
// follow each other, so that slow drift is none of it: variance = Σ d² / 2(n − 1).

/** A difference counts as no more than this, so that 128 squares of it fit into 32 bits. */
const DIFFERENCE_MAX: i32 = 4095;

/**
 * sums += source, squares += (source − previous)², previous = source. The first frame sets sums and previous
 * and clears squares. Up to 128 frames; pointers are byte addresses, `count` is pixels.
 */
export function accumulate(
  source: usize,
  previous: usize,
  sums: usize,
  squares: usize,
  count: i32,
  first: bool,
): void {
  const most = i16x8.splat(<i16>DIFFERENCE_MAX);
  const zero = i32x4.splat(0);
  const vectors = count & ~7;
  const end = source + ((<usize>vectors) << 1);
  while (source < end) {
    const value = v128.load(source);
    let low = i32x4.extend_low_i16x8_u(value);
    let high = i32x4.extend_high_i16x8_u(value);
    let lowSquares = zero;
    let highSquares = zero;
    if (!first) {
      const before = v128.load(previous);
      const apart = v128.or(i16x8.sub_sat_u(value, before), i16x8.sub_sat_u(before, value));
      const difference = i16x8.min_u(apart, most);
      low = i32x4.add(low, v128.load(sums));
      high = i32x4.add(high, v128.load(sums, 16));
      lowSquares = i32x4.add(v128.load(squares), i32x4.extmul_low_i16x8_u(difference, difference));
      highSquares = i32x4.add(
        v128.load(squares, 16),
        i32x4.extmul_high_i16x8_u(difference, difference),
      );
    }
    v128.store(sums, low);
    v128.store(sums, high, 16);
    v128.store(squares, lowSquares);
    v128.store(squares, highSquares, 16);
    v128.store(previous, value);
    source += 16;
    previous += 16;
    sums += 32;
    squares += 32;
  }
  for (let i = vectors; i < count; i++) {
    const value = <i32>load<u16>(source);
    if (first) {
      store<u32>(sums, <u32>value);
      store<u32>(squares, 0);
    } else {
      const difference = min<i32>(abs<i32>(value - <i32>load<u16>(previous)), DIFFERENCE_MAX);
      store<u32>(sums, load<u32>(sums) + <u32>value);
      store<u32>(squares, load<u32>(squares) + <u32>(difference * difference));
    }
    store<u16>(previous, <u16>value);
    source += 2;
    previous += 2;
    sums += 4;
    squares += 4;
  }
}
