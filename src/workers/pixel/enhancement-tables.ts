// What the enhancement of radiographs decides by: tones, the scale on which the pyramid works, and the
// gains of detail by scale, level and activity (kernels/pyramid.ts says how they are looked up).

import { assert } from "../../core/assert.ts";
import { LATITUDE_MAX, type ProcessingSetting } from "../../model/protocol.ts";
import { type Curve, curvePart } from "./characteristic.ts";
import type { NoiseModel } from "./noise-model.ts";
import { SCALES_MAX } from "./pyramid.ts";

/** Tones of the curve's two ends lie so far from 0 and 32767: room for what is raised beyond them. */
export const TONE_LOW = 2048;
export const TONE_SPAN = 28672;

/** Fills `table` (65536 entries): counts of `bitsIn` bits become tones, by the curve of the image. */
export function fillTones(table: Uint16Array, curve: Curve, bitsIn: number): void {
  for (let counts = 0; counts < table.length; counts++)
    table[counts] = Math.round(TONE_LOW + TONE_SPAN * curvePart(counts, curve, bitsIn));
}

/** stored value = (tone − {@link TONE_LOW}) · factor >> shift, rounded; the factor fits an unsigned word. */
export function storedScale(bitsStored: number): { factor: number; shift: number } {
  assert(bitsStored >= 8 && bitsStored <= 16, "an image has 8 to 16 bits");
  const shift = 30 - bitsStored;
  return { factor: Math.round(((2 ** bitsStored - 1) / TONE_SPAN) * 2 ** shift), shift };
}

/** Entries of a scale's table. */
const LEVELS = 64;
const LEVEL_TONES = 512;
const PLACES = 128;
export const GAIN_TABLE_ENTRIES = LEVELS * PLACES;
export const GAIN_TABLES_BYTES = SCALES_MAX * GAIN_TABLE_ENTRIES * 2;
/** Gains are 4.12 fixed point, signed. */
const GAIN_ONE = 4096;
const GAIN_MAX = 32767;

/** An activity is the sum of the amounts of four details. */
const DETAILS = 4;
/** Mean amount of a Gauss distribution of deviation 1. */
const MEAN_AMOUNT = Math.sqrt(2 / Math.PI);
/** Deviation of each scale's detail where the picture is white noise of deviation 1. */
const NOISE_OF_SCALE = [0.943, 0.23, 0.101, 0.0488, 0.0239, 0.0118, 0.0059];
/** Activity of so many times the noise's is noise, of so many all picture. */
const NOISE_ONLY = 1.15;
const NO_NOISE = 2.2;
/** Part of `edge` and of `detail` by which a scale's detail is raised; 0.15 mm pixels: 0.3 mm to 2 cm. */
const EDGE_OF_SCALE = [0.5, 0.7, 0.5, 0.1, 0, 0, 0];
const DETAIL_OF_SCALE = [0, 0, 0.3, 0.7, 1, 0.8, 0.5];
/** Detail of this many tones is half raised, greater ones less, so that edges get no seam: 7 % of counts. */
const CONTRAST_TONES = 200;

export type Enhancing = Pick<ProcessingSetting, "edge" | "noise" | "detail" | "latitude">;

/** Whether a setting leaves a radiograph as it is. */
export function isNeutral({ edge, noise, detail = 0, latitude = 0 }: Enhancing): boolean {
  return edge <= 0 && noise <= 0 && detail <= 0 && latitude <= 0;
}

/** What is left of great differences. */
export function contrastLeft({ latitude = 0 }: Pick<Enhancing, "latitude">): number {
  return 1 - Math.min(LATITUDE_MAX, Math.max(0, latitude));
}

/** Middle of the activities that the kernel puts at a place: 8 places an octave. */
export function activityAt(place: number): number {
  if (place < 16) return place;
  const shift = (place >> 3) - 1;
  return (8 + (place & 7) + 0.5) * 2 ** shift - 0.5;
}

/** Deviation of the tones of a pixel whose tone is `tone`. */
export function toneNoise(tone: number, curve: Curve, bitsIn: number, model: NoiseModel): number {
  const countsMax = 2 ** bitsIn - 1;
  const along = Math.min(1, Math.max(0, (tone - TONE_LOW) / TONE_SPAN));
  const part = curve.invert ? 1 - along : along;
  const linear = curve.characteristic === "linear";
  const logMax = Math.log1p(countsMax);
  const counts = linear ? part * countsMax : Math.expm1(part * logMax);
  const slope = TONE_SPAN / (linear ? countsMax : logMax * (1 + counts));
  return slope * Math.sqrt(model.countsPerQuantum * counts + model.readNoise ** 2);
}

/** Gain of a detail: by how far it stands out of the noise, and how great it is. */
export function gainOf(activity: number, noise: number, scale: number, setting: Enhancing): number {
  const expected = DETAILS * MEAN_AMOUNT * noise * (NOISE_OF_SCALE[scale] ?? 0);
  const picture = smoothStep(
    (activity / Math.max(expected, 1e-9) - NOISE_ONLY) / (NO_NOISE - NOISE_ONLY),
  );
  const { edge, detail = 0 } = setting;
  const raise = edge * (EDGE_OF_SCALE[scale] ?? 0) + detail * (DETAIL_OF_SCALE[scale] ?? 0);
  const kept = contrastLeft(setting);
  const slight = 1 / (1 + (activity / (DETAILS * CONTRAST_TONES)) ** 2);
  const cored = 1 - Math.min(1, Math.max(0, setting.noise)) * (1 - picture);
  return cored * (kept + slight * (1 - kept + raise * picture));
}

/** 0 below 0, 1 above 1, and no corner between. */
function smoothStep(x: number): number {
  const t = Math.min(1, Math.max(0, x));
  return t * t * (3 - 2 * t);
}

/** Fills the tables of all scales, one after the other. */
export function fillGains(
  tables: Uint16Array,
  setting: Enhancing,
  curve: Curve,
  bitsIn: number,
  model: NoiseModel,
): void {
  let at = 0;
  for (let scale = 0; scale < SCALES_MAX; scale++)
    for (let level = 0; level < LEVELS; level++) {
      const noise = toneNoise((level + 0.5) * LEVEL_TONES, curve, bitsIn, model);
      for (let place = 0; place < PLACES; place++) {
        const gain = gainOf(activityAt(place), noise, scale, setting);
        tables[at++] = Math.min(GAIN_MAX, Math.round(gain * GAIN_ONE));
      }
    }
}
