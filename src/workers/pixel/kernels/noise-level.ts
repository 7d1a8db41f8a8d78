// The noise to be expected at a level, by integers: quantum noise grows with the root of the counts, and a
// root is the least of its tangents. `lines` holds four pairs of offset (i16) and slope (1.15 fixed
// point, i16), each repeated over a whole vector; noise-model.ts of the folder above computes them.

function tangent(level: v128, line: usize): v128 {
  return i16x8.add(v128.load(line), i16x8.q15mulr_sat_s(v128.load(line, 16), level));
}

/**
 * Noise of eight counts; counts above 32767 count as 32767. Four tangents with points a factor of eight
 * apart: the least of them is at most 14 % above the root. Written out: a loop took half as long again.
 */
export function noiseLevel(counts: v128, lines: usize): v128 {
  const level = i16x8.min_u(counts, i16x8.splat(32767));
  return i16x8.min_s(
    i16x8.min_s(tangent(level, lines), tangent(level, lines + 32)),
    i16x8.min_s(tangent(level, lines + 64), tangent(level, lines + 96)),
  );
}
