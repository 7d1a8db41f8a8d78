// What the render thread can be asked for, and what it answers.

import type { FilmBoxPicture } from "../../model/film.ts";
import type { TextPage } from "./page.ts";
import type { RenderRequest } from "./render-request.ts";

/** Pixels of a picture that is taken in; a screen of 8K has 33 million. */
export const DECODED_PIXELS_MAX = 34_000_000;

/** Pixels row by row, one byte a sample, 1 or 3 samples interleaved. */
export interface RawPicture {
  readonly columns: number;
  readonly rows: number;
  readonly samples: 1 | 3;
  readonly pixels: Uint8Array;
}

export type RenderTask =
  | { readonly type: "frame"; readonly request: RenderRequest }
  | { readonly type: "page"; readonly page: TextPage }
  | { readonly type: "decode"; readonly png: Uint8Array }
  /** The bitmap is written into shared memory: boxes are large, and copies would be left behind. */
  | { readonly type: "film-box"; readonly box: FilmBoxPicture; readonly into: SharedArrayBuffer };

export type RenderAnswer =
  | { readonly type: "png"; readonly bytes: Uint8Array }
  | { readonly type: "composed" }
  | { readonly type: "picture"; readonly picture: RawPicture }
  /** What was to be decoded is no picture we take. */
  | { readonly type: "refused"; readonly reason: string };
