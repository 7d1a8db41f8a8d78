// A film sheet: its sizes, its layout, and one image box of it as it is to be composed
// (PS3.3 §C.13.3, §C.13.5). Pure.

import type { StoredPixels } from "./stored-pixels.ts";

/** Nominal sizes of the films of Table 4.2-74, portrait; an inch is 25.4 mm. */
export const FILM_SIZES = [
  { id: "14INX17IN", widthMm: 355.6, heightMm: 431.8 },
  { id: "14INX14IN", widthMm: 355.6, heightMm: 355.6 },
  { id: "10INX14IN", widthMm: 254, heightMm: 355.6 },
  { id: "8INX10IN", widthMm: 203.2, heightMm: 254 },
] as const;

/** Columns and rows of boxes that a film is divided into, each at most. */
export const LAYOUT_SIDE_MAX = 8;

/** STANDARD\columns,rows: equal boxes, row by row from the upper left (PS3.3 §C.13.3.1). */
export interface FilmLayout {
  readonly columns: number;
  readonly rows: number;
}

/** Null where the text is no such format or has more than {@link LAYOUT_SIDE_MAX} boxes a side. */
export function parseDisplayFormat(text: string): FilmLayout | null {
  const [, c, r] = /^STANDARD\\(\d{1,2}),(\d{1,2})$/.exec(text) ?? [];
  const columns = Number(c);
  const rows = Number(r);
  const fits = (n: number) => n >= 1 && n <= LAYOUT_SIDE_MAX;
  return fits(columns) && fits(rows) ? { columns, rows } : null;
}

/** What an image shows: only what lies inside all of these; edges in pixels from 0, inclusive. */
export type VisibleArea =
  | {
      readonly shape: "rectangle";
      readonly left: number;
      readonly right: number;
      readonly top: number;
      readonly bottom: number;
    }
  | {
      readonly shape: "circle";
      readonly column: number;
      readonly row: number;
      readonly radius: number;
    }
  /** Corners, column and row in turn. */
  | { readonly shape: "polygon"; readonly corners: readonly number[] };

/** Stored pixels of one frame and how they are looked at. */
export interface FilmImage extends StoredPixels {
  /** From 0. */
  readonly frame: number;
  readonly invert: boolean;
  /** Shutters and collimator edges; outside of any of them the film is black. */
  readonly visible: readonly VisibleArea[];
}

/** One image box as an 8-bit bitmap of `columns` × `rows`. */
export interface FilmBoxPicture {
  readonly columns: number;
  readonly rows: number;
  readonly image: FilmImage;
  /** Part of the image that is printed, in its pixels. */
  readonly source: {
    readonly left: number;
    readonly top: number;
    readonly columns: number;
    readonly rows: number;
  };
  /** Where it goes in the box, resampled to that size. */
  readonly place: {
    readonly left: number;
    readonly top: number;
    readonly columns: number;
    readonly rows: number;
  };
  /** What surrounds the image. */
  readonly border: "BLACK" | "WHITE";
  /** Annotation below the image: `height` rows at the foot of the box. */
  readonly band: { readonly height: number; readonly lines: readonly string[] };
}
