// Turns the numbers of a foreign image into panel counts, which are proportional to dose. Pictures on
// a logarithmic scale span DECADES of dose between their darkest and brightest value: the device's
// logarithmic characteristic turns that back into a straight line, so that the picture looks as it
// did. The dose itself is made up.

import type { PixelMeaning } from "./frame-source.ts";

/** 14 bits. */
export const COUNTS_MAX = 16383;
/** Counts of the most exposed pixel of a logarithmic image: below saturation. */
export const TOP_COUNTS = 15_000;
/** Range of a logarithmic image; computed radiography spreads about two over its values. */
const DECADES = 2;

export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

export function rangeOf(values: Uint16Array): ValueRange {
  let low = 65535;
  let high = 0;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}

/**
 * Counts for each possible value. Values proportional to dose keep their zero and are brought to the
 * panel's bits: by the file's full scale, or, where that is unknown, only if they don't fit.
 */
export function countsByValue(meaning: PixelMeaning, { low, high }: ValueRange): Float32Array {
  const span = Math.max(1, high - low);
  const fullScale = meaning.fullScale ?? (high <= COUNTS_MAX ? COUNTS_MAX : 65535);
  return Float32Array.from({ length: 65536 }, (_, value) => {
    if (meaning.scale === "linear") {
      const exposed = meaning.risesWithDose ? value : fullScale - value;
      return Math.min(1, Math.max(0, exposed / fullScale)) * COUNTS_MAX;
    }
    const place = Math.min(1, Math.max(0, (value - low) / span));
    const exposed = meaning.risesWithDose ? place : 1 - place;
    return TOP_COUNTS * 10 ** (DECADES * (exposed - 1));
  });
}
