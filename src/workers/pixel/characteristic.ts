// The curve from corrected detector counts to stored pixel values, as a table for all 16 bits.

import type { ProcessingSetting } from "../../model/protocol.ts";

export type Curve = Pick<ProcessingSetting, "characteristic" | "invert">;

/** Tells curves apart, so that a table is made only when it changes. */
export function curveKey(curve: Curve, bitsIn: number, bitsOut: number): string {
  return `${curve.characteristic} ${curve.invert} ${bitsIn} ${bitsOut}`;
}

/**
 * Fills `table` (65536 entries). Counts of `bitsIn` bits become values of `bitsOut` bits; counts beyond
 * are full scale. Linear, or logarithmic so that equal steps are equal thicknesses. Many counts are
 * dark (bones bright) where `invert` is set.
 */
export function fillCurve(table: Uint16Array, curve: Curve, bitsIn: number, bitsOut: number): void {
  const valueMax = 2 ** bitsOut - 1;
  for (let counts = 0; counts < table.length; counts++)
    table[counts] = Math.round(curvePart(counts, curve, bitsIn) * valueMax);
}

/** How far along the curve counts are, 0 … 1. */
export function curvePart(counts: number, curve: Curve, bitsIn: number): number {
  const countsMax = 2 ** bitsIn - 1;
  const clamped = Math.min(counts, countsMax);
  const part =
    curve.characteristic === "linear"
      ? clamped / countsMax
      : Math.log1p(clamped) / Math.log1p(countsMax);
  return curve.invert ? 1 - part : part;
}
