// Noise reduction in time for runs: out = x − h, where h, what is kept of the past, is a part of the
// difference e = x − previous. Where the mean of e over 3 × 3 pixels is more than the noise explains,
// something moves: the past may then shift a pixel less and less, and at twice the noise not at all, so
// that nothing leaves a trail. Integers throughout; out and previous are different areas.

import { noiseLevel } from "./noise-level";

/** Nine differences of this size still fit a signed word. */
const DIFFERENCE_MAX: i16 = 3640;
/** 4/9 in 1.15 fixed point: from a sum of nine to four times its mean. */
const FOUR_NINTHS: i16 = 14564;
/** Before and behind a row of sums, so that its ends have neighbours. */
const PAD: usize = 16;

/** Differences of eight pixels, held to ±DIFFERENCE_MAX. */
function difference(source: usize, previous: usize): v128 {
  const bias = i16x8.splat(-32768);
  const x = v128.xor(v128.load(source), bias);
  const y = v128.xor(v128.load(previous), bias);
  const e = i16x8.sub_sat_s(x, y);
  return i16x8.max_s(i16x8.min_s(e, i16x8.splat(DIFFERENCE_MAX)), i16x8.splat(-DIFFERENCE_MAX));
}

/** Differences of a row. */
function differences(source: usize, previous: usize, out: usize, last: usize): void {
  for (let at: usize = 0; ; at += 16) {
    // The last vector overlaps the one before it where the row is no multiple of eight.
    if (at > last) at = last;
    v128.store(out + at, difference(source + at, previous + at));
    if (at == last) break;
  }
}

/**
 * Rows `rowFrom` to `rowTo` of a frame of `rows` rows, of at least 8 columns each. `keep` is the part of
 * the past that is kept where nothing moves, 1.15 fixed point. `lines` give four times the noise of a
 * single frame; `scratch` is room for four rows and 128 bytes.
 */
export function recursive(
  source: usize,
  previous: usize,
  out: usize,
  columns: i32,
  rows: i32,
  rowFrom: i32,
  rowTo: i32,
  keep: i32,
  lines: usize,
  scratch: usize,
): void {
  const rowBytes = (<usize>columns) << 1;
  const stride = rowBytes + 2 * PAD;
  const keeps = i16x8.splat(<i16>keep);
  const fourNinths = i16x8.splat(FOUR_NINTHS);
  const bias = i16x8.splat(-32768);
  const zero = i16x8.splat(0);
  const last = (<usize>(columns - 8)) << 1;
  const sums = scratch + PAD;
  let above = sums + stride;
  let own = above + stride;
  let below = own + stride;
  const before = <usize>max(rowFrom - 1, 0) * rowBytes;
  const first = <usize>rowFrom * rowBytes;
  differences(source + before, previous + before, above, last);
  differences(source + first, previous + first, own, last);
  for (let y = rowFrom; y < rowTo; y++) {
    const next = <usize>min(y + 1, rows - 1) * rowBytes;
    // Sums of three rows; both ends are repeated so that they have neighbours.
    for (let at: usize = 0; ; at += 16) {
      if (at > last) at = last;
      const e = difference(source + next + at, previous + next + at);
      v128.store(below + at, e);
      v128.store(sums + at, i16x8.add(i16x8.add(v128.load(above + at), v128.load(own + at)), e));
      if (at == last) break;
    }
    store<i16>(sums - 2, load<i16>(sums));
    store<i16>(sums + rowBytes, load<i16>(sums + rowBytes - 2));
    const row = <usize>y * rowBytes;
    for (let at: usize = 0; ; at += 16) {
      if (at > last) at = last;
      const p = sums + at - PAD;
      const moved = i16x8.abs(
        i16x8.add(i16x8.add(v128.load(p, 14), v128.load(p, 16)), v128.load(p, 18)),
      );
      const x = v128.load(source + row + at);
      const past = v128.load(previous + row + at);
      const noise = noiseLevel(past, lines);
      // The noise itself in a sum of nine: 9/4 of four times the noise.
      const still = i16x8.add_sat_s(i16x8.add_sat_s(noise, noise), i16x8.shr_s(noise, 2));
      const excess = i16x8.max_s(i16x8.sub_sat_s(moved, still), zero);
      const bound = i16x8.max_s(
        i16x8.sub_sat_s(noise, i16x8.q15mulr_sat_s(excess, fourNinths)),
        zero,
      );
      const e = i16x8.sub_sat_s(v128.xor(x, bias), v128.xor(past, bias));
      const kept = i16x8.q15mulr_sat_s(e, keeps);
      const held = i16x8.max_s(i16x8.min_s(kept, bound), i16x8.neg(bound));
      v128.store(out + row + at, i16x8.sub(x, held));
      if (at == last) break;
    }
    const spare = above;
    above = own;
    own = below;
    below = spare;
  }
}
