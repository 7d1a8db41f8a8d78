// How films are divided: sizes, orientations, layouts, true size. Pure figures.

import { describe, expect, test } from "bun:test";
import { parseConfiguration, printerOf } from "../../../src/config/configuration.ts";
import { FILM_BOX_ATTRIBUTES } from "../../../src/dicom/ae/print/attributes.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { FILM_SIZES, LAYOUT_SIDE_MAX, parseDisplayFormat } from "../../../src/model/film.ts";
import {
  bandHeight,
  boxExtent,
  filmExtent,
  printerPitchMm,
  visibleBounds,
} from "../../../src/services/print/film-layout.ts";

const parsed = parseConfiguration({});
if (!parsed.ok) throw new Error("no configuration");
const PRINTER = printerOf(parsed.configuration, "any");

test("the four films of Table 4.2-74 are known by size, and every printer has them at first", () => {
  const stated = FILM_BOX_ATTRIBUTES.rows.find(({ tag }) => tag === Tag.FilmSizeID)?.allowed;
  expect(FILM_SIZES.map(({ id }) => id as string)).toEqual([...(stated ?? [])]);
  expect(Object.keys(PRINTER.filmSizes).sort()).toEqual([...(stated ?? [])].sort());
});

test("nominal pitches of the default films are near each other", () => {
  for (const [size, matrix] of Object.entries(PRINTER.filmSizes)) {
    const pitch = printerPitchMm(size, matrix, undefined);
    expect(pitch).toBeGreaterThan(0.08);
    expect(pitch).toBeLessThan(0.1);
  }
  expect(printerPitchMm("14INX17IN", [4096, 5120], 0.0785)).toBe(0.0785);
  expect(printerPitchMm("24CMX30CM", [2048, 2560], undefined)).toBeNull();
});

describe("boxes", () => {
  for (const [size, matrix] of Object.entries(PRINTER.filmSizes))
    for (const orientation of ["PORTRAIT", "LANDSCAPE"])
      test(`of every layout lie on ${size} ${orientation} and have an even width`, () => {
        const film = filmExtent(matrix, orientation);
        expect(film.columns <= film.rows).toBe(
          orientation === "PORTRAIT" || matrix[0] === matrix[1],
        );
        for (let columns = 1; columns <= LAYOUT_SIDE_MAX; columns++)
          for (let rows = 1; rows <= LAYOUT_SIDE_MAX; rows++) {
            const box = boxExtent(film, { columns, rows });
            expect(box.columns % 2).toBe(0);
            expect(box.columns * columns).toBeLessThanOrEqual(film.columns);
            expect(box.columns * columns).toBeGreaterThan(film.columns - 2 * columns);
            expect(box.rows * rows).toBeLessThanOrEqual(film.rows);
            expect(box.rows * rows).toBeGreaterThan(film.rows - rows);
            // Every box of the default films has letters that can be read.
            expect(bandHeight(box, 0.09, 3)).toBeGreaterThanOrEqual(21);
          }
      });
});

test("display formats other than STANDARD with 1 to 8 columns and rows are none", () => {
  expect(parseDisplayFormat("STANDARD\\3,4")).toEqual({ columns: 3, rows: 4 });
  for (const text of ["STANDARD\\0,1", "STANDARD\\9,1", "ROW\\2", "STANDARD", "STANDARD\\1,1 "])
    expect(parseDisplayFormat(text)).toBeNull();
});

test("what several shutters leave is their common part, never less than a pixel", () => {
  const image = { columns: 100, rows: 80 };
  const left = { shape: "rectangle", left: 10, right: 60, top: -5, bottom: 200 } as const;
  const circle = { shape: "circle", column: 50, row: 40, radius: 20 } as const;
  expect(visibleBounds(image, [])).toEqual({ left: 0, top: 0, columns: 100, rows: 80 });
  expect(visibleBounds(image, [left, circle])).toEqual({
    left: 30,
    top: 20,
    columns: 31,
    rows: 41,
  });
  const apart = { shape: "rectangle", left: 500, right: 600, top: 0, bottom: 10 } as const;
  expect(visibleBounds(image, [apart])).toMatchObject({ left: 99, columns: 1 });
});
