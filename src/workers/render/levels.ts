// Stored pixels of any depth to 8-bit levels: sign, modality LUT, window and polarity in one table.

import { windowLevel } from "../pixel/window.ts";
import type { RenderRequest } from "./render-request.ts";

type Depth = Pick<RenderRequest, "bitsStored" | "signed" | "rescale" | "window" | "invert">;

/**
 * The level of every stored word of 16 (or 8) bits. Bits above Bits Stored are no part of the value
 * (PS3.5 §8.1.1) and are ignored.
 */
export function levelTable(depth: Depth, words: 256 | 65536): Uint8Array {
  const { bitsStored, signed, invert } = depth;
  const slope = depth.rescale?.slope ?? 1;
  const intercept = depth.rescale?.intercept ?? 0;
  const span = 2 ** bitsStored;
  const least = signed === true ? -span / 2 : 0;
  // PS3.3 C.11.2.1.2.1: a window over all values has its center half a value above the middle.
  const ends = [least * slope + intercept, (least + span - 1) * slope + intercept];
  const low = Math.min(...ends);
  const width = Math.max(...ends) - low + 1;
  const window = depth.window ?? { center: low + width / 2, width };
  const levels = new Uint8Array(words);
  for (let word = 0; word < words; word++) {
    const bits = word % span;
    const value = signed === true && bits >= span / 2 ? bits - span : bits;
    const level = windowLevel(value * slope + intercept, window);
    levels[word] = invert ? 255 - level : level;
  }
  return levels;
}

/** Looks every pixel up. */
export function applyLevels(pixels: Uint16Array | Uint8Array, levels: Uint8Array): Uint8Array {
  const out = new Uint8Array(pixels.length);
  for (let i = 0; i < out.length; i++) out[i] = levels[pixels[i] ?? 0] ?? 0;
  return out;
}

/** Three planes, one after the other, to pixels of three samples. */
export function interleave(planes: Uint8Array): Uint8Array {
  const size = planes.length / 3;
  const out = new Uint8Array(planes.length);
  for (let i = 0; i < size; i++)
    for (let sample = 0; sample < 3; sample++) out[i * 3 + sample] = planes[sample * size + i] ?? 0;
  return out;
}
