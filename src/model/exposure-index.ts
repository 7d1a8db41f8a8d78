// Exposure index of a single radiograph, IEC 62494-1: the dose at the image receptor in the relevant
// region of the picture, times 100 per µGy; the deviation index compares it with the target.

import type { Gy } from "./units.ts";

/** c0 of IEC 62494-1: exposure index per µGy of receptor air kerma at the calibration beam (RQA 5). */
export const EXPOSURE_INDEX_PER_UGY = 100;
const UGY_PER_GY = 1e6;

/** Part of the region's histogram left out at each end, in 1/1000: collimator edges, direct beam. */
export const REGION_CUT_PERMILLE = 50;

export interface ExposureIndexResult {
  /** EI, a whole number. */
  readonly index: number;
  /** EI_T of the protocol. */
  readonly target?: number | undefined;
  /** DI, to one decimal; +1 is 26 % too much, −1 is 21 % too little. */
  readonly deviation?: number | undefined;
}

/** Receptor dose of a linear panel: mean counts above offset over the counts one gray makes. */
export function receptorDose(meanCounts: number, countsPerGy: number): Gy {
  return (Math.max(0, meanCounts) / countsPerGy) as Gy;
}

/**
 * Exposure index from the receptor dose, and the deviation where the protocol has a target.
 * The deviation is left out for a dose of zero, where it has no value.
 */
export function exposureIndex(dose: Gy, target?: number): ExposureIndexResult {
  const exact = EXPOSURE_INDEX_PER_UGY * dose * UGY_PER_GY;
  const index = Math.round(exact);
  if (target === undefined || target <= 0) return { index };
  if (exact <= 0) return { index, target };
  const deviation = Math.round(100 * Math.log10(exact / target)) / 10;
  return { index, target, deviation: deviation === 0 ? 0 : deviation };
}

/**
 * Mean count of the image-relevant region, from the histogram of the offset- and gain-corrected,
 * still linear picture (bin = count value). Each end is cut by `cutPermille` of the pixels.
 */
export function relevantRegionMean(
  histogram: ArrayLike<number>,
  cutPermille = REGION_CUT_PERMILLE,
): number {
  let total = 0;
  for (let bin = 0; bin < histogram.length; bin++) total += histogram[bin] ?? 0;
  const cut = (total * cutPermille) / 1000;
  let below = 0;
  let weight = 0;
  let sum = 0;
  for (let bin = 0; bin < histogram.length; bin++) {
    const count = histogram[bin] ?? 0;
    const from = Math.max(below, cut);
    const to = Math.min(below + count, total - cut);
    if (to > from) {
      weight += to - from;
      sum += (to - from) * bin;
    }
    below += count;
  }
  return weight === 0 ? 0 : sum / weight;
}
