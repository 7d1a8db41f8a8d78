// Modulation transfer by a slanted edge, in the manner of IEC 62220-1: every pixel is placed by its
// distance from the edge, which samples the edge's profile finer than the pixels; its derivative's
// spectrum is the transfer.

import FFT from "fft.js";
import { interpolated, meanOf, type Picture } from "./picture.ts";

/** Samples of the profile per pixel. */
const SAMPLES_PER_PIXEL = 8;
/** Columns at each end whose mean is a row's level there. */
const LEVEL_COLUMNS = 16;
/** Looks again for the edge in so many pixels to each side of the line found before. */
const SEARCH_PIXELS = 12;
/** The line spread is faded out between these parts of the profile's half length. */
const FADE_FROM = 0.5;

export interface EdgeTransfer {
  /** Line pairs a millimetre. */
  readonly perMm: readonly number[];
  /** 1 for what is coarse. */
  readonly transfer: readonly number[];
  /** Of the edge against the columns, degrees. */
  readonly angleDegrees: number;
  /** Difference of the levels right and left of the edge. */
  readonly contrast: number;
  /** Profile of the edge, 0 on the left and 1 on the right, by distance in pixels. */
  readonly profile: { readonly pixels: readonly number[]; readonly level: readonly number[] };
}

/**
 * The transfer across a nearly vertical edge that runs from top to bottom of the picture, whose levels
 * left and right are reached well within it. Spectrum up to the sampling frequency of the pixels.
 */
export function slantedEdge(picture: Picture, pitchMm: number): EdgeTransfer {
  const { levels, contrast } = scaledRows(picture);
  const line = findEdge(levels, picture);
  const profile = profileAcross(levels, picture, line);
  const spread = lineSpread(profile);
  const size = 2 ** Math.ceil(Math.log2(spread.length));
  const input = new Array<number>(size).fill(0);
  for (const [i, value] of spread.entries()) input[i] = value;
  const fft = new FFT(size);
  const spectrum = fft.createComplexArray();
  fft.realTransform(spectrum, input);
  const at = (k: number) => Math.hypot(spectrum[2 * k] ?? 0, spectrum[2 * k + 1] ?? 0);
  const step = SAMPLES_PER_PIXEL / (pitchMm * size);
  const perMm: number[] = [];
  const transfer: number[] = [];
  for (let k = 0; k * step <= 1 / pitchMm; k++) {
    perMm.push(k * step);
    // Both the difference of neighbours and the width of a sample weaken what is fine.
    const sample = (Math.PI * k) / size;
    const loss = k === 0 ? 1 : (Math.sin(sample) / sample) ** 2;
    transfer.push(at(k) / at(0) / loss);
  }
  const half = (profile.length - 1) / 2;
  return {
    perMm,
    transfer,
    angleDegrees: (Math.atan(line.slope) * 180) / Math.PI,
    contrast,
    profile: {
      pixels: profile.map((_, i) => (i - half) / SAMPLES_PER_PIXEL),
      level: profile,
    },
  };
}

/** Transfer at a frequency. */
export const transferAt = ({ perMm, transfer }: EdgeTransfer, at: number): number =>
  interpolated(perMm, transfer, at);

/** The least frequency at which the transfer falls to `level`; the last one measured where it does not. */
export function frequencyAt({ perMm, transfer }: EdgeTransfer, level: number): number {
  const i = transfer.findIndex((value, k) => k > 0 && value < level);
  if (i < 0) return perMm.at(-1) ?? 0;
  const [a = 1, b = 0] = [transfer[i - 1], transfer[i]];
  const [x = 0, y = 0] = [perMm[i - 1], perMm[i]];
  return x + ((y - x) * (a - level)) / (a - b);
}

/** Every row between its own levels left (0) and right (1): the beam is not even over the panel. */
function scaledRows({ pixels, columns, rows }: Picture) {
  const levels = new Float64Array(columns * rows);
  let contrast = 0;
  const ends = Array.from({ length: rows }, (_, y) => {
    let [left, right] = [0, 0];
    for (let x = 0; x < LEVEL_COLUMNS; x++) {
      left += pixels[y * columns + x] ?? 0;
      right += pixels[(y + 1) * columns - 1 - x] ?? 0;
    }
    return { left: left / LEVEL_COLUMNS, right: right / LEVEL_COLUMNS };
  });
  // The levels change slowly from row to row: a line through them holds less noise than each.
  const left = fitLine(ends.map((end) => end.left));
  const right = fitLine(ends.map((end) => end.right));
  for (let y = 0; y < rows; y++) {
    const low = left.at + left.slope * y;
    const rise = right.at + right.slope * y - low;
    contrast += rise / rows;
    for (let x = 0; x < columns; x++)
      levels[y * columns + x] = ((pixels[y * columns + x] ?? 0) - low) / rise;
  }
  return { levels, contrast };
}

interface Line {
  readonly at: number;
  readonly slope: number;
}

function fitLine(values: readonly number[]): Line {
  const middle = (values.length - 1) / 2;
  let [up, across] = [0, 0];
  for (const [i, value] of values.entries()) {
    up += (i - middle) * value;
    across += (i - middle) ** 2;
  }
  const slope = across === 0 ? 0 : up / across;
  return { at: meanOf(values) - slope * middle, slope };
}

/** Column of the edge by row: where the profile of each row has its centre of change. */
function findEdge(levels: Float64Array, { columns, rows }: Picture): Line {
  let line: Line = { at: (columns - 1) / 2, slope: 0 };
  for (let pass = 0; pass < 4; pass++) {
    const reach = pass === 0 ? columns / 2 - LEVEL_COLUMNS : SEARCH_PIXELS;
    const centres = Array.from({ length: rows }, (_, y) => {
      const middle = line.at + line.slope * y;
      const from = Math.max(1, Math.round(middle - reach));
      const to = Math.min(columns - 1, Math.round(middle + reach));
      // Where a step stands follows from how much of the window lies behind it; no noise is squared.
      let sum = 0;
      for (let x = from; x < to; x++) sum += levels[y * columns + x] ?? 0;
      return to - 0.5 - sum;
    });
    line = fitLine(centres);
  }
  return line;
}

/** Mean level by distance from the edge, right of it positive; the edge is in the middle. */
function profileAcross(
  levels: Float64Array,
  { columns, rows }: Picture,
  { at, slope }: Line,
): number[] {
  const cos = 1 / Math.hypot(1, slope);
  const lean = Math.abs(slope) * rows;
  const half = Math.floor((columns - lean) / 2 - 1) * SAMPLES_PER_PIXEL;
  const sums = new Float64Array(2 * half + 1);
  const counts = new Float64Array(2 * half + 1);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const distance = (x - at - slope * y) * cos;
      const i = Math.round(distance * SAMPLES_PER_PIXEL) + half;
      if (i < 0 || i > 2 * half) continue;
      sums[i] = (sums[i] ?? 0) + (levels[y * columns + x] ?? 0);
      counts[i] = (counts[i] ?? 0) + 1;
    }
  let last = 0;
  return Array.from(sums, (sum, i) => {
    const count = counts[i] ?? 0;
    if (count > 0) last = sum / count;
    return last;
  });
}

/** The profile's derivative, faded out towards the ends, where there is noise alone. */
function lineSpread(profile: readonly number[]): number[] {
  const middle = (profile.length - 1) / 2;
  return profile.slice(1).map((value, i) => {
    const away = Math.abs(i + 0.5 - middle) / middle;
    const fade =
      away < FADE_FROM ? 1 : Math.cos(((away - FADE_FROM) / (1 - FADE_FROM)) * (Math.PI / 2)) ** 2;
    return fade * (value - (profile[i] ?? 0));
  });
}
