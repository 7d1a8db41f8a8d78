// Digital subtraction: a frame minus a mask frame of the same run, in logarithms of the counts, so that what
// both have in common is gone whatever its thickness. Zero is middle grey.

import type { Subtraction } from "../../model/stored-pixels.ts";
import { windowLevel } from "../pixel/window.ts";
import type { RenderRequest } from "./render-request.ts";

/** Part of the pixels whose difference a window of its own shows at least. */
const SHOWN_PART = 0.995;
/** Grey values; a narrower window shows noise alone. */
const WINDOW_WIDTH_MIN = 16;

type Depth = Pick<RenderRequest, "bitsStored" | "signed">;

/** Every word's place on a logarithmic scale of the same range, in whole values. */
export function logarithms({ bitsStored, signed }: Depth, linear: boolean): Int32Array {
  const span = 2 ** bitsStored;
  const most = span - 1;
  const values = new Int32Array(65536);
  for (let word = 0; word < values.length; word++) {
    const bits = word % span;
    const value = signed === true && bits >= span / 2 ? bits - span : bits;
    values[word] = linear
      ? Math.round((Math.log1p(Math.max(0, value)) / Math.log1p(most)) * most)
      : value;
  }
  return values;
}

/** Frame minus mask; the mask's edges are repeated where it was moved away. */
export function subtracted(
  frame: Uint16Array | Uint8Array,
  mask: Uint16Array | Uint8Array,
  columns: number,
  shift: Subtraction["shift"],
  values: Int32Array,
): Int32Array {
  const rows = frame.length / columns;
  const out = new Int32Array(frame.length);
  for (let y = 0; y < rows; y++) {
    const maskRow = Math.min(rows - 1, Math.max(0, y - shift.y)) * columns;
    for (let x = 0; x < columns; x++) {
      const at = y * columns + x;
      const maskAt = maskRow + Math.min(columns - 1, Math.max(0, x - shift.x));
      out[at] = (values[frame[at] ?? 0] ?? 0) - (values[mask[maskAt] ?? 0] ?? 0);
    }
  }
  return out;
}

/** A window about zero that shows nearly all differences. */
export function differenceWindow(differences: Int32Array): {
  readonly center: number;
  readonly width: number;
} {
  const counts = new Uint32Array(65536);
  for (const difference of differences) {
    const size = Math.min(65535, Math.abs(difference));
    counts[size] = (counts[size] ?? 0) + 1;
  }
  let size = 0;
  for (let sum = counts[0] ?? 0; sum < differences.length * SHOWN_PART; sum += counts[size] ?? 0)
    size++;
  return { center: 0, width: Math.max(WINDOW_WIDTH_MIN, 2 * size + 1) };
}

/** 8-bit levels of the difference; `window` in grey values about zero, its own where absent. */
export function differenceLevels(
  differences: Int32Array,
  window: RenderRequest["window"],
  invert: boolean,
): Uint8Array {
  const shown = window ?? differenceWindow(differences);
  const levels = new Uint8Array(differences.length);
  for (let i = 0; i < levels.length; i++) {
    const level = windowLevel(differences[i] ?? 0, shown);
    levels[i] = invert ? 255 - level : level;
  }
  return levels;
}
