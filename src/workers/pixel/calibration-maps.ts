// Calibration maps out of summed frames: offset from dark ones, gain from flat ones, and the pixels that
// cannot be believed. Runs in a pixel thread; the figures it answers are what a service engineer compares.

import { UNITY_GAIN } from "../../hal/detector/detector.ts";
import type { MapFigures } from "../../model/calibration.ts";
import type { Shape } from "./pixel-messages.ts";

/** A map's figures are taken over this part of each side, around the middle. */
const CENTRE_PART = 0.5;
/** Pixels are compared with others of a tile of this side. */
const TILE = 32;
/** Of a tile's pixels so many are sorted for its median and spread. */
const SAMPLES_PER_TILE = 128;
/** Beyond so many deviations of its tile a dark level is a defect … */
const DARK_DEVIATIONS = 10;
/** … and never below so many counts. */
const DARK_COUNTS_MIN = 40;
/** A response so far from its tile's is a defect. */
const RESPONSE_PART = 0.12;
/** Noise that many times its tile's, or so small a part of it, is a defect: flickering, or stuck. */
const NOISE_TIMES = 4;
const NOISE_PART = 0.1;
/** A line is defective throughout where in a window of this length more than half of it is. */
const LINE_WINDOW = 64;
/** … and it ends where of the pixels from there inwards, so many, at least half are. */
const LINE_END_WINDOW = 8;
/** What lies farther from the median is left out of a map's figures. */
const OUTLIER_DEVIATIONS = 8;
/** Every so manieth pixel is sorted for that. */
const SPREAD_STRIDE = 7;
/** Flats are taken between these parts of full scale. */
const LEVEL_MIN_PART = 0.05;
const LEVEL_MAX_PART = 0.8;
/** Something lies in the beam where a tile in the field is less than this part of the median. */
const SHADOW_PART = 0.5;
/** So many tiles may be darker: edges, dead amplifiers. */
const SHADOW_TILES_PART = 0.02;

/** Sums of frames, as the kernel `accumulate` leaves them. */
export interface FrameSums {
  readonly sums: Uint32Array;
  /** Squares of the differences of frames that follow each other. */
  readonly squares: Uint32Array;
  /** 2 … 128. */
  readonly frames: number;
}

/** Mean dark counts of every pixel, rounded. */
export function offsetMap(dark: FrameSums, shape: Shape, out: Uint16Array): MapFigures {
  const { sums, frames } = dark;
  for (let i = 0; i < out.length; i++) out[i] = ((sums[i] ?? 0) + (frames >> 1)) / frames;
  return { ...spread(out, shape, 1), noise: noiseOf(dark, shape) };
}

export type GainResult =
  | { readonly kind: "made"; readonly figures: MapFigures }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Factors that make the flats flat, 1.15 fixed point, 1 on average in the middle of the panel: sensor and
 * beam field together, as flat fielding has it (AAPM TG 150). What cannot be divided is left at 1.
 * @param fullScale greatest value of the panel
 */
export function gainMap(
  flat: FrameSums,
  offset: Uint16Array,
  shape: Shape,
  fullScale: number,
  out: Uint16Array,
): GainResult {
  const { sums, frames } = flat;
  const signal = (i: number) => (sums[i] ?? 0) / frames - (offset[i] ?? 0);
  const tiles = tilesOf(shape, signal);
  const level = median(tiles.map((tile) => tile.median));
  const percent = (value: number) => `${Math.round((100 * value) / fullScale)} %`;
  if (level < LEVEL_MIN_PART * fullScale)
    return {
      kind: "refused",
      reason: `the flat frames reach ${percent(level)} of full scale, at least ${100 * LEVEL_MIN_PART} % is needed; raise the mAs, or check that the beam falls on the panel`,
    };
  const raw = level + median(tilesOf(shape, (i) => offset[i] ?? 0).map((tile) => tile.median));
  if (raw > LEVEL_MAX_PART * fullScale)
    return {
      kind: "refused",
      reason: `the flat frames reach ${percent(raw)} of full scale, at most ${100 * LEVEL_MAX_PART} % is useful; lower the mAs`,
    };
  const dark = tiles.filter((tile) => tile.median < SHADOW_PART * level).length;
  if (dark > SHADOW_TILES_PART * tiles.length)
    return {
      kind: "refused",
      reason: `${Math.round((100 * dark) / tiles.length)} % of the panel lie in shadow; open the collimator wide and take everything out of the beam`,
    };
  const reference = meanOfCentre(shape, signal);
  for (let i = 0; i < out.length; i++) {
    const factor = (UNITY_GAIN * reference) / signal(i) + 0.5;
    out[i] = factor >= 1 && factor <= 65535 ? factor : UNITY_GAIN;
  }
  const { sd } = spread(out, shape, UNITY_GAIN);
  return { kind: "made", figures: { mean: reference, sd, noise: noiseOf(flat, shape) } };
}

export interface DefectCounts {
  /** Defective pixels in all. */
  readonly pixels: number;
  /** Of them those that belong to rows or columns. */
  readonly inLines: number;
}

/** What a pixel is measured by, before any map: sums of dark and, where there are, of flat frames. */
export interface DefectEvidence {
  readonly offset: Uint16Array;
  /** Noise of the dark frames: squares and their number. */
  readonly dark: Pick<FrameSums, "squares" | "frames">;
}

/** Marks with 1 what the dark frames betray: levels and noise unlike their tile's. */
export function darkDefects(
  { offset, dark }: DefectEvidence,
  shape: Shape,
  out: Uint16Array,
): void {
  out.fill(0);
  markOutliers(shape, out, (i) => offset[i] ?? 0, {
    low: (tile) => tile.median - Math.max(DARK_COUNTS_MIN, DARK_DEVIATIONS * tile.deviation),
    high: (tile) => tile.median + Math.max(DARK_COUNTS_MIN, DARK_DEVIATIONS * tile.deviation),
  });
  markNoise(shape, out, dark);
}

/** Adds what the flat frames betray: response and noise unlike their tile's. */
export function flatDefects(
  flat: FrameSums,
  offset: Uint16Array,
  shape: Shape,
  out: Uint16Array,
): void {
  const { sums, frames } = flat;
  markOutliers(shape, out, (i) => (sums[i] ?? 0) / frames - (offset[i] ?? 0), {
    low: (tile) => tile.median * (1 - RESPONSE_PART),
    high: (tile) => tile.median * (1 + RESPONSE_PART),
  });
  markNoise(shape, out, flat);
}

/** Closes the gaps of rows and columns that are defective for the most part, and counts. */
export function completeLines({ columns, rows }: Shape, out: Uint16Array): DefectCounts {
  const inLine = new Uint8Array(out.length);
  for (let x = 0; x < columns; x++) markLine(out, inLine, x, columns, rows);
  for (let y = 0; y < rows; y++) markLine(out, inLine, y * columns, 1, columns);
  let pixels = 0;
  let inLines = 0;
  for (let i = 0; i < out.length; i++) {
    if (inLine[i] === 1) {
      out[i] = 1;
      inLines++;
    }
    if (out[i] !== 0) pixels++;
  }
  return { pixels, inLines };
}

/** Marks the windows of a line of which more than half is defective. */
function markLine(
  map: Uint16Array,
  inLine: Uint8Array,
  first: number,
  step: number,
  length: number,
): void {
  const window = Math.min(LINE_WINDOW, length);
  let found = 0;
  for (let end = 0; end < length; end++) {
    if (map[first + end * step] !== 0) found++;
    const begin = end - window + 1;
    if (begin > 0 && map[first + (begin - 1) * step] !== 0) found--;
    if (begin < 0 || found * 2 <= window) continue;
    // A lone defect beyond its end, such as another line that crosses there, does not lengthen a line.
    const from = lineEnd(map, first + begin * step, step, window);
    const to = window - 1 - lineEnd(map, first + end * step, -step, window);
    for (let at = from; at <= to; at++) inLine[first + (begin + at) * step] = 1;
  }
}

/** Steps from `start` to the first defect from which on a line is dense; `length`: there is none. */
function lineEnd(map: Uint16Array, start: number, step: number, length: number): number {
  const ahead = Math.min(LINE_END_WINDOW, length);
  for (let at = 0; at + ahead <= length; at++) {
    if (map[start + at * step] === 0) continue;
    let dense = 0;
    for (let k = at; k < at + ahead; k++) if (map[start + k * step] !== 0) dense++;
    if (dense * 2 >= ahead) return at;
  }
  return length;
}

interface Tile {
  readonly median: number;
  /** Robust: 1.4826 × the median of the distances from the median. */
  readonly deviation: number;
}

interface Limits {
  readonly low: (tile: Tile) => number;
  readonly high: (tile: Tile) => number;
}

function markOutliers(
  shape: Shape,
  out: Uint16Array,
  value: (pixel: number) => number,
  limits: Limits,
): void {
  forEachTile(shape, (pixels) => {
    const tile = tileOf(pixels, value);
    const low = limits.low(tile);
    const high = limits.high(tile);
    pixels.forEach((i) => {
      const here = value(i);
      if (here < low || here > high) out[i] = 1;
    });
  });
}

function markNoise(shape: Shape, out: Uint16Array, { squares }: Pick<FrameSums, "squares">): void {
  markOutliers(shape, out, (i) => squares[i] ?? 0, {
    low: (tile) => tile.median * NOISE_PART * NOISE_PART,
    high: (tile) => tile.median * NOISE_TIMES * NOISE_TIMES,
  });
}

/** The pixels of one tile. */
interface TilePixels {
  forEach(visit: (pixel: number) => void): void;
  /** About so many of them, evenly spread. */
  sample(count: number): number[];
}

function forEachTile({ columns, rows }: Shape, visit: (pixels: TilePixels) => void): void {
  for (let top = 0; top < rows; top += TILE)
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(columns, left + TILE);
      const bottom = Math.min(rows, top + TILE);
      visit({
        forEach(each) {
          for (let y = top; y < bottom; y++)
            for (let i = y * columns + left; i < y * columns + right; i++) each(i);
        },
        sample(count) {
          const width = right - left;
          const area = width * (bottom - top);
          // A stride without a factor in common with the width visits every column.
          const stride = Math.max(1, Math.floor(area / count)) | 1;
          const picked: number[] = [];
          for (let k = 0; k < area; k += stride)
            picked.push((top + Math.floor(k / width)) * columns + left + (k % width));
          return picked;
        },
      });
    }
}

function tileOf(pixels: TilePixels, value: (pixel: number) => number): Tile {
  const values = pixels.sample(SAMPLES_PER_TILE).map(value);
  const middle = median(values);
  const distance = median(values.map((v) => Math.abs(v - middle)));
  return { median: middle, deviation: 1.4826 * distance };
}

function tilesOf(shape: Shape, value: (pixel: number) => number): Tile[] {
  const tiles: Tile[] = [];
  forEachTile(shape, (pixels) => tiles.push(tileOf(pixels, value)));
  return tiles;
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1] ?? 0;
}

function forCentre({ columns, rows }: Shape, visit: (pixel: number) => void): void {
  const margin = (1 - CENTRE_PART) / 2;
  const left = Math.floor(columns * margin);
  const top = Math.floor(rows * margin);
  for (let y = top; y < rows - top; y++)
    for (let x = left; x < columns - left; x++) visit(y * columns + x);
}

/** Mean of the middle of the panel without its defects: values far from the median don't count. */
function meanOfCentre(shape: Shape, value: (pixel: number) => number): number {
  const sampled: number[] = [];
  let n = 0;
  forCentre(shape, (i) => {
    if (n++ % 7 === 0) sampled.push(value(i));
  });
  const middle = median(sampled);
  let sum = 0;
  let count = 0;
  forCentre(shape, (i) => {
    const here = value(i);
    if (Math.abs(here - middle) > RESPONSE_PART * 2 * middle) return;
    sum += here;
    count++;
  });
  return count === 0 ? middle : sum / count;
}

/** Of the middle without its outliers: a hot pixel says nothing of the map. */
function spread(map: Uint16Array, shape: Shape, unit: number): { mean: number; sd: number } {
  const sampled: number[] = [];
  let n = 0;
  forCentre(shape, (i) => {
    if (n++ % SPREAD_STRIDE === 0) sampled.push((map[i] ?? 0) / unit);
  });
  const middle = median(sampled);
  const distance = 1.4826 * median(sampled.map((v) => Math.abs(v - middle)));
  let sum = 0;
  let squares = 0;
  let count = 0;
  forCentre(shape, (i) => {
    const apart = (map[i] ?? 0) / unit - middle;
    if (Math.abs(apart) > OUTLIER_DEVIATIONS * distance) return;
    sum += apart;
    squares += apart * apart;
    count++;
  });
  const mean = sum / count;
  return { mean: middle + mean, sd: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
}

function noiseOf({ squares, frames }: FrameSums, shape: Shape): number {
  const tiles = tilesOf(shape, (i) => squares[i] ?? 0);
  return Math.sqrt(median(tiles.map((tile) => tile.median)) / (2 * (frames - 1)));
}
