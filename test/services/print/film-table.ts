// Films composed by the real render thread out of real files, and what DCMTK makes of the same image.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { printerOf } from "../../../src/config/configuration.ts";
import { memorySource } from "../../../src/core/byte-source.ts";
import { type FilmBoxPicture, parseDisplayFormat } from "../../../src/model/film.ts";
import type { InstanceRecord } from "../../../src/model/instance.ts";
import type { PrintFilm, PrintImage } from "../../../src/model/job.ts";
import { type FilmSheet, planBox, planSheet } from "../../../src/services/print/compose-plan.ts";
import { type FilmFacts, readFilmFacts } from "../../../src/services/print/film-facts.ts";
import { filmExtent } from "../../../src/services/print/film-layout.ts";
import { RenderClient } from "../../../src/workers/render/render-client.ts";
import { run } from "../../peers/program.ts";
import { fileOf, type ImageOptions, imageObject } from "./film-images.ts";

export type Printer = ReturnType<typeof printerOf>;

export interface Bitmap {
  readonly columns: number;
  readonly rows: number;
  readonly pixels: Uint8Array;
}

export interface FilmTable extends AsyncDisposable {
  readonly renderer: RenderClient;
  /** Writes an image and tells its path. */
  image(sop: string, options?: ImageOptions): Promise<string>;
  facts(sop: string): Promise<FilmFacts>;
  plan(film: PrintFilm, printer: Printer): Promise<{ sheet: FilmSheet; boxes: FilmBoxPicture[] }>;
  compose(box: FilmBoxPicture): Promise<Bitmap>;
  /** The sheet with all its boxes, as the printer would lay them out. */
  film(film: PrintFilm, printer: Printer): Promise<Bitmap>;
  /** What DCMTK's dcm2pnm shows of the image. */
  dcm2pnm(sop: string, ...switches: readonly string[]): Promise<Bitmap>;
}

export async function filmTable(): Promise<FilmTable> {
  const folder = await mkdtemp(join(tmpdir(), "udr-film-"));
  const renderer = new RenderClient();
  const records = new Map<string, InstanceRecord>();
  const files = new Map<string, Uint8Array>();
  const pathOf = (sop: string) => join(folder, `${sop}.dcm`);
  const storage = {
    filePath: (record: InstanceRecord) => pathOf(record.sopInstanceUid),
    source: (record: InstanceRecord) =>
      memorySource(files.get(record.sopInstanceUid) ?? new Uint8Array()),
  };
  const table: FilmTable = {
    renderer,
    async image(sop, options = {}) {
      const object = imageObject(sop, options);
      const file = fileOf(object);
      files.set(sop, file);
      const record = { ...object.instance, path: "", fileBytes: file.byteLength };
      records.set(sop, { ...record, pixelOffset: object.header.byteLength, pixelBytes: 1 });
      await writeFile(pathOf(sop), file);
      return pathOf(sop);
    },
    async facts(sop) {
      const record = records.get(sop);
      const facts = record === undefined ? null : await readFilmFacts(storage, record);
      if (facts === null) throw new Error(`${sop} has no picture`);
      return facts;
    },
    async plan(film, printer) {
      const sheet = planSheet(film, printer);
      if (!sheet.ok) throw new Error(sheet.reason);
      const boxes: FilmBoxPicture[] = [];
      for (const image of film.images) {
        const box = planBox(sheet.value, image, await table.facts(image.sopInstanceUid), printer);
        if (!box.ok) throw new Error(box.reason);
        boxes.push(box.value);
      }
      return { sheet: sheet.value, boxes };
    },
    async compose(box) {
      const memory = new SharedArrayBuffer(box.columns * box.rows);
      await renderer.filmBox(box, memory);
      return { columns: box.columns, rows: box.rows, pixels: new Uint8Array(memory).slice() };
    },
    async film(film, printer) {
      const { sheet, boxes } = await table.plan(film, printer);
      const layout = parseDisplayFormat(film.displayFormat);
      const matrix = printer.filmSizes[film.filmSize];
      if (layout === null || matrix === undefined) throw new Error("no such film");
      const { columns, rows } = filmExtent(matrix, film.orientation);
      const pixels = new Uint8Array(columns * rows);
      for (const [index, box] of boxes.entries()) {
        const bitmap = await table.compose(box);
        const left = (index % layout.columns) * sheet.box.columns;
        const top = Math.floor(index / layout.columns) * sheet.box.rows;
        for (let row = 0; row < bitmap.rows; row++)
          pixels.set(
            bitmap.pixels.subarray(row * bitmap.columns, (row + 1) * bitmap.columns),
            (top + row) * columns + left,
          );
      }
      return { columns, rows, pixels };
    },
    async dcm2pnm(sop, ...switches) {
      const out = join(folder, `${sop}.pgm`);
      const ran = await run(["dcm2pnm", "+op", ...switches, pathOf(sop), out]);
      if (ran.code !== 0) throw new Error(ran.said);
      return readPgm(await readFile(out));
    },
    async [Symbol.asyncDispose]() {
      renderer.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return table;
}

/** A binary PGM of 8 bits. */
function readPgm(file: Uint8Array): Bitmap {
  const head = new TextDecoder("latin1").decode(file.subarray(0, 200));
  const found = /^P5\s+(?:#[^\n]*\n\s*)*(\d+)\s+(\d+)\s+255\s/.exec(head);
  if (found === null) throw new Error(`no PGM: ${head.slice(0, 20)}`);
  return {
    columns: Number(found[1]),
    rows: Number(found[2]),
    pixels: new Uint8Array(file.subarray(found[0].length)),
  };
}

export const filmOf = (
  displayFormat: string,
  images: readonly (string | PrintImage)[],
  more: Partial<PrintFilm> = {},
): PrintFilm => ({
  displayFormat,
  orientation: "PORTRAIT",
  filmSize: "8INX10IN",
  images: images.map((i) => (typeof i === "string" ? { sopInstanceUid: i } : i)),
  ...more,
});

/** The part of a bitmap that its box' image takes. */
export function placeOf(bitmap: Bitmap, { place }: FilmBoxPicture): Uint8Array {
  const out = new Uint8Array(place.columns * place.rows);
  for (let row = 0; row < place.rows; row++) {
    const from = (place.top + row) * bitmap.columns + place.left;
    out.set(bitmap.pixels.subarray(from, from + place.columns), row * place.columns);
  }
  return out;
}
