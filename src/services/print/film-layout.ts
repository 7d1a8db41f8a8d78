// How a film is divided and where an image goes in its box: pixel matrices, pitch, fit or true size
// (PS3.3 §C.13.3, §C.13.5). Pure.

import {
  FILM_SIZES,
  type FilmBoxPicture,
  type FilmLayout,
  type VisibleArea,
} from "../../model/film.ts";

/** Height of a line of annotation on the film. */
const LINE_MM = 3.2;
/** Part of a box that the annotation may take; small boxes have small letters. */
const BAND_SHARE_MAX = 0.12;
/** Lines less high than this cannot be read; the box then has none. */
const LINE_PIXELS_MIN = 7;

export interface Extent {
  readonly columns: number;
  readonly rows: number;
}

/** Columns and rows of pixels of a film upright, as the printer's configuration gives them. */
export type FilmMatrix = readonly [columns: number, rows: number];

/** The film as it is looked at, in pixels. */
export function filmExtent([columns, rows]: FilmMatrix, orientation: string): Extent {
  return orientation === "LANDSCAPE" ? { columns: rows, rows: columns } : { columns, rows };
}

/** One image box in pixels; of even width, so that its bitmap has an even number of bytes. */
export function boxExtent(film: Extent, layout: FilmLayout): Extent {
  return {
    columns: Math.floor(film.columns / layout.columns / 2) * 2,
    rows: Math.floor(film.rows / layout.rows),
  };
}

/**
 * Distance of the printer's pixels in mm: as configured, else from the film's nominal size, of which
 * a printer uses a little less. Null for a size that is in no table.
 */
export function printerPitchMm(
  filmSize: string,
  [columns, rows]: FilmMatrix,
  configuredMm: number | undefined,
): number | null {
  if (configuredMm !== undefined) return configuredMm;
  const size = FILM_SIZES.find(({ id }) => id === filmSize);
  return size === undefined ? null : Math.min(size.widthMm / columns, size.heightMm / rows);
}

/** Rows of annotation at the foot of a box. */
export function bandHeight(box: Extent, pitchMm: number, lines: number): number {
  if (lines === 0) return 0;
  const wanted = Math.round(LINE_MM / pitchMm);
  const line = Math.min(wanted, Math.floor((box.rows * BAND_SHARE_MAX) / lines));
  return line < LINE_PIXELS_MIN ? 0 : line * lines;
}

/** Millimetres between the middles of two pixels at the detector: down and across (0018,1164). */
export interface Spacing {
  readonly rowMm: number;
  readonly columnMm: number;
}

export type Placed =
  | ({ readonly kind: "placed" } & Pick<FilmBoxPicture, "source" | "place"> & {
        /** Size on film by size at the detector; null where nobody knows the latter. */
        readonly scale: number | null;
      })
  | { readonly kind: "does-not-fit"; readonly neededMm: Size; readonly roomMm: Size }
  | { readonly kind: "unknown-size" };

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface PlacedImage extends Extent {
  readonly spacing?: Spacing | undefined;
  readonly visible: readonly VisibleArea[];
}

/** The whole image as large as it goes, its proportions kept. */
export function fit(image: PlacedImage, room: Extent, pitchMm: number): Placed {
  const { rowMm, columnMm } = image.spacing ?? { rowMm: 1, columnMm: 1 };
  const width = image.columns * columnMm;
  const height = image.rows * rowMm;
  const perMm = Math.min(room.columns / width, room.rows / height);
  const columns = clamp(Math.round(width * perMm), 1, room.columns);
  const rows = clamp(Math.round(height * perMm), 1, room.rows);
  return {
    kind: "placed",
    source: { left: 0, top: 0, columns: image.columns, rows: image.rows },
    place: centered({ columns, rows }, room),
    scale: image.spacing === undefined ? null : perMm * pitchMm,
  };
}

/** What is visible of the image, a millimetre at the detector being a millimetre on the film. */
export function trueSize(image: PlacedImage, room: Extent, pitchMm: number): Placed {
  if (image.spacing === undefined) return { kind: "unknown-size" };
  const { rowMm, columnMm } = image.spacing;
  const source = visibleBounds(image, image.visible);
  const columns = Math.max(1, Math.round((source.columns * columnMm) / pitchMm));
  const rows = Math.max(1, Math.round((source.rows * rowMm) / pitchMm));
  if (columns > room.columns || rows > room.rows)
    return {
      kind: "does-not-fit",
      neededMm: { width: source.columns * columnMm, height: source.rows * rowMm },
      roomMm: { width: room.columns * pitchMm, height: room.rows * pitchMm },
    };
  return { kind: "placed", source, place: centered({ columns, rows }, room), scale: 1 };
}

function centered({ columns, rows }: Extent, room: Extent): FilmBoxPicture["place"] {
  return {
    left: Math.floor((room.columns - columns) / 2),
    top: Math.floor((room.rows - rows) / 2),
    columns,
    rows,
  };
}

/** The smallest rectangle of pixels that holds all that is visible; at least one pixel. */
export function visibleBounds(
  image: Extent,
  areas: readonly VisibleArea[],
): FilmBoxPicture["source"] {
  let [left, top, right, bottom] = [0, 0, image.columns - 1, image.rows - 1];
  for (const area of areas) {
    const [l, t, r, b] = boundsOf(area);
    left = Math.max(left, l);
    top = Math.max(top, t);
    right = Math.min(right, r);
    bottom = Math.min(bottom, b);
  }
  left = clamp(left, 0, image.columns - 1);
  top = clamp(top, 0, image.rows - 1);
  return {
    left,
    top,
    columns: Math.max(1, right - left + 1),
    rows: Math.max(1, bottom - top + 1),
  };
}

function boundsOf(area: VisibleArea): [number, number, number, number] {
  switch (area.shape) {
    case "rectangle":
      return [area.left, area.top, area.right, area.bottom];
    case "circle":
      return [
        Math.ceil(area.column - area.radius),
        Math.ceil(area.row - area.radius),
        Math.floor(area.column + area.radius),
        Math.floor(area.row + area.radius),
      ];
    case "polygon": {
      const columns = area.corners.filter((_, i) => i % 2 === 0);
      const rows = area.corners.filter((_, i) => i % 2 === 1);
      return [Math.min(...columns), Math.min(...rows), Math.max(...columns), Math.max(...rows)];
    }
  }
}

const clamp = (n: number, least: number, most: number) => Math.min(most, Math.max(least, n));
