// A run's frame minus its mask, on the page: logarithms of the counts, zero in the middle of the range.

import type { PixelImage } from "./gl-window.ts";
import type { GreyWindow } from "./view.ts";

/** Where no difference lies among the values that are drawn. */
export const ZERO = 32_768;
/** Part of the pixels that the window of a difference shows at least; a narrower one shows noise alone. */
const SHOWN_PART = 0.995;
const WINDOW_WIDTH_MIN = 16;

/** Difference of two frames of one run. */
export function subtractImages(image: PixelImage, mask: PixelImage): PixelImage {
  const logarithm = image.linear ? logarithms(image.bitsStored) : null;
  const value = (word: number) => (logarithm === null ? word : (logarithm[word] ?? 0));
  const pixels = new Uint16Array(image.pixels.length);
  for (let i = 0; i < pixels.length; i++)
    pixels[i] = ZERO + value(image.pixels[i] ?? 0) - value(mask.pixels[i] ?? 0);
  return { ...image, pixels, bitsStored: 16, zero: ZERO, window: windowOf(pixels) };
}

/** Every value on a logarithmic scale of the same range. */
function logarithms(bitsStored: number): Uint16Array {
  const most = 2 ** bitsStored - 1;
  return Uint16Array.from({ length: 65_536 }, (_, value) =>
    Math.round((Math.log1p(Math.min(value, most)) / Math.log1p(most)) * most),
  );
}

/** Nearly all differences, about zero. */
function windowOf(pixels: Uint16Array): GreyWindow {
  const counts = new Uint32Array(ZERO + 1);
  for (const value of pixels) {
    const size = Math.abs(value - ZERO);
    counts[size] = (counts[size] ?? 0) + 1;
  }
  let size = 0;
  for (let sum = counts[0] ?? 0; sum < pixels.length * SHOWN_PART; sum += counts[size] ?? 0) size++;
  return { center: ZERO, width: Math.max(WINDOW_WIDTH_MIN, 2 * size + 1) };
}
