// Normal deviates made once: a frame takes millions of them, every row from another place.

import { Random } from "../../../core/random.ts";

export const NOISE_VALUES = 1 << 17;
let table: Float32Array | undefined;

/** NOISE_VALUES deviates and again the same, so that a row that begins among the first never wraps. */
export function noiseTable(): Float32Array {
  if (table === undefined) {
    const random = new Random(0x6e6f6973);
    table = new Float32Array(NOISE_VALUES * 2);
    for (let i = 0; i < NOISE_VALUES; i++) {
      const value = random.gaussian();
      table[i] = value;
      table[i + NOISE_VALUES] = value;
    }
  }
  return table;
}
