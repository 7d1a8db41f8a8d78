// What noise a panel's frames have at a level: quantum noise, whose variance grows with the counts, and
// read-out noise. As tangents of its root, which is how kernels/noise-level.ts wants it.

import { assert } from "../../core/assert.ts";
import type { DetectorMode } from "../../hal/detector/detector.ts";

/** Variance of a pixel = countsPerQuantum · counts + readNoise². */
export interface NoiseModel {
  readonly countsPerQuantum: number;
  readonly readNoise: number;
}

/** Quanta that a caesium iodide panel detects, by µGy of air kerma and mm². */
const QUANTA_PER_MICROGRAY_MM2 = 18_000;
/** Counts; amplifiers of flat panels have two to four at 14 bits. */
const READ_NOISE = 3;
/** Where the maker doesn't state the sensitivity: full scale is so many quanta. */
const FULL_SCALE_QUANTA = 8192;

export type NoisyMode = Pick<DetectorMode, "bitsStored"> &
  Partial<Pick<DetectorMode, "pitchMm" | "countsPerMicroGray">>;

/** From the sensitivity and pitch that the panel's maker states, or from its full scale. */
export function noiseModel(mode: NoisyMode): NoiseModel {
  const { bitsStored, pitchMm, countsPerMicroGray } = mode;
  return {
    countsPerQuantum:
      pitchMm === undefined || countsPerMicroGray === undefined
        ? 2 ** bitsStored / FULL_SCALE_QUANTA
        : countsPerMicroGray / (QUANTA_PER_MICROGRAY_MM2 * pitchMm ** 2),
    readNoise: READ_NOISE,
  };
}

/** Tangents that a kernel takes the least of, and the bytes they fill: see kernels/noise-level.ts. */
const NOISE_LINES = 4;
const LANES = 8;
export const NOISE_LINES_BYTES = NOISE_LINES * 2 * LANES * 2;
/** Counts at which the tangents touch. */
const FIRST_POINT = 32;
const POINT_RATIO = 8;
const WORD_MAX = 32767;
const SLOPE_ONE = 32768;

/**
 * Writes the tangents of `factor` × the noise into `lines`. A tangent steeper than 1 cannot be said: its
 * neighbour stands in for it, which expects more noise in the darkest pixels than there is.
 */
export function fillNoiseLines(lines: Int16Array, model: NoiseModel, factor: number): void {
  assert(lines.byteLength === NOISE_LINES_BYTES, "the lines fill their area");
  const { countsPerQuantum, readNoise } = model;
  const noise = (counts: number) => Math.sqrt(countsPerQuantum * counts + readNoise ** 2);
  let gentle: readonly [number, number] = [WORD_MAX, 0];
  for (let i = NOISE_LINES - 1; i >= 0; i--) {
    const counts = FIRST_POINT * POINT_RATIO ** i;
    const slope = Math.round((SLOPE_ONE * factor * countsPerQuantum) / (2 * noise(counts)));
    const offset = Math.round(factor * noise(counts) - (slope * counts) / SLOPE_ONE);
    // The tangent must stay a signed word at every level.
    if (offset + slope <= WORD_MAX) gentle = [offset, slope];
    lines.fill(gentle[0], i * 2 * LANES, (i * 2 + 1) * LANES);
    lines.fill(gentle[1], (i * 2 + 1) * LANES, (i * 2 + 2) * LANES);
  }
}
