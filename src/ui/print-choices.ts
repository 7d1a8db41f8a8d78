// What the print dialog offers, and films made of what was chosen.

import type { Configuration, NewJob } from "../api/contract.ts";

type Film = Extract<NewJob, { type: "print" }>["films"][number];

/** Columns and rows of images on a film. */
export const LAYOUTS = [
  "1×1",
  "1×2",
  "2×1",
  "2×2",
  "2×3",
  "3×2",
  "3×3",
  "3×4",
  "4×4",
  "4×5",
] as const;
export type Layout = (typeof LAYOUTS)[number];

export const ORIENTATIONS = ["PORTRAIT", "LANDSCAPE"] as const;
export const COPIES_MAX = 99;

/** STANDARD\columns,rows (PS3.3 §C.13.3). */
export const displayFormat = (layout: Layout): string => `STANDARD\\${layout.replace("×", ",")}`;

export const imagesPerFilm = (layout: Layout): number =>
  layout.split("×").reduce((boxes, side) => boxes * Number(side), 1);

/** Sizes a printer is configured for; those every printer is assumed to have otherwise. */
export function filmSizesOf(configuration: Configuration | null, printerId: string): string[] {
  const printers = configuration?.["printers"] as
    | Record<string, { filmSizes?: Record<string, unknown> } | undefined>
    | undefined;
  return Object.keys(
    printers?.[printerId]?.filmSizes ?? {
      "14INX17IN": 0,
      "14INX14IN": 0,
      "10INX14IN": 0,
      "8INX10IN": 0,
    },
  );
}

/** "14INX17IN" → "14 × 17 in". */
export const filmSizeText = (id: string): string =>
  id.replace(/^(\d+)INX(\d+)IN$/, "$1 × $2 in").replace(/^(\d+)CMX(\d+)CM$/, "$1 × $2 cm");

/** The images in order, as many on each film as fit. */
export function filmsOf(
  images: readonly string[],
  layout: Layout,
  rest: Pick<Film, "orientation" | "filmSize" | "trueSize">,
): Film[] {
  const each = imagesPerFilm(layout);
  const count = Math.ceil(images.length / each);
  return Array.from({ length: count }, (_, film) => ({
    displayFormat: displayFormat(layout),
    images: images.slice(film * each, (film + 1) * each),
    ...rest,
  }));
}
