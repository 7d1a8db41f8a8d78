// One image of a film request to the image box that is to be composed, for one printer. Says in words
// a technician can act on why it cannot be.

import type { Printer } from "../../config/configuration.ts";
import { decimalText } from "../../model/dose.ts";
import { type FilmBoxPicture, parseDisplayFormat } from "../../model/film.ts";
import type { PrintFilm, PrintImage } from "../../model/job.ts";
import type { FilmFacts } from "./film-facts.ts";
import {
  bandHeight,
  boxExtent,
  type Extent,
  filmExtent,
  fit,
  printerPitchMm,
  trueSize,
} from "./film-layout.ts";

/** A film as its printer sees it. */
export interface FilmSheet {
  readonly film: PrintFilm;
  readonly boxes: number;
  readonly box: Extent;
  readonly pitchMm: number;
}

export type Planned<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      /** Field of the film that is wrong. */
      readonly field: "displayFormat" | "filmSize" | "images" | "trueSize";
      readonly reason: string;
    };

/** Lines of annotation: patient, study, picture. */
const LINES = 3;

export function planSheet(film: PrintFilm, printer: Printer): Planned<FilmSheet> {
  const layout = parseDisplayFormat(film.displayFormat);
  if (layout === null)
    return wrong("displayFormat", `${film.displayFormat} is no layout of 1 to 8 columns and rows`);
  const matrix = printer.filmSizes[film.filmSize];
  if (matrix === undefined)
    return wrong(
      "filmSize",
      `the printer has no films ${film.filmSize}; it has ${Object.keys(printer.filmSizes).join(", ")}`,
    );
  const pitchMm = printerPitchMm(film.filmSize, matrix, printer.pixelPitchMm);
  if (pitchMm === null)
    return wrong("filmSize", `nobody knows how large a film ${film.filmSize} is`);
  const boxes = layout.columns * layout.rows;
  const { length } = film.images;
  if (length < 1 || length > boxes)
    return wrong("images", `${film.displayFormat} takes 1 to ${boxes} images, not ${length}`);
  const box = boxExtent(filmExtent(matrix, film.orientation), layout);
  return { ok: true, value: { film, boxes, box, pitchMm } };
}

export function planBox(
  sheet: FilmSheet,
  image: PrintImage,
  facts: FilmFacts,
  printer: Printer,
): Planned<FilmBoxPicture> {
  const { picture } = facts;
  const frame = image.frame ?? 1;
  if (frame > picture.numberOfFrames)
    return wrong(
      "images",
      `${image.sopInstanceUid} has ${picture.numberOfFrames} frames, there is no frame ${frame}`,
    );
  const height = bandHeight(sheet.box, sheet.pitchMm, LINES);
  const room = { columns: sheet.box.columns, rows: sheet.box.rows - height };
  const placed = (sheet.film.trueSize === true ? trueSize : fit)(
    {
      columns: picture.columns,
      rows: picture.rows,
      spacing: facts.spacing,
      visible: facts.visible,
    },
    room,
    sheet.pitchMm,
  );
  if (placed.kind === "unknown-size")
    return wrong(
      "trueSize",
      `${image.sopInstanceUid} does not tell the size of its pixels; print it without true size`,
    );
  if (placed.kind === "does-not-fit")
    return wrong(
      "trueSize",
      `${image.sopInstanceUid} is ${sizeText(placed.neededMm)} and its box ${sizeText(placed.roomMm)}; take a larger film, fewer images on it, or print without true size`,
    );
  const window = picture.samples === 3 ? undefined : (image.window ?? picture.window);
  const { numberOfFrames, photometric, ...pixels } = picture;
  return {
    ok: true,
    value: {
      ...sheet.box,
      image: {
        ...pixels,
        frame: frame - 1,
        window,
        invert: (photometric === "MONOCHROME1") !== (image.invert === true),
        visible: facts.visible,
      },
      source: placed.source,
      place: placed.place,
      border: printer.borderDensity === "WHITE" ? "WHITE" : "BLACK",
      band: {
        height,
        lines:
          height === 0
            ? []
            : [...facts.lines, lastLine(facts, window, placed.scale, frame, numberOfFrames)],
      },
    },
  };
}

function lastLine(
  facts: FilmFacts,
  window: { readonly center: number; readonly width: number } | undefined,
  scale: number | null,
  frame: number,
  frames: number,
): string {
  const parts = [
    facts.view,
    window === undefined
      ? ""
      : `C ${decimalText(window.center, 1)} W ${decimalText(window.width, 1)}`,
    scale === null ? "" : `Scale ${(scale * 100).toFixed(0)} %`,
    frames > 1 ? `Frame ${frame}/${frames}` : "",
  ];
  return parts.filter((part) => part !== "").join("   ");
}

const sizeText = ({ width, height }: { width: number; height: number }) =>
  `${width.toFixed(0)} × ${height.toFixed(0)} mm`;

const wrong = (field: Exclude<Planned<never>, { ok: true }>["field"], reason: string) =>
  ({ ok: false, field, reason }) as const;
