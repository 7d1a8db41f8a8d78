// One image box of a film as a bitmap (PS3.3 §C.13.5): the frame windowed, what shutters and collimator
// hide made black, resampled to its place, annotation below. 8 bits, MONOCHROME2.

import sharp from "sharp";
import { assert } from "../../core/assert.ts";
import type { FilmBoxPicture, VisibleArea } from "../../model/film.ts";
import { annotationSvg } from "./annotation.ts";
import { frameLevels } from "./frame-levels.ts";

/** Fills `out`, which holds columns × rows bytes. @throws Error when the file cannot be read. */
export async function composeFilmBox(box: FilmBoxPicture, out: Uint8Array): Promise<void> {
  const { columns, rows, image, source, place, border, band } = box;
  assert(out.byteLength === columns * rows, "a bitmap is as large as its box");
  assert(place.left >= 0 && place.left + place.columns <= columns, "an image lies in its box");
  assert(place.top >= 0 && place.top + place.rows <= rows - band.height, "no image on the text");
  const samples = await frameLevels(image);
  const levels = image.samples === 3 ? grey(samples) : samples;
  hide(levels, image.columns, image.visible);
  const pixels = await resampled(levels, image, source, place);
  out.fill(border === "WHITE" ? 255 : 0);
  copy(pixels, place.columns, out, columns, place.left, place.top);
  if (band.height > 0) {
    const text = await drawn(annotationSvg(columns, band.height, band.lines, border));
    copy(text, columns, out, columns, 0, rows - band.height);
  }
}

/** The part of the levels that is printed, at its size on the film; as it is where that is the same. */
async function resampled(
  levels: Uint8Array,
  image: FilmBoxPicture["image"],
  source: FilmBoxPicture["source"],
  place: FilmBoxPicture["place"],
): Promise<Uint8Array> {
  const { left, top } = source;
  const picture = sharp(levels, {
    raw: { width: image.columns, height: image.rows, channels: 1 },
  }).extract({ left, top, width: source.columns, height: source.rows });
  const sized =
    place.columns === source.columns && place.rows === source.rows
      ? picture
      : picture.resize({
          width: place.columns,
          height: place.rows,
          fit: "fill",
          kernel: "lanczos3",
        });
  return sized.toColourspace("b-w").raw().toBuffer();
}

async function drawn(svg: string): Promise<Uint8Array> {
  return sharp(Buffer.from(svg)).removeAlpha().toColourspace("b-w").raw().toBuffer();
}

/** Luma of RGB pixels (ITU-R BT.601), rounded. */
function grey(samples: Uint8Array): Uint8Array {
  const out = new Uint8Array(samples.length / 3);
  for (let i = 0, at = 0; i < out.length; i++, at += 3)
    out[i] =
      ((samples[at] ?? 0) * 299 +
        (samples[at + 1] ?? 0) * 587 +
        (samples[at + 2] ?? 0) * 114 +
        500) /
      1000;
  return out;
}

function copy(
  from: Uint8Array,
  width: number,
  to: Uint8Array,
  toWidth: number,
  left: number,
  top: number,
): void {
  for (let row = 0; row * width < from.length; row++)
    to.set(from.subarray(row * width, (row + 1) * width), (top + row) * toWidth + left);
}

/** Makes black what lies outside of any of the areas (PS3.3 §C.7.6.11). */
export function hide(levels: Uint8Array, columns: number, areas: readonly VisibleArea[]): void {
  const rows = levels.length / columns;
  for (const area of areas)
    for (let row = 0; row < rows; row++) {
      const line = levels.subarray(row * columns, (row + 1) * columns);
      let from = 0;
      for (const [left, right] of spans(area, row)) {
        line.fill(0, from, Math.max(from, Math.min(columns, left)));
        from = Math.max(from, right + 1);
      }
      line.fill(0, Math.min(from, columns));
    }
}

/** First and last visible column of a row, left to right; none where all of it is hidden. */
function spans(area: VisibleArea, row: number): readonly (readonly [number, number])[] {
  switch (area.shape) {
    case "rectangle":
      return row < area.top || row > area.bottom ? [] : [[area.left, area.right]];
    case "circle": {
      const half = area.radius ** 2 - (row - area.row) ** 2;
      if (half < 0) return [];
      const reach = Math.sqrt(half);
      return [[Math.ceil(area.column - reach), Math.floor(area.column + reach)]];
    }
    case "polygon":
      return crossings(area.corners, row);
  }
}

/** Even-odd rule: between every two crossings of the row's middle with the outline. */
function crossings(corners: readonly number[], row: number): [number, number][] {
  const at: number[] = [];
  const count = corners.length / 2;
  for (let i = 0; i < count; i++) {
    const [x0 = 0, y0 = 0] = corners.slice(i * 2);
    const next = ((i + 1) % count) * 2;
    const [x1 = 0, y1 = 0] = corners.slice(next);
    // Half open, so that a corner on the row is counted once.
    if (y0 <= row !== y1 <= row) at.push(x0 + ((row - y0) / (y1 - y0)) * (x1 - x0));
  }
  at.sort((a, b) => a - b);
  const pairs: [number, number][] = [];
  for (let i = 0; i + 1 < at.length; i += 2)
    pairs.push([Math.ceil(at[i] ?? 0), Math.floor(at[i + 1] ?? 0)]);
  return pairs;
}
