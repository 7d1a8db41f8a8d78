// What is measured on: frames with a body in a beam, and a map of defects.

import type { Random } from "../../../src/core/random.ts";

/** Frames that are taken in turn: more than any cache holds. */
export const FRAMES = 6;
export const DEFECTS = 6000;

/** A body in a beam, with noise: neighbours are alike, as in a radiograph. */
export function fillWithScene(frame: Uint16Array, side: number, random: Random): void {
  const noise = Float32Array.from({ length: 8191 }, () => random.gaussian());
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const inside = (0.4 * side) ** 2 - (x - side / 2) ** 2 - (y - side / 2) ** 2;
      const level = inside <= 0 ? 12_000 : 12_000 * Math.exp((-8 * Math.sqrt(inside)) / side);
      frame[y * side + x] = 300 + level + (noise[(y * 31 + x) % 8191] ?? 0) * Math.sqrt(level);
    }
}

export function defectMap(pixels: number, random: Random): Uint16Array {
  const map = new Uint16Array(pixels);
  for (let i = 0; i < DEFECTS; i++) map[random.int(0, pixels - 1)] = 1;
  return map;
}
