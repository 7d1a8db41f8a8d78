// Edge enhancement for runs: out = x + gain · (d − noise), d = x − a 5 × 5 binomial mean of x, where d is
// more than the noise, and x alone where it is less. In linear counts, before the curve. Integers; source
// and out are different areas.

import { noiseLevel } from "./noise-level";

/** Before and behind a row of means, so that its ends have two neighbours. */
const PAD: usize = 16;

/** (a + 2b + c) / 4, rounded up at both halvings. */
function smooth(a: v128, b: v128, c: v128): v128 {
  return i16x8.avgr_u(i16x8.avgr_u(a, c), b);
}

function gained(d: v128, gain: v128): v128 {
  const half = i32x4.splat(2048);
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(i32x4.extmul_low_i16x8_s(d, gain), half), 12),
    i32x4.shr_s(i32x4.add(i32x4.extmul_high_i16x8_s(d, gain), half), 12),
  );
}

/**
 * Rows `rowFrom` to `rowTo` of a frame of `rows` rows, of at least 8 columns each. `gain` has 12 fraction
 * bits, 0 … 4. `lines` give the noise; `scratch` is room for a row and 32 bytes.
 */
export function edge(
  source: usize,
  out: usize,
  columns: i32,
  rows: i32,
  rowFrom: i32,
  rowTo: i32,
  gain: i32,
  lines: usize,
  scratch: usize,
): void {
  const rowBytes = (<usize>columns) << 1;
  const bias = i16x8.splat(-32768);
  const gains = i16x8.splat(<i16>gain);
  const last = (<usize>(columns - 8)) << 1;
  const mean = scratch + PAD;
  for (let y = rowFrom; y < rowTo; y++) {
    const a = source + <usize>max(y - 2, 0) * rowBytes;
    const b = source + <usize>max(y - 1, 0) * rowBytes;
    const c = source + <usize>y * rowBytes;
    const d = source + <usize>min(y + 1, rows - 1) * rowBytes;
    const e = source + <usize>min(y + 2, rows - 1) * rowBytes;
    for (let at: usize = 0; ; at += 16) {
      // The last vector overlaps the one before it where the row is no multiple of eight.
      if (at > last) at = last;
      const own = v128.load(c + at);
      const upper = v128.load(b + at);
      const lower = v128.load(d + at);
      v128.store(
        mean + at,
        smooth(
          smooth(v128.load(a + at), upper, own),
          smooth(upper, own, lower),
          smooth(own, lower, v128.load(e + at)),
        ),
      );
      if (at == last) break;
    }
    const first = load<u16>(mean);
    store<u32>(mean - 4, ((<u32>first) << 16) | first);
    const final = load<u16>(mean + rowBytes - 2);
    store<u32>(mean + rowBytes, ((<u32>final) << 16) | final);
    const to = out + <usize>y * rowBytes;
    for (let at: usize = 0; ; at += 16) {
      if (at > last) at = last;
      const p = mean + at - PAD;
      const left = v128.load(p, 14);
      const middle = v128.load(p, 16);
      const right = v128.load(p, 18);
      const blurred = smooth(
        smooth(v128.load(p, 12), left, middle),
        smooth(left, middle, right),
        smooth(middle, right, v128.load(p, 20)),
      );
      const x = v128.load(c + at);
      const biased = v128.xor(x, bias);
      const detail = i16x8.sub_sat_s(biased, v128.xor(blurred, bias));
      const noise = noiseLevel(blurred, lines);
      const within = i16x8.max_s(i16x8.min_s(detail, noise), i16x8.neg(noise));
      const raised = i16x8.add_sat_s(biased, gained(i16x8.sub_sat_s(detail, within), gains));
      v128.store(to + at, v128.xor(raised, bias));
      if (at == last) break;
    }
  }
}
