// The uncompressed pixels of a stored object, wherever they are looked at: on screen, on film.

export interface StoredPixels {
  /** Absolute path of the object's file. */
  readonly path: string;
  /** Where the little-endian pixel bytes begin in the file. */
  readonly pixelOffset: number;
  readonly columns: number;
  readonly rows: number;
  /** 1: monochrome; 3: RGB, 8 bits. */
  readonly samples: 1 | 3;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  /** Pixel Representation 1: two's complement. */
  readonly signed: boolean;
  /** Planar Configuration 1: all red, then all green, then all blue. */
  readonly planar: boolean;
  /** Modality LUT: what the window is given in. */
  readonly rescale?: { readonly slope: number; readonly intercept: number } | undefined;
  /** Linear window of monochrome pixels; all stored bits where absent. */
  readonly window?: { readonly center: number; readonly width: number } | undefined;
}

/** How a mask is taken off a frame. */
export interface Subtraction {
  /** The mask's number, from 0. */
  readonly frame: number;
  /** Moves the mask to the right and down by so many pixels: the patient moved. */
  readonly shift: { readonly x: number; readonly y: number };
  /** The stored values are linear in the counts, and their logarithm is taken; else they are logarithms. */
  readonly linear: boolean;
}
