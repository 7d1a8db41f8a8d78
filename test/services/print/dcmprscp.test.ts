// Films printed on DCMTK's print SCP: the sheets it keeps are the bitmaps the render thread composed,
// each in its place.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memorySource } from "../../../src/core/byte-source.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { readObjectHeader } from "../../../src/dicom/io/object-header.ts";
import type { PrintFilm } from "../../../src/model/job.ts";
import { RenderClient } from "../../../src/workers/render/render-client.ts";
import { hasDcmprscp, startDcmprscp } from "../../peers/dcmprscp.ts";
import { fileOf, type ImageOptions, imageObject, worst } from "./film-images.ts";
import { filmOf } from "./film-table.ts";
import { openHouse } from "./scripted-printer.ts";

setDefaultTimeout(30_000);
const withDcmprscp = test.skipIf(!hasDcmprscp);

let renderer: RenderClient;
let folder: string;
beforeAll(async () => {
  renderer = new RenderClient();
  folder = await mkdtemp(join(tmpdir(), "udr-print-"));
});
afterAll(async () => {
  renderer.close();
  await rm(folder, { recursive: true, force: true });
});

const PRINTER = { filmSizes: { "14INX17IN": [560, 680], "8INX10IN": [410, 510] } };

async function printOn(
  port: number,
  images: Readonly<Record<string, ImageOptions>>,
  films: readonly PrintFilm[],
  copies = 1,
) {
  const bitmaps: Uint8Array[] = [];
  const objects = Object.entries(images).map(([sop, options]) => imageObject(sop, options));
  const pathOf = (sop: string) => join(folder, `${sop}.dcm`);
  for (const object of objects)
    await writeFile(pathOf(object.instance.sopInstanceUid), fileOf(object));
  await using house = await openHouse(port, {
    objects,
    printer: PRINTER,
    // The thread reads real files; the store of the test is in memory.
    wrap: (storage) => ({
      ...storage,
      reader: storage.reader,
      filePath: (record) => pathOf(record.sopInstanceUid),
    }),
    async compose(box, into) {
      const header = house.composed.length;
      await renderer.filmBox(box, into);
      bitmaps[header - 1] = new Uint8Array(into, 0, box.columns * box.rows).slice();
    },
  });
  const id = await house.print(films, copies);
  return { job: await house.settled(id, "done", "failed", "waiting"), bitmaps };
}

/** A sheet as the printer keeps it: what it was told of the film, and its images by position. */
async function readSheet(path: string, images: readonly string[]) {
  const { dataSet } = await readObjectHeader(memorySource(await readFile(path)));
  const kept = await Promise.all(
    images.map(async (file) => {
      const bytes = await readFile(file);
      const header = await readObjectHeader(memorySource(bytes));
      const { offset = 0, byteLength } = header.pixel ?? {};
      return {
        uid: header.dataSet.string(Tag.SOPInstanceUID),
        header: header.dataSet,
        pixels: new Uint8Array(bytes.subarray(offset, offset + (byteLength ?? 0))),
      };
    }),
  );
  // Film Box and Image Box Content Sequence (2130,0030) and (2130,0040), retired.
  const [box] = dataSet.items(0x21300030);
  const placed = dataSet.items(0x21300040).map((item) => {
    const uid = item.items(Tag.ReferencedImageSequence)[0]?.string(Tag.ReferencedSOPInstanceUID);
    return {
      position: item.number(Tag.ImageBoxPosition),
      image: kept.find((image) => image.uid === uid),
    };
  });
  return { box, placed };
}

withDcmprscp("a sheet of four images: every box holds its bitmap, bit by bit", async () => {
  await using printer = await startDcmprscp();
  const images = {
    "1.1": { window: [8192, 16384] },
    "1.2": { window: [6000, 6000], photometric: "MONOCHROME1" },
    "1.3": { columns: 500, rows: 300, window: [8192, 12000] },
    "1.4": { photometric: "RGB" },
  } as const;
  const film = filmOf("STANDARD\\2,2", ["1.1", "1.2", "1.3", "1.4"], { filmSize: "14INX17IN" });
  const { job, bitmaps } = await printOn(printer.port, images, [film]);
  expect(job.state).toBe("done");
  const [path = "", ...more] = await printer.prints();
  expect(more).toEqual([]);
  const { box, placed } = await readSheet(path, await printer.images());
  expect([
    box?.string(Tag.ImageDisplayFormat),
    box?.string(Tag.FilmOrientation),
    box?.string(Tag.FilmSizeID),
    box?.number(Tag.MaxDensity),
  ]).toEqual(["STANDARD\\2,2", "PORTRAIT", "14INX17IN", 300]);
  expect(placed.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
  for (const [index, { image }] of placed.entries()) {
    expect([image?.header.number(Tag.Columns), image?.header.number(Tag.Rows)]).toEqual([280, 340]);
    expect(worst(image?.pixels ?? new Uint8Array(), bitmaps[index] ?? new Uint8Array(1))).toBe(0);
  }
});

withDcmprscp("films of several layouts, sizes and orientations in one job", async () => {
  await using printer = await startDcmprscp();
  const films = [
    filmOf("STANDARD\\1,1", ["2.1"]),
    filmOf("STANDARD\\2,3", ["2.1", "2.2"], { orientation: "LANDSCAPE", filmSize: "14INX17IN" }),
    filmOf("STANDARD\\1,2", ["2.2", "2.1"]),
  ];
  const { job, bitmaps } = await printOn(printer.port, { "2.1": {}, "2.2": {} }, films, 2);
  expect(job.state).toBe("done");
  expect(bitmaps).toHaveLength(5);
  const formats = [];
  for (const path of await printer.prints()) {
    const { box, placed } = await readSheet(path, await printer.images());
    formats.push(
      `${box?.string(Tag.ImageDisplayFormat)} ${box?.string(Tag.FilmOrientation)} ${placed.length}`,
    );
  }
  expect(formats.sort()).toEqual([
    "STANDARD\\1,1 PORTRAIT 1",
    "STANDARD\\1,2 PORTRAIT 2",
    "STANDARD\\2,3 LANDSCAPE 2",
  ]);
});

withDcmprscp("a layout the printer has not is refused in words, and nothing is kept", async () => {
  await using printer = await startDcmprscp();
  const film = filmOf("STANDARD\\5,5", ["3.1"], { filmSize: "14INX17IN" });
  const { job } = await printOn(printer.port, { "3.1": {} }, [film]);
  expect(job.state).toBe("failed");
  expect(job.reason).toContain("N-CREATE of the film box");
  expect(await printer.prints()).toEqual([]);
});
