// Noise reduction in time for runs: out = x − h, where h, what is kept of the past, is a part of the
// difference e = x − previous. Where the mean of e over 3 × 3 pixels is more than the noise explains,
// something moves: the past may then shift a pixel less and less, and at twice the noise not at all, so
// that nothing leaves a trail. Integers throughout; out and previous are different areas.

import { noiseLevel } from "./noise-level";

/** Nine differences of this size still fit a signed word. */
const DIFFERENCE_MAX: i16 = 3640;
/** 4/9 in 1.15 fixed point: from a sum of nine to four times its mean. */
const FOUR_NINTHS: i16 = 14564;
/** Before and behind a row of differences, so that its ends have neighbours. */
const PAD: usize = 16;

/** Differences of a row, held to ±DIFFERENCE_MAX, with both ends repeated. */
function differences(source: usize, previous: usize, out: usize, columns: i32): void {
  const bias = i16x8.splat(-32768);
  const most = i16x8.splat(DIFFERENCE_MAX);
  const least = i16x8.splat(-DIFFERENCE_MAX);
  const last = (<usize>(columns - 8)) << 1;
  for (let at: usize = 0; ; at += 16) {
    // The last vector overlaps the one before it where the row is no multiple of eight.
    if (at > last) at = last;
    const x = v128.xor(v128.load(source + at), bias);
    const y = v128.xor(v128.load(previous + at), bias);
    const e = i16x8.sub_sat_s(x, y);
    v128.store(out + at, i16x8.max_s(i16x8.min_s(e, most), least));
    if (at == last) break;
  }
  store<i16>(out - 2, load<i16>(out));
  store<i16>(out + ((<usize>columns) << 1), load<i16>(out + ((<usize>columns - 1) << 1)));
}

/**
 * Rows `rowFrom` to `rowTo` of a frame of `rows` rows, of at least 8 columns each. `keep` is the part of
 * the past that is kept where nothing moves, 1.15 fixed point. `lines` give four times the noise of a
 * single frame; `scratch` is room for three rows and 96 bytes.
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
  const bias = i16x8.splat(-32768);
  const keeps = i16x8.splat(<i16>keep);
  const fourNinths = i16x8.splat(FOUR_NINTHS);
  const last = (<usize>(columns - 8)) << 1;
  let above = scratch + PAD;
  let own = above + stride;
  let below = own + stride;
  const before = <usize>max(rowFrom - 1, 0) * rowBytes;
  differences(source + before, previous + before, above, columns);
  differences(
    source + <usize>rowFrom * rowBytes,
    previous + <usize>rowFrom * rowBytes,
    own,
    columns,
  );
  for (let y = rowFrom; y < rowTo; y++) {
    const next = <usize>min(y + 1, rows - 1) * rowBytes;
    differences(source + next, previous + next, below, columns);
    const row = <usize>y * rowBytes;
    for (let at: usize = 0; ; at += 16) {
      if (at > last) at = last;
      const p = above + at - PAD;
      const q = own + at - PAD;
      const r = below + at - PAD;
      const left = i16x8.add(i16x8.add(v128.load(p, 14), v128.load(q, 14)), v128.load(r, 14));
      const middle = i16x8.add(i16x8.add(v128.load(p, 16), v128.load(q, 16)), v128.load(r, 16));
      const right = i16x8.add(i16x8.add(v128.load(p, 18), v128.load(q, 18)), v128.load(r, 18));
      const moved = i16x8.abs(i16x8.add(i16x8.add(left, middle), right));
      const x = v128.load(source + row + at);
      const past = v128.load(previous + row + at);
      const noise = noiseLevel(past, lines);
      // The noise itself in a sum of nine: 9/4 of four times the noise.
      const still = i16x8.add_sat_s(i16x8.add_sat_s(noise, noise), i16x8.shr_s(noise, 2));
      const excess = i16x8.max_s(i16x8.sub_sat_s(moved, still), i16x8.splat(0));
      const bound = i16x8.max_s(
        i16x8.sub_sat_s(noise, i16x8.q15mulr_sat_s(excess, fourNinths)),
        i16x8.splat(0),
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
