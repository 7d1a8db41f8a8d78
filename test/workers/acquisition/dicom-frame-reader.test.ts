// DICOM files as panel output: what their values mean, which files are refused and how.

import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { encodeObjectHeader } from "../../../src/dicom/io/object-header.ts";
import { DetectorError } from "../../../src/hal/detector/detector.ts";
import type { SourceImage } from "../../../src/hal/detector/replay/frame-source.ts";
import { dicomFrameReader } from "../../../src/workers/acquisition/dicom-frame-reader.ts";

const ROOT = mkdtempSync(join(tmpdir(), "dicom-frames-"));
afterAll(() => rmSync(ROOT, { recursive: true }));

const EXPLICIT = "1.2.840.10008.1.2.1";
const JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70";
let files = 0;

interface Picture {
  readonly transferSyntaxUid?: string;
  readonly photometric?: string;
  readonly bitsAllocated?: number;
  readonly bitsStored?: number;
  readonly highBit?: number;
  readonly signed?: boolean;
  readonly frames?: number;
  readonly samples?: number;
  readonly relationship?: string;
  readonly sign?: number;
  readonly pixels?: Uint8Array;
}

/** A file of 2 × 2 pixels. */
function file(p: Picture): string {
  const { bitsAllocated = 16, bitsStored = 12 } = p;
  const pixels = p.pixels ?? new Uint8Array(new Uint16Array([1, 2, 3, 4]).buffer);
  const dataSet = new DataSet()
    .text(Tag.SOPClassUID, "UI", "1.2.840.10008.5.1.4.1.1.1")
    .text(Tag.SOPInstanceUID, "UI", "1.2.3")
    .numbers(Tag.SamplesPerPixel, "US", p.samples ?? 1)
    .text(Tag.PhotometricInterpretation, "CS", p.photometric ?? "MONOCHROME2")
    .numbers(Tag.Rows, "US", 2)
    .numbers(Tag.Columns, "US", 2)
    .numbers(Tag.BitsAllocated, "US", bitsAllocated)
    .numbers(Tag.BitsStored, "US", bitsStored)
    .numbers(Tag.HighBit, "US", p.highBit ?? bitsStored - 1)
    .numbers(Tag.PixelRepresentation, "US", p.signed === true ? 1 : 0);
  if (p.frames !== undefined) dataSet.text(Tag.NumberOfFrames, "IS", String(p.frames));
  if (p.relationship !== undefined)
    dataSet.text(Tag.PixelIntensityRelationship, "CS", p.relationship);
  if (p.sign !== undefined) dataSet.numbers(Tag.PixelIntensityRelationshipSign, "SS", p.sign);
  const header = encodeObjectHeader({
    meta: {
      sopClassUid: "1.2.840.10008.5.1.4.1.1.1",
      sopInstanceUid: "1.2.3",
      transferSyntaxUid: p.transferSyntaxUid ?? EXPLICIT,
      implementationClassUid: "1.2.3.4",
      implementationVersionName: "TEST",
      sourceAeTitle: "TEST",
    },
    dataSet,
    characterSet: "default-kanji",
    pixel: { vr: bitsAllocated === 8 ? "OB" : "OW", byteLength: pixels.byteLength },
  });
  const path = join(ROOT, `${files++}.dcm`);
  writeFileSync(path, Buffer.concat([header, pixels]));
  return path;
}

async function values(p: Picture, frame = 0): Promise<number[]> {
  const image = await dicomFrameReader.open(file(p));
  try {
    return [...image.readFrame(frame)];
  } finally {
    image.close();
  }
}

async function meaning(p: Picture): Promise<SourceImage["meaning"]> {
  const image = await dicomFrameReader.open(file(p));
  image.close();
  return image.meaning;
}

const words = (...numbers: number[]) => new Uint8Array(Uint16Array.from(numbers).buffer);

describe("values of a DICOM picture", () => {
  test("16 bits, one frame", async () => {
    expect(await values({})).toEqual([1, 2, 3, 4]);
  });

  test("8 bits", async () => {
    expect(
      await values({ bitsAllocated: 8, bitsStored: 8, pixels: Uint8Array.of(9, 0, 255, 7) }),
    ).toEqual([9, 0, 255, 7]);
  });

  test("the second of several frames", async () => {
    expect(await values({ frames: 2, pixels: words(1, 2, 3, 4, 5, 6, 7, 8) }, 1)).toEqual([
      5, 6, 7, 8,
    ]);
  });

  test("bits that aren't at the low end, with something else in the others", async () => {
    expect(
      await values({ bitsStored: 12, highBit: 15, pixels: words(0x001f, 0x0020, 0xffff, 0x1230) }),
    ).toEqual([1, 2, 4095, 0x123]);
    expect(await values({ bitsStored: 12, pixels: words(0xf001, 2, 3, 4) })).toEqual([1, 2, 3, 4]);
  });

  test("signed values are moved up so that order is kept", async () => {
    expect(
      await values({ signed: true, bitsStored: 12, pixels: words(0x800, 0xfff, 0, 0x7ff) }),
    ).toEqual([0, 2047, 2048, 4095]);
  });
});

describe("what values mean", () => {
  // Photometric interpretation, relationship, sign → scale, rises with dose.
  const rows: readonly [string, string | undefined, number | undefined, string, boolean][] = [
    ["MONOCHROME1", undefined, undefined, "logarithmic", true],
    ["MONOCHROME2", undefined, undefined, "logarithmic", false],
    ["MONOCHROME2", "LIN", 1, "linear", true],
    ["MONOCHROME1", "LIN", 1, "linear", true],
    ["MONOCHROME2", "LOG", 1, "logarithmic", true],
    ["MONOCHROME2", "LOG", -1, "logarithmic", false],
    ["MONOCHROME2", "DISP", undefined, "logarithmic", false],
  ];
  for (const [photometric, relationship, sign, scale, risesWithDose] of rows)
    test(`${photometric} ${relationship ?? "-"} ${sign ?? "-"}: ${scale}`, async () => {
      expect(
        await meaning({
          photometric,
          ...(relationship !== undefined && { relationship }),
          ...(sign !== undefined && { sign }),
        }),
      ).toMatchObject({ scale, risesWithDose, fullScale: 4095 });
    });
});

describe("files that can't be replayed", () => {
  const problem = async (path: string): Promise<string> => {
    const error = await dicomFrameReader.open(path).then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(DetectorError);
    const { message } = error as DetectorError;
    expect(message).toContain(path);
    return message;
  };

  test("a compressed one names a way to decompress it", async () => {
    expect(await problem(file({ transferSyntaxUid: JPEG_LOSSLESS }))).toContain("dcmdjpeg");
  });

  test("one that is no DICOM file", async () => {
    const path = join(ROOT, "text.dcm");
    writeFileSync(path, "this is a text");
    expect(await problem(path)).toContain("no readable DICOM image");
  });

  test("an empty file", async () => {
    const path = join(ROOT, "empty.dcm");
    writeFileSync(path, "");
    expect(await problem(path)).toContain("no readable DICOM image");
  });

  test("a colour picture, an odd depth, one that is cut off", async () => {
    expect(
      await problem(file({ samples: 3, photometric: "RGB", pixels: new Uint8Array(24) })),
    ).toContain("colour");
    expect(await problem(file({ bitsAllocated: 32, bitsStored: 32 }))).toContain("32 bits");
    expect(await problem(file({ frames: 3 }))).toContain("ends before its last frame");
  });

  test("claims DICOM files by their prefix or name, and leaves a directory of media alone", () => {
    const head = new Uint8Array(132);
    head.set([0x44, 0x49, 0x43, 0x4d], 128);
    expect(dicomFrameReader.claims("/x/IM000001", head)).toBe(true);
    expect(dicomFrameReader.claims("/x/broken.dcm", new Uint8Array(3))).toBe(true);
    expect(dicomFrameReader.claims("/x/README", new Uint8Array(132))).toBe(false);
    expect(dicomFrameReader.claims("/x/DICOMDIR", head)).toBe(false);
  });
});

// A real radiograph, where one lies beside the project.
const REAL = join(import.meta.dir, "../../../../shared/data/radiograph-extremity.dcm");
test.skipIf(!existsSync(REAL))("a real computed radiograph is read whole", async () => {
  const image = await dicomFrameReader.open(REAL);
  expect(image).toMatchObject({
    columns: 1760,
    rows: 1760,
    frames: 1,
    meaning: { scale: "logarithmic", risesWithDose: true, fullScale: 1023 },
  });
  const pixels = image.readFrame(0);
  image.close();
  expect(Math.max(...pixels.subarray(0, 50_000))).toBeLessThanOrEqual(1023);
  expect(new Set(pixels.subarray(0, 200_000)).size).toBeGreaterThan(200);
});
