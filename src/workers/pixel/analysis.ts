// What of a frame is anatomy: inside the collimator's opening and not the direct beam (direct-beam.ts).
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

/** A row or column behind the collimator is darker than this part of the bright ones in the frame. */
const BORDER_LEVEL = 0.12;
/** The collimator's edge: the level rises this much within {@link EDGE_PIXELS}. */
const EDGE_RISE = 2.5;
const EDGE_PIXELS = 4;
/** The bright level of a row, column or frame: this part of its pixels is darker. */
const BRIGHT_PART = 0.95;

/** The collimated field. The whole picture where no edge of a collimator can be seen. */
export function findField(picture: Picture): Rectangle {
  const { columns, rows, pixels } = picture;
  const bright = quantile(pixels, BRIGHT_PART);
  const row = Array.from({ length: rows }, (_, y) =>
    quantile(pixels.subarray(y * columns, (y + 1) * columns), BRIGHT_PART),
  );
  const column = Array.from({ length: columns }, (_, x) =>
    quantile(
      Uint16Array.from({ length: rows }, (_, y) => pixels[y * columns + x] ?? 0),
      BRIGHT_PART,
    ),
  );
  const top = borderOf(row, bright);
  const bottom = rows - borderOf(row.toReversed(), bright);
  const left = borderOf(column, bright);
  const right = columns - borderOf(column.toReversed(), bright);
  const whole = { left: 0, top: 0, right: columns, bottom: rows };
  return right - left < 2 || bottom - top < 2 ? whole : { left, top, right, bottom };
}

/** How many entries of a profile, from its start, lie behind the collimator. */
function borderOf(profile: readonly number[], bright: number): number {
  let dark = 0;
  while (dark < profile.length && (profile[dark] ?? 0) < bright * BORDER_LEVEL) dark++;
  if (dark === 0 || dark === profile.length) return 0;
  const before = Math.max(1, profile[Math.max(0, dark - 2)] ?? 1);
  const after = profile[Math.min(profile.length - 1, dark + EDGE_PIXELS - 2)] ?? 0;
  // Thick anatomy gets dark slowly, a collimator at once. The penumbra's pixel goes too.
  return after >= before * EDGE_RISE ? Math.min(dark + 1, profile.length - 1) : 0;
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
