// One film per layout to look at: test/golden/films. Images must be the golden ones within a grey level
// (another libvips may round otherwise); letters depend on the machine's fonts and need only be there.
// UPDATE_GOLDEN=1 writes them anew.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { env } from "node:process";
import sharp from "sharp";
import { parseConfiguration, printerOf } from "../../../src/config/configuration.ts";
import { parseDisplayFormat } from "../../../src/model/film.ts";
import type { PrintFilm } from "../../../src/model/job.ts";
import { displayFormat, LAYOUTS } from "../../../src/ui/print-choices.ts";
import { type Bitmap, type FilmTable, filmOf, filmTable } from "./film-table.ts";

const FOLDER = join(import.meta.dir, "..", "..", "golden", "films");
const writing = env["UPDATE_GOLDEN"] === "1";

const parsed = parseConfiguration({});
if (!parsed.ok) throw new Error("no configuration");
/** Coarse films, so that the pictures are small; letters as on a film of 150 mm. */
const PRINTER = {
  ...printerOf(parsed.configuration, ""),
  filmSizes: { "14INX17IN": [420, 510], "8INX10IN": [384, 480] } as Record<
    string,
    [number, number]
  >,
  pixelPitchMm: 0.3,
};

const IMAGES = ["1.1", "1.2", "1.3", "1.4"];
let table: FilmTable;
beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true });
  table = await filmTable();
  const hide = { window: [8192, 16384] } as const;
  await table.image("1.1", { window: [8192, 16384], spacingMm: 0.148 });
  await table.image("1.2", { ...hide, photometric: "MONOCHROME1", name: "Smith^John" });
  await table.image("1.3", { columns: 420, rows: 300, window: [6000, 5000], spacingMm: 0.2 });
  await table.image("1.4", { photometric: "RGB", frames: 1 });
});
afterAll(() => table[Symbol.asyncDispose]());

const FILMS: [string, PrintFilm][] = LAYOUTS.flatMap((choice): [string, PrintFilm][] => {
  const layout = displayFormat(choice);
  const { columns = 1, rows = 1 } = parseDisplayFormat(layout) ?? {};
  const images = Array.from({ length: columns * rows }, (_, i) => IMAGES[i % 4] ?? "");
  const film = filmOf(layout, images, { filmSize: "14INX17IN" });
  const name = `${columns}x${rows}`;
  return [
    [`${name}-portrait`, film],
    ...(columns === rows && columns !== 2
      ? []
      : [[`${name}-landscape`, { ...film, orientation: "LANDSCAPE" }] as [string, PrintFilm]]),
  ];
});
FILMS.push([
  "true-size",
  filmOf("STANDARD\\1,2", ["1.1", "1.3"], { filmSize: "14INX17IN", trueSize: true }),
]);

for (const [name, film] of FILMS)
  test(`the film ${name} is the golden one`, async () => {
    const path = join(FOLDER, `${name}.png`);
    const sheet = await table.film(film, PRINTER);
    const raw = { width: sheet.columns, height: sheet.rows, channels: 1 } as const;
    if (writing)
      await sharp(sheet.pixels, { raw })
        .toColourspace("b-w")
        .png({ compressionLevel: 9, effort: 10 })
        .toFile(path);
    const golden = await sharp(path).toColourspace("b-w").raw().toBuffer();
    expect(golden.length).toBe(sheet.pixels.length);
    const { boxes, sheet: plan } = await table.plan(film, PRINTER);
    const across = parseDisplayFormat(film.displayFormat)?.columns ?? 1;
    let wrong = 0;
    for (const [index, box] of boxes.entries()) {
      const left = (index % across) * plan.box.columns;
      const top = Math.floor(index / across) * plan.box.rows;
      for (let row = 0; row < box.rows - box.band.height; row++)
        for (let column = 0; column < box.columns; column++) {
          const at = (top + row) * sheet.columns + left + column;
          if (Math.abs((sheet.pixels[at] ?? 0) - (golden[at] ?? 0)) > 1) wrong++;
        }
      if (box.band.height > 0) expect(ink(sheet, left, top, box)).toBeGreaterThan(30);
    }
    expect(wrong).toBe(0);
  });

/** Bright pixels of the annotation of a box. */
function ink(
  sheet: Bitmap,
  left: number,
  top: number,
  box: { columns: number; rows: number; band: { height: number } },
): number {
  let count = 0;
  for (let row = box.rows - box.band.height; row < box.rows; row++)
    for (let column = 0; column < box.columns; column++)
      if ((sheet.pixels[(top + row) * sheet.columns + left + column] ?? 0) > 100) count++;
  return count;
}
