// A panel's faults and noise: pixels answer differently, some not at all. The maps are the simulation's
// ground truth; the calibration a panel ships with is what averaging many frames would find.

import { Random } from "../../../core/random.ts";
import type { CalibrationMap, DetectorMode } from "../detector.ts";

/** Full scale of 14 bits; brighter pixels stop there. */
export const SATURATION = 16383;
/** 1.0 in 1.15 fixed point. */
export const UNITY_GAIN = 32768;
/** Mean dark value, counts. */
const OFFSET_MEAN = 220;
const OFFSET_PIXEL_SD = 4;
const OFFSET_COLUMN_SD = 9;
/** Read-out amplifiers serve this many columns each (at full resolution). */
const AMPLIFIER_COLUMNS = 128;
const GAIN_PIXEL_SD = 0.006;
const GAIN_AMPLIFIER_SD = 0.01;
const GAIN_SHADING = 0.02;
const GAIN_RANGE = 0.06;
export const READ_NOISE_COUNTS = 2.2;
/** Frames averaged for the maps a panel ships with. */
const CALIBRATION_FRAMES = 64;
/** Noise of one flat frame relative to its level, at which gain maps are taken. */
const FLAT_RELATIVE_NOISE = 0.012;
/** Dead and hot single pixels per million. */
const DEAD_PER_MILLION = 60;
const HOT_PER_MILLION = 25;
const CLUSTERS = 6;

export type DefectKind = "dead" | "hot" | "cluster" | "line";
export interface Defect {
  readonly index: number;
  readonly kind: DefectKind;
  /** What the pixel always reads, counts. */
  readonly reads: number;
}

export interface Sensor {
  readonly columns: number;
  readonly rows: number;
  /** Response of each pixel, 1.15 fixed point: counts read = response × ideal counts + offset. */
  readonly response: Uint16Array;
  readonly offset: Uint16Array;
  readonly defects: readonly Defect[];
}

/** 2¹⁷ normal deviates; every frame starts elsewhere in each row. */
const NOISE_VALUES = 1 << 17;
let noiseTable: Float32Array | undefined;

function noise(): Float32Array {
  if (noiseTable === undefined) {
    const random = new Random(0x6e6f6973);
    // Doubled end to start, so that a row never wraps.
    noiseTable = new Float32Array(NOISE_VALUES * 2);
    for (let i = 0; i < NOISE_VALUES; i++) {
      const value = random.gaussian();
      noiseTable[i] = value;
      noiseTable[i + NOISE_VALUES] = value;
    }
  }
  return noiseTable;
}

/** The faults of a panel in one mode, from a seed. */
export function makeSensor(
  mode: Pick<DetectorMode, "columns" | "rows" | "binning">,
  random: Random,
): Sensor {
  const { columns, rows } = mode;
  const table = noise();
  const response = new Uint16Array(columns * rows);
  const offset = new Uint16Array(columns * rows);
  const amplifierColumns = Math.max(1, AMPLIFIER_COLUMNS / mode.binning);
  const amplifierGain = new Float32Array(Math.ceil(columns / amplifierColumns));
  for (let i = 0; i < amplifierGain.length; i++)
    amplifierGain[i] = 1 + GAIN_AMPLIFIER_SD * clamp(random.gaussian(), -2.5, 2.5);
  const columnGain = new Float32Array(columns);
  const columnOffset = new Float32Array(columns);
  for (let x = 0; x < columns; x++) {
    columnGain[x] = amplifierGain[Math.floor(x / amplifierColumns)] as number;
    columnOffset[x] = OFFSET_MEAN + OFFSET_COLUMN_SD * random.gaussian();
  }
  const tilt = random.next() * 2 * Math.PI;
  for (let y = 0; y < rows; y++) {
    const gainAt = random.uint32() & (NOISE_VALUES - 1);
    const offsetAt = random.uint32() & (NOISE_VALUES - 1);
    for (let x = 0; x < columns; x++) {
      const u = x / columns - 0.5;
      const v = y / rows - 0.5;
      const shading = GAIN_SHADING * (u * Math.cos(tilt) + v * Math.sin(tilt) - (u * u + v * v));
      const gain =
        (columnGain[x] as number) + shading + GAIN_PIXEL_SD * (table[gainAt + x] as number);
      const at = y * columns + x;
      response[at] = clamp(gain, 1 - GAIN_RANGE, 1 + GAIN_RANGE) * UNITY_GAIN;
      offset[at] = Math.max(
        0,
        (columnOffset[x] as number) + OFFSET_PIXEL_SD * (table[offsetAt + x] as number),
      );
    }
  }
  return { columns, rows, response, offset, defects: makeDefects(columns, rows, random) };
}

function makeDefects(columns: number, rows: number, random: Random): Defect[] {
  const found = new Map<number, Defect>();
  const put = (x: number, y: number, kind: DefectKind, reads: number) => {
    if (x < 0 || y < 0 || x >= columns || y >= rows) return;
    const index = y * columns + x;
    found.set(index, { index, kind, reads });
  };
  const single = (perMillion: number) =>
    Math.max(3, Math.round((columns * rows * perMillion) / 1e6));
  for (let i = single(DEAD_PER_MILLION); i > 0; i--)
    put(random.int(0, columns - 1), random.int(0, rows - 1), "dead", random.int(0, 30));
  for (let i = single(HOT_PER_MILLION); i > 0; i--)
    put(random.int(0, columns - 1), random.int(0, rows - 1), "hot", random.int(15_000, SATURATION));
  for (let i = 0; i < CLUSTERS; i++) {
    const x = random.int(2, columns - 4);
    const y = random.int(2, rows - 4);
    for (let k = random.int(3, 7); k > 0; k--)
      put(x + random.int(0, 2), y + random.int(0, 2), "cluster", random.int(0, 60));
  }
  // Two columns from an edge inwards, one whole row.
  for (let i = 0; i < 2; i++) {
    const x = random.int(4, columns - 5);
    const from = random.int(Math.floor(rows / 4), Math.floor(rows / 2));
    for (let y = from; y < rows; y++) put(x, y, "line", 12);
  }
  const row = random.int(4, rows - 5);
  for (let x = 0; x < columns; x++) put(x, row, "line", SATURATION);
  return [...found.values()].sort((a, b) => a.index - b.index);
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** Where the mean signal of a frame comes from: shares of the open beam on a grid. */
export interface Light {
  readonly columns: number;
  readonly factor: 1 | 2;
  readonly still: Float32Array;
  readonly patch: {
    readonly x: number;
    readonly y: number;
    readonly columns: number;
    readonly rows: number;
    readonly values: Float32Array;
  } | null;
}

/**
 * Reads out one frame: ideal counts, quantum and read noise, the pixel's response, offset, defects,
 * saturation. About 40 ms for 2688×2688 and 10 ms for 1344×1344.
 * @param light null for a dark frame
 * @param openCounts counts of the open beam without an object
 * @param countsPerQuantum variance over mean of the quantum noise, counts
 * @returns how many pixels are saturated, defects apart
 */
export function readOut(
  sensor: Sensor,
  light: Light | null,
  openCounts: number,
  countsPerQuantum: number,
  random: Random,
  into: Uint16Array,
): number {
  const { columns, rows, response, offset } = sensor;
  const table = noise();
  const readVariance = READ_NOISE_COUNTS * READ_NOISE_COUNTS;
  const mean = new Float32Array(columns);
  let saturated = 0;
  for (let y = 0; y < rows; y++) {
    if (light !== null) meanRow(light, y, openCounts, mean);
    const noiseAt = random.uint32() & (NOISE_VALUES - 1);
    const row = y * columns;
    for (let x = 0; x < columns; x++) {
      const m = mean[x] as number;
      const deviation = Math.sqrt(countsPerQuantum * m + readVariance);
      const ideal = m + deviation * (table[noiseAt + x] as number);
      const value =
        (offset[row + x] as number) +
        (response[row + x] as number) * (1 / UNITY_GAIN) * ideal +
        0.5;
      if (value >= SATURATION) {
        into[row + x] = SATURATION;
        saturated++;
      } else into[row + x] = Math.max(value, 0);
    }
  }
  for (const { index, reads } of sensor.defects) into[index] = reads;
  return saturated;
}

/** Mean counts of one panel row, interpolated where the light is drawn at half resolution. */
export function meanRow(light: Light, y: number, openCounts: number, mean: Float32Array): void {
  if (light.factor === 1) {
    drawnRow(light, y, openCounts, mean, false);
    return;
  }
  const width = light.columns;
  const drawnRows = light.still.length / width;
  const near = y >> 1;
  const far = Math.min(drawnRows - 1, Math.max(0, (y & 1) === 0 ? near - 1 : near + 1));
  const a = rowBuffer(width);
  drawnRow(light, near, openCounts * 0.75, a, false);
  drawnRow(light, far, openCounts * 0.25, a, true);
  let before = a[0] as number;
  let here = before;
  for (let x = 0; x < width; x++) {
    const after = a[Math.min(x + 1, width - 1)] as number;
    mean[2 * x] = here * 0.75 + before * 0.25;
    mean[2 * x + 1] = here * 0.75 + after * 0.25;
    before = here;
    here = after;
  }
}

let rowSpace = new Float32Array(0);

/** Room for one row, used again by the next. */
function rowBuffer(width: number): Float32Array {
  if (rowSpace.length !== width) rowSpace = new Float32Array(width);
  return rowSpace;
}

/** One drawn row times `scale`, put into or added to `into`. */
function drawnRow(light: Light, y: number, scale: number, into: Float32Array, add: boolean): void {
  const { columns, still, patch } = light;
  const start = y * columns;
  const inPatch = patch !== null && y >= patch.y && y < patch.y + patch.rows;
  const from = inPatch ? patch.x : columns;
  const to = inPatch ? patch.x + patch.columns : columns;
  if (!add) into.fill(0);
  for (let x = 0; x < from; x++)
    into[x] = (into[x] as number) + (still[start + x] as number) * scale;
  for (let x = to; x < columns; x++)
    into[x] = (into[x] as number) + (still[start + x] as number) * scale;
  if (!inPatch) return;
  const moved = (y - patch.y) * patch.columns - patch.x;
  for (let x = from; x < to; x++)
    into[x] = (into[x] as number) + (patch.values[moved + x] as number) * scale;
}

/**
 * The maps a panel ships with: the truth plus the noise that is left after averaging, as 16-bit maps.
 * Defects are all found.
 */
export function shippedMaps(
  sensor: Sensor,
  modeId: string,
  createdMs: number,
  temperatureC: number,
  random: Random,
): readonly CalibrationMap[] {
  const { columns, rows } = sensor;
  const table = noise();
  const offset = new Uint16Array(columns * rows);
  const gain = new Uint16Array(columns * rows);
  const defect = new Uint16Array(columns * rows);
  const offsetSd = READ_NOISE_COUNTS / Math.sqrt(CALIBRATION_FRAMES);
  const gainSd = FLAT_RELATIVE_NOISE / Math.sqrt(CALIBRATION_FRAMES);
  for (let y = 0; y < rows; y++) {
    const offsetAt = random.uint32() & (NOISE_VALUES - 1);
    const gainAt = random.uint32() & (NOISE_VALUES - 1);
    const row = y * columns;
    for (let x = 0; x < columns; x++) {
      const at = row + x;
      // Storing whole counts adds half a count on average, which rounding takes back.
      offset[at] = (sensor.offset[at] as number) + offsetSd * (table[offsetAt + x] as number) + 0.5;
      gain[at] =
        ((UNITY_GAIN * UNITY_GAIN) / (sensor.response[at] as number)) *
          (1 + gainSd * (table[gainAt + x] as number)) +
        0.5;
    }
  }
  for (const { index } of sensor.defects) defect[index] = 1;
  const common = { modeId, createdMs, temperatureC, frames: CALIBRATION_FRAMES };
  return [
    { kind: "offset", pixels: offset, ...common },
    { kind: "gain", pixels: gain, ...common },
    { kind: "defect", pixels: defect, ...common },
  ];
}
