// The filters of runs said again in plain JavaScript, one pixel at a time. Nothing here is shared with the
// code under test.

import type { Frame } from "./oracle.ts";

const held = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
const word = (value: number) => held(value, -32768, 32767);
/** The rounding product of two numbers in 1.15 fixed point. */
const product15 = (a: number, b: number) => word(Math.floor((a * b + 16384) / 32768));

/** Offset and slope of a tangent. */
export type Tangent = readonly [number, number];

function noise(counts: number, tangents: readonly Tangent[]): number {
  const level = Math.min(counts, 32767);
  return Math.min(32767, ...tangents.map(([at, slope]) => word(at + product15(slope, level))));
}

const at = ({ pixels, columns, rows }: Frame, x: number, y: number) =>
  pixels[held(y, 0, rows - 1) * columns + held(x, 0, columns - 1)] ?? 0;

export function recursive(
  now: Frame,
  past: Frame,
  keep: number,
  tangents: readonly Tangent[],
): Uint16Array {
  const { columns, rows } = now;
  const out = new Uint16Array(columns * rows);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let dy = -1; dy <= 1; dy++)
        for (let dx = -1; dx <= 1; dx++)
          sum += held(at(now, x + dx, y + dy) - at(past, x + dx, y + dy), -3640, 3640);
      const own = at(now, x, y);
      const before = at(past, x, y);
      const level = noise(before, tangents);
      const excess = Math.max(0, Math.abs(sum) - Math.min(32767, 2 * level + (level >> 2)));
      const bound = Math.max(0, level - product15(excess, 14564));
      const kept = product15(word(own - before), keep);
      out[y * columns + x] = own - held(kept, -bound, bound);
    }
  return out;
}

const halfway = (a: number, b: number) => (a + b + 1) >> 1;
const smooth = (a: number, b: number, c: number) => halfway(halfway(a, c), b);
const smooth5 = ([a, b, c, d, e]: readonly [number, number, number, number, number]) =>
  smooth(smooth(a, b, c), smooth(b, c, d), smooth(c, d, e));

export function edge(now: Frame, gain: number, tangents: readonly Tangent[]): Uint16Array {
  const { columns, rows } = now;
  const five = (of: (i: number) => number) =>
    smooth5([of(-2), of(-1), of(0), of(1), of(2)] as const);
  const upright = new Uint16Array(columns * rows);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) upright[y * columns + x] = five((i) => at(now, x, y + i));
  const out = new Uint16Array(columns * rows);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const mean = five((i) => at({ pixels: upright, columns, rows }, x + i, y));
      const own = at(now, x, y);
      const detail = word(own - mean);
      const level = noise(mean, tangents);
      const beyond = detail - held(detail, -level, level);
      const more = word((beyond * gain + 2048) >> 12);
      out[y * columns + x] = held(own - 32768 + more, -32768, 32767) + 32768;
    }
  return out;
}
