// A picture of a stored instance's frame, as the local interface shows it. Facts of the object come
// with the request, so that the thread needs no data set.

import type { PixelWindow } from "../pixel/window.ts";

/** Longest side of a rendered picture, pixels. */
export const RENDER_WIDTH_MAX = 8192;

export interface RenderRequest {
  readonly path: string;
  /** Where the uncompressed little-endian pixel bytes begin in the file. */
  readonly pixelOffset: number;
  readonly columns: number;
  readonly rows: number;
  /** 1: monochrome; 3: RGB, 8 bits. */
  readonly samples: 1 | 3;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  /** Pixel Representation 1: two's complement. */
  readonly signed?: boolean | undefined;
  /** Planar Configuration 1: all red, then all green, then all blue. */
  readonly planar?: boolean | undefined;
  /** From 0. */
  readonly frame: number;
  /** Modality LUT: what the window is given in. */
  readonly rescale?: { readonly slope: number; readonly intercept: number } | undefined;
  /** Linear window of monochrome pixels; all stored bits where absent. */
  readonly window?: PixelWindow | undefined;
  /** Low values bright: MONOCHROME1. */
  readonly invert: boolean;
  /** Columns of the picture; never more than the frame has. */
  readonly width?: number | undefined;
}
