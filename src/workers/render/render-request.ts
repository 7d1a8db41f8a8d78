// A picture of a stored instance's frame, as the local interface shows it. Facts of the object come
// with the request, so that the thread needs no data set.

import type { StoredPixels, Subtraction } from "../../model/stored-pixels.ts";

/** Longest side of a rendered picture, pixels. */
export const RENDER_WIDTH_MAX = 8192;

export interface RenderRequest extends Omit<StoredPixels, "signed" | "planar"> {
  readonly signed?: boolean | undefined;
  readonly planar?: boolean | undefined;
  /** From 0. */
  readonly frame: number;
  /** Given: the difference to a mask is shown, and `window` is one of differences. */
  readonly subtraction?: Subtraction | undefined;
  /** Low values bright: MONOCHROME1. */
  readonly invert: boolean;
  /** Columns of the picture; never more than the frame has. */
  readonly width?: number | undefined;
}
