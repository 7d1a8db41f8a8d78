// What of a frame is anatomy: inside the collimator's opening (collimated-field.ts) and not the direct beam
// (direct-beam.ts).
// Found in a small picture of corrected counts; the window then comes from the full frame's histogram of it.

import { relevantRegionMean } from "../../model/exposure-index.ts";

export interface Picture {
  readonly pixels: Uint16Array;
  readonly columns: number;
  readonly rows: number;
}

/** Half open: right and bottom are the first column and row outside. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Pixels of the small picture that are anatomy (1): in the field, and neither beam nor beside it, where
 * a pixel holds some of both. The whole field where that leaves nothing.
 */
export function anatomyMask(
  shape: Pick<Picture, "columns" | "rows">,
  field: Rectangle,
  beam: Uint8Array | null,
): Uint8Array {
  const { columns, rows } = shape;
  const mask = new Uint8Array(columns * rows);
  const nearBeam = (x: number, y: number) => {
    for (let j = Math.max(0, y - 1); j <= Math.min(rows - 1, y + 1); j++)
      for (let i = Math.max(0, x - 1); i <= Math.min(columns - 1, x + 1); i++)
        if (beam?.[j * columns + i] === 1) return true;
    return false;
  };
  let left = 0;
  for (let y = field.top; y < field.bottom; y++)
    for (let x = field.left; x < field.right; x++) {
      if (beam !== null && nearBeam(x, y)) continue;
      mask[y * columns + x] = 1;
      left++;
    }
  return left > 0 || beam === null ? mask : anatomyMask(shape, field, null);
}

export interface RelevantRange {
  readonly low: number;
  readonly median: number;
  readonly high: number;
  /** Mean of the relevant region as the exposure index takes it (IEC 62494-1), with a cut of its own. */
  readonly mean: number;
  /** Pixels that counted. */
  readonly pixels: number;
}

/** Counts between which the anatomy lies: `cutPermille` of its histogram is cut off at each end. */
export function relevantRange(histogram: Uint32Array, cutPermille: number): RelevantRange {
  const pixels = histogram.reduce((sum, count) => sum + count, 0);
  const cut = (pixels * Math.min(cutPermille, 499)) / 1000;
  const at = (rank: number) => {
    let sum = 0;
    return Math.max(
      0,
      histogram.findIndex((count) => {
        sum += count;
        return sum > rank;
      }),
    );
  };
  return {
    low: at(cut),
    median: at(pixels / 2),
    high: at(Math.ceil(pixels - cut) - 1),
    mean: relevantRegionMean(histogram),
    pixels,
  };
}

/** The values of a rectangle, row by row. */
export function valuesIn({ columns, pixels }: Picture, field: Rectangle): Uint16Array {
  const values = new Uint16Array((field.right - field.left) * (field.bottom - field.top));
  let count = 0;
  for (let y = field.top; y < field.bottom; y++)
    for (let x = field.left; x < field.right; x++) values[count++] = pixels[y * columns + x] ?? 0;
  return values;
}

/** The value below which a part of them lies. */
export function quantile(values: Uint16Array, part: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
