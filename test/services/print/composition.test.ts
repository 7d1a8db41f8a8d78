// What stands on a film, pixel by pixel: beside DCMTK's rendering of the same image and window, and
// beside libvips' own resampling; shutters, polarity, colour, true size, annotation.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import sharp from "sharp";
import { parseConfiguration, printerOf } from "../../../src/config/configuration.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { installed } from "../../peers/program.ts";
import { psnr, worst } from "./film-images.ts";
import { type FilmTable, filmOf, filmTable, type Printer, placeOf } from "./film-table.ts";

const withDcm2pnm = test.skipIf(!installed("dcm2pnm"));

let table: FilmTable;
beforeAll(async () => {
  table = await filmTable();
});
afterAll(() => table[Symbol.asyncDispose]());

const parsed = parseConfiguration({});
if (!parsed.ok) throw new Error("no configuration");
const DEFAULTS = printerOf(parsed.configuration, "");
const printer = (columns: number, rows: number, more: Partial<Printer> = {}): Printer => ({
  ...DEFAULTS,
  filmSizes: { "8INX10IN": [columns, rows] },
  ...more,
});

/** Fine enough for letters in a small box. */
const PITCH = { pixelPitchMm: 0.25 };

/** A box in which an image of the size keeps its pixels: room below for the annotation. */
async function unscaled(sop: string, columns: number, rows: number) {
  for (let height = rows; height < rows * 1.3; height++) {
    const { boxes } = await table.plan(
      filmOf("STANDARD\\1,1", [sop]),
      printer(columns, height, PITCH),
    );
    const [box] = boxes;
    if (box?.place.columns === columns && box.place.rows === rows) return box;
  }
  throw new Error("no box keeps the pixels");
}

describe("before resampling", () => {
  const WINDOWS = [
    [8192, 16384],
    [7000, 5200],
    [5000.5, 333],
    [12000, 1],
  ] as const;
  for (const window of WINDOWS)
    withDcm2pnm(`8-bit values are DCMTK's within 1 at C ${window[0]} W ${window[1]}`, async () => {
      await table.image("1.1", { window });
      const box = await unscaled("1.1", 300, 360);
      const ours = placeOf(await table.compose(box), box);
      const theirs = await table.dcm2pnm("1.1", "+Wi", "1");
      expect([theirs.columns, theirs.rows]).toEqual([300, 360]);
      expect(worst(ours, theirs.pixels)).toBeLessThanOrEqual(1);
      expect(new Set(ours).size).toBeGreaterThan(1);
    });

  withDcm2pnm("MONOCHROME1 is turned round as DCMTK turns it", async () => {
    await table.image("1.2", { window: [7000, 9000], photometric: "MONOCHROME1" });
    const box = await unscaled("1.2", 300, 360);
    const ours = placeOf(await table.compose(box), box);
    expect(worst(ours, (await table.dcm2pnm("1.2", "+Wi", "1")).pixels)).toBeLessThanOrEqual(1);
    // The lead letter is the brightest of the values, and black here.
    expect(ours[Math.round(0.1 * 360) * 300 + Math.round(0.075 * 300)]).toBe(0);
  });

  withDcm2pnm("the operator's window and polarity replace the image's", async () => {
    await table.image("1.3", { window: [8192, 16384] });
    const image = {
      sopInstanceUid: "1.3",
      window: { center: 6000, width: 4000 },
      invert: true,
    };
    const base = await unscaled("1.3", 300, 360);
    const film = filmOf("STANDARD\\1,1", [image]);
    const { boxes } = await table.plan(film, printer(base.columns, base.rows, PITCH));
    const [box] = boxes;
    if (box === undefined) throw new Error("no box");
    const ours = placeOf(await table.compose(box), box);
    const theirs = await table.dcm2pnm("1.3", "+Ww", "6000", "4000");
    expect(
      worst(
        ours,
        theirs.pixels.map((level) => 255 - level),
      ),
    ).toBeLessThanOrEqual(1);
    expect(box.band.lines[2]).toContain("C 6000 W 4000");
  });

  test("a frame of many is the one that was asked for", async () => {
    await table.image("1.4", { frames: 3, window: [8192, 16384] });
    const box = await unscaled("1.4", 300, 360);
    const frame = async (frame: number) => {
      const image = { sopInstanceUid: "1.4", frame };
      const film = filmOf("STANDARD\\1,1", [image]);
      const { boxes } = await table.plan(film, printer(box.columns, box.rows, PITCH));
      expect(boxes[0]?.band.lines[2]).toContain(`Frame ${frame}/3`);
      const [one] = boxes;
      if (one === undefined) throw new Error("no box");
      return placeOf(await table.compose(one), one);
    };
    const [first, third] = [await frame(1), await frame(3)];
    // Frames differ by 100 of 16384 values: 1.5 levels.
    expect(worst(first, third)).toBeGreaterThanOrEqual(1);
    const facts = await table.facts("1.4");
    expect(facts.picture.numberOfFrames).toBe(3);
    const wrong = table.plan(
      filmOf("STANDARD\\1,1", [{ sopInstanceUid: "1.4", frame: 4 }]),
      DEFAULTS,
    );
    expect(await wrong.then(() => "", String)).toContain("there is no frame 4");
  });

  test("colour becomes its luma", async () => {
    await table.image("1.5", { photometric: "RGB" });
    const box = await unscaled("1.5", 300, 360);
    const ours = placeOf(await table.compose(box), box);
    const value = 0.22 * 255;
    // Upper right corner: outside of the phantom's body, 0.12 to 0.22 of full scale.
    const at = ours[340 * 300 + 290] ?? 0;
    const luma = (v: number) => 0.299 * v + 0.587 * (255 - v) + 0.114 * (v >> 1);
    expect(Math.abs(at - luma(Math.round(value - 0.1 * 255 * (20 / 360))))).toBeLessThanOrEqual(2);
  });
});

describe("resampled", () => {
  for (const [columns, rows] of [
    [211, 317],
    [640, 900],
  ] as const)
    withDcm2pnm(
      `to a box of ${columns} × ${rows}: libvips' of DCMTK's picture, ≥ 50 dB`,
      async () => {
        await table.image("2.1", { window: [8192, 15000], spacingMm: 0.148 });
        const film = filmOf("STANDARD\\1,1", ["2.1"]);
        const { boxes } = await table.plan(film, printer(columns, rows));
        const [box] = boxes;
        if (box === undefined) throw new Error("no box");
        const ours = placeOf(await table.compose(box), box);
        const theirs = await table.dcm2pnm("2.1", "+Wi", "1");
        const reference = await sharp(theirs.pixels, {
          raw: { width: theirs.columns, height: theirs.rows, channels: 1 },
        })
          .resize({ width: box.place.columns, height: box.place.rows, fit: "fill" })
          .toColourspace("b-w")
          .raw()
          .toBuffer();
        expect(psnr(ours, new Uint8Array(reference))).toBeGreaterThanOrEqual(50);
      },
    );

  test("an image keeps its proportions and stands in the middle", async () => {
    await table.image("2.2", { columns: 400, rows: 200 });
    const film = filmOf("STANDARD\\1,2", ["2.2"]);
    const { boxes, sheet } = await table.plan(film, printer(600, 900));
    expect(sheet.box).toEqual({ columns: 600, rows: 450 });
    const place = boxes[0]?.place;
    expect(place).toMatchObject({ left: 0, columns: 600, rows: 300 });
    const room = 450 - (boxes[0]?.band.height ?? 0);
    expect(place?.top).toBe(Math.floor((room - 300) / 2));
  });
});

describe("what is hidden is black", () => {
  const SHUTTERS: [string, (d: import("../../../src/dicom/data/data-set.ts").DataSet) => void][] = [
    [
      "rectangular shutter",
      (d) =>
        void d
          .text(Tag.ShutterShape, "CS", "RECTANGULAR")
          .text(Tag.ShutterLeftVerticalEdge, "IS", "51")
          .text(Tag.ShutterRightVerticalEdge, "IS", "250")
          .text(Tag.ShutterUpperHorizontalEdge, "IS", "61")
          .text(Tag.ShutterLowerHorizontalEdge, "IS", "300"),
    ],
    [
      "rectangular collimator",
      (d) =>
        void d
          .text(Tag.CollimatorShape, "CS", "RECTANGULAR")
          .text(Tag.CollimatorLeftVerticalEdge, "IS", "51")
          .text(Tag.CollimatorRightVerticalEdge, "IS", "250")
          .text(Tag.CollimatorUpperHorizontalEdge, "IS", "61")
          .text(Tag.CollimatorLowerHorizontalEdge, "IS", "300"),
    ],
    [
      "polygonal shutter",
      (d) =>
        void d
          .text(Tag.ShutterShape, "CS", "POLYGONAL")
          .text(
            Tag.VerticesOfThePolygonalShutter,
            "IS",
            ...["61", "51", "61", "250", "300", "250", "300", "51"],
          ),
    ],
    [
      "circular shutter",
      (d) =>
        void d
          .text(Tag.ShutterShape, "CS", "CIRCULAR")
          .text(Tag.CenterOfCircularShutter, "IS", "180", "150")
          .text(Tag.RadiusOfCircularShutter, "IS", "100"),
    ],
  ];
  for (const [name, more] of SHUTTERS)
    for (const photometric of ["MONOCHROME1", "MONOCHROME2"] as const)
      test(`${name}, ${photometric}`, async () => {
        await table.image("3.1", { window: [8192, 16384], photometric });
        await table.image("3.2", { window: [8192, 16384], photometric, more });
        const box = await unscaled("3.1", 300, 360);
        const open = placeOf(await table.compose(box), box);
        const shut = await unscaled("3.2", 300, 360);
        const pixels = placeOf(await table.compose(shut), shut);
        const inside = (c: number, r: number) =>
          name.startsWith("circular")
            ? Math.hypot(c - 149, r - 179) <= 100
            : c >= 50 && c <= 249 && r >= 60 && r <= 299;
        const edge = (c: number, r: number) =>
          name.startsWith("polygonal") && (c === 249 || r === 299 || c === 50 || r === 60);
        let wrong = 0;
        for (let r = 0; r < 360; r++)
          for (let c = 0; c < 300; c++) {
            const at = r * 300 + c;
            if (edge(c, r)) continue;
            if (pixels[at] !== (inside(c, r) ? open[at] : 0)) wrong++;
          }
        expect(wrong).toBe(0);
        expect(Math.max(...pixels)).toBeGreaterThan(100);
      });
});

describe("true size", () => {
  test("a millimetre at the detector is a millimetre on the film", async () => {
    await table.image("4.1", { spacingMm: 0.3 });
    const film = filmOf("STANDARD\\1,1", ["4.1"], { trueSize: true });
    const { boxes } = await table.plan(film, printer(2032, 2540, { pixelPitchMm: 0.1 }));
    expect(boxes[0]?.place).toMatchObject({ columns: 900, rows: 1080 });
    expect(boxes[0]?.band.lines[2]).toContain("Scale 100 %");
    const [box] = boxes;
    if (box === undefined) throw new Error("no box");
    const bitmap = await table.compose(box);
    expect(bitmap.pixels[(box.place.top - 5) * bitmap.columns + 1000]).toBe(0);
  });

  test("what the collimator leaves is printed where the whole image would not fit", async () => {
    const more = (d: import("../../../src/dicom/data/data-set.ts").DataSet) =>
      void d
        .text(Tag.CollimatorShape, "CS", "RECTANGULAR")
        .text(Tag.CollimatorLeftVerticalEdge, "IS", "101")
        .text(Tag.CollimatorRightVerticalEdge, "IS", "200")
        .text(Tag.CollimatorUpperHorizontalEdge, "IS", "101")
        .text(Tag.CollimatorLowerHorizontalEdge, "IS", "220");
    await table.image("4.2", { spacingMm: 1, more });
    await table.image("4.3", { spacingMm: 1 });
    const at = (sop: string) =>
      table.plan(filmOf("STANDARD\\1,1", [sop], { trueSize: true }), printer(1016, 1270));
    const { boxes } = await at("4.2");
    expect(boxes[0]?.source).toEqual({ left: 100, top: 100, columns: 100, rows: 120 });
    expect(boxes[0]?.place).toMatchObject({ columns: 500, rows: 600 });
    expect(await at("4.3").then(() => "", String)).toContain("is 300 × 360 mm and its box 203 ×");
  });

  test("an image that does not tell its size is refused", async () => {
    await table.image("4.4");
    const film = filmOf("STANDARD\\1,1", ["4.4"], { trueSize: true });
    const planned = table.plan(film, printer(1016, 1270)).then(() => "", String);
    expect(await planned).toContain("does not tell the size of its pixels");
  });
});

describe("the annotation", () => {
  test("names patient, date, institution, window and scale below the image", async () => {
    await table.image("5.1", {
      window: [7000, 9000],
      spacingMm: 0.3,
      name: "Yamada^Tarou=山田^太郎",
    });
    const { boxes } = await table.plan(filmOf("STANDARD\\1,1", ["5.1"]), DEFAULTS);
    expect(boxes[0]?.band.lines).toEqual([
      "山田 太郎 (Yamada Tarou)   P-0815   1971-11-02   F",
      "2026-01-05 09:30   City Hospital   Hand & wrist",
      expect.stringMatching(/^R PA {3}C 7000 W 9000 {3}Scale 2\d\d %$/),
    ]);
  });

  for (const borderDensity of ["BLACK", "WHITE"])
    test(`can be read on a border that is ${borderDensity.toLowerCase()}, and leaves the image alone`, async () => {
      await table.image("5.2", { window: [8192, 16384] });
      const film = filmOf("STANDARD\\1,1", ["5.2"]);
      const { boxes } = await table.plan(film, printer(800, 1000, { borderDensity }));
      const [box] = boxes;
      if (box === undefined) throw new Error("no box");
      const bitmap = await table.compose(box);
      const paper = borderDensity === "WHITE" ? 255 : 0;
      const band = bitmap.pixels.subarray((1000 - box.band.height) * 800);
      const line = box.band.height / 3;
      for (let n = 0; n < 3; n++) {
        const text = band.subarray(n * line * 800, (n + 1) * line * 800);
        expect(text.filter((level) => Math.abs(level - paper) > 128).length).toBeGreaterThan(50);
      }
      // Right of the text nothing is written.
      expect(band[Math.round(line * 1.5) * 800 + 790]).toBe(paper);
      expect(bitmap.pixels[(box.place.top - 1) * 800 + 400] ?? paper).toBe(paper);
    });

  test("is left out where the box is too small to read it", async () => {
    await table.image("5.3");
    const { boxes } = await table.plan(filmOf("STANDARD\\4,5", ["5.3"]), printer(400, 500));
    expect(boxes[0]?.band).toEqual({ height: 0, lines: [] });
  });
});

test("a file that ends too early fails by its name, and the next box is composed", async () => {
  const path = await table.image("6.1");
  await table.image("6.2");
  const box = await unscaled("6.1", 300, 360);
  const { truncate } = await import("node:fs/promises");
  await truncate(path, 5000);
  expect(await table.compose(box).then(() => "", String)).toContain("ends before frame 1");
  const next = await unscaled("6.2", 300, 360);
  expect(Math.max(...(await table.compose(next)).pixels)).toBeGreaterThan(0);
});
