// A panel's faults and noise: pixels answer differently, some not at all. The maps are the simulation's
// ground truth; the calibration a panel ships with is what averaging many frames would find.

import type { Random } from "../../../core/random.ts";
import { type CalibrationMap, type DetectorMode, UNITY_GAIN } from "../detector.ts";
import { NOISE_VALUES, noiseTable } from "./noise-table.ts";

/** Full scale of 14 bits; brighter pixels stop there. */
export const SATURATION = 16383;
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

/** The faults of a panel in one mode, from a seed. */
export function makeSensor(
  mode: Pick<DetectorMode, "columns" | "rows" | "binning">,
  random: Random,
): Sensor {
  const { columns, rows } = mode;
  const table = noiseTable();
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
  const table = noiseTable();
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
