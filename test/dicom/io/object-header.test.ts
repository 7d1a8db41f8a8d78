// Headers of stored objects: what is written, what is read, and that the pixel bytes are left alone.

import { describe, expect, test } from "bun:test";
import { type ByteSource, memorySource } from "../../../src/core/byte-source.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid, TransferSyntaxUid } from "../../../src/dicom/dict/uids.ts";
import { decodeFileMeta, encodeFileMeta, type FileMeta } from "../../../src/dicom/io/file-meta.ts";
import { encodeObjectHeader, readObjectHeader } from "../../../src/dicom/io/object-header.ts";
import { recodeHeader } from "../../../src/dicom/io/recode-header.ts";
import { TRANSFER_SYNTAXES, transferSyntaxOf } from "../../../src/dicom/io/transfer-syntaxes.ts";
import { fromHex, hex, plain } from "../data/plain.ts";

const META: FileMeta = {
  sopClassUid: SopClassUid.DigitalXRayImageStorageForPresentation,
  sopInstanceUid: "1.2.3.4",
  transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
  implementationClassUid: "1.2.392.200036.9116.32.5",
  implementationVersionName: "UDR10A",
  sourceAeTitle: "UDR-10A",
};
const PIXEL_BYTES = 6;

const image = () =>
  new DataSet()
    .text(Tag.SOPClassUID, "UI", META.sopClassUid)
    .text(Tag.SOPInstanceUID, "UI", META.sopInstanceUid)
    .text(Tag.PatientName, "PN", "YAMADA^TARO=山田^太郎")
    .sequence(Tag.ViewCodeSequence, new DataSet().text(Tag.CodeValue, "SH", "R-10206"))
    .numbers(Tag.BitsAllocated, "US", 16);

function file(transferSyntaxUid: string, dataSet = image()): Uint8Array {
  const header = encodeObjectHeader({
    meta: { ...META, transferSyntaxUid },
    dataSet,
    characterSet: "default-kanji",
    pixel: { vr: "OW", byteLength: PIXEL_BYTES },
  });
  const bytes = new Uint8Array(header.byteLength + PIXEL_BYTES).fill(0xa5);
  bytes.set(header);
  return bytes;
}

/** A source that counts what is read of it. */
function counted(bytes: Uint8Array): ByteSource & { read: number } {
  const source = {
    byteLength: bytes.byteLength,
    read: 0,
    async readInto(into: readonly Uint8Array[], offset: number) {
      let at = offset;
      for (const view of into) {
        view.set(bytes.subarray(at, at + view.byteLength));
        at += view.byteLength;
        source.read += view.byteLength;
      }
    },
    async close() {},
  };
  return source;
}

test("File Meta has its eight elements and the length of its group", () => {
  const bytes = encodeFileMeta(META);
  expect(hex(bytes)).toBe(
    hex(
      fromHex(`0200 0000 "UL" 0400 9C000000
        0200 0100 "OB" 0000 02000000 00 01
        0200 0200 "UI" 1C00 "1.2.840.10008.5.1.4.1.1.1.1" 00
        0200 0300 "UI" 0800 "1.2.3.4" 00
        0200 1000 "UI" 1400 "1.2.840.10008.1.2.1" 00
        0200 1200 "UI" 1800 "1.2.392.200036.9116.32.5"
        0200 1300 "SH" 0600 "UDR10A"
        0200 1600 "AE" 0800 "UDR-10A "`),
    ),
  );
  const start = new Uint8Array([...new Uint8Array(128), ...fromHex('"DICM"'), ...bytes]);
  expect(decodeFileMeta(start)).toEqual({ meta: META, end: start.byteLength });
});

describe.each([
  ["Explicit VR Little Endian", TransferSyntaxUid.ExplicitVrLittleEndian],
  ["Implicit VR Little Endian", TransferSyntaxUid.ImplicitVrLittleEndian],
])("an object in %s", (_, transferSyntaxUid) => {
  test("is read up to its pixel data, which stay a reference", async () => {
    const bytes = file(transferSyntaxUid);
    const header = await readObjectHeader(memorySource(bytes));
    expect(header.meta).toEqual({ ...META, transferSyntaxUid });
    expect(header.transferSyntax.uid).toBe(transferSyntaxUid);
    expect(header.pixel).toEqual({
      vr: "OW",
      offset: bytes.byteLength - PIXEL_BYTES,
      byteLength: PIXEL_BYTES,
    });
    expect(header.dataSet.string(Tag.PatientName)).toBe("YAMADA^TARO=山田^太郎");
    expect(header.dataSet.has(Tag.PixelData)).toBe(false);
    expect(header.warnings).toEqual([]);
    expect(header.dataSetHeader).toEqual(
      bytes.subarray(header.dataSetOffset, bytes.byteLength - PIXEL_BYTES),
    );
  });

  test("is recoded into the other syntax as if it had been encoded in it", async () => {
    const { dataSetHeader, transferSyntax } = await readObjectHeader(
      memorySource(file(transferSyntaxUid)),
    );
    const other =
      transferSyntaxUid === TransferSyntaxUid.ExplicitVrLittleEndian
        ? TransferSyntaxUid.ImplicitVrLittleEndian
        : TransferSyntaxUid.ExplicitVrLittleEndian;
    const expected = await readObjectHeader(memorySource(file(other)));
    expect(hex(recodeHeader(dataSetHeader, transferSyntax, expected.transferSyntax))).toBe(
      hex(expected.dataSetHeader),
    );
    expect(recodeHeader(dataSetHeader, transferSyntax, transferSyntax)).toBe(dataSetHeader);
  });
});

test("of a large file only the start is read", async () => {
  const header = file(META.transferSyntaxUid);
  const bytes = new Uint8Array(1024 * 1024);
  bytes.set(header);
  const source = counted(bytes);
  await readObjectHeader(source);
  expect(source.read).toBe(64 * 1024);
});

test("a header longer than the first step is read on, cut wherever the step ends", async () => {
  for (const comment of [65_000, 65_520, 65_536, 70_000, 200_000]) {
    const dataSet = image().text(Tag.TextValue, "UT", "x".repeat(comment));
    const bytes = file(META.transferSyntaxUid, dataSet);
    const source = counted(bytes);
    const header = await readObjectHeader(source);
    expect(header.dataSet.string(Tag.TextValue)).toHaveLength(comment);
    expect(header.pixel?.offset).toBe(bytes.byteLength - PIXEL_BYTES);
  }
});

test("a step that ends exactly between the last element and Pixel Data is no end", async () => {
  const step = 64 * 1024;
  const withComment = (length: number) =>
    file(META.transferSyntaxUid, image().text(Tag.TextValue, "UT", "x".repeat(length)));
  const room = step - (withComment(0).byteLength - PIXEL_BYTES - 12);
  const bytes = withComment(room);
  const { pixel } = await readObjectHeader(counted(bytes));
  expect(pixel).toEqual({ vr: "OW", offset: step + 12, byteLength: PIXEL_BYTES });
});

test("every cut of a file is told from a whole one", async () => {
  const bytes = file(META.transferSyntaxUid);
  const headerEnd = bytes.byteLength - PIXEL_BYTES;
  let refused = 0;
  for (let length = 0; length < headerEnd; length++)
    try {
      const { pixel } = await readObjectHeader(memorySource(bytes.subarray(0, length)));
      // Between two elements a shorter data set is a data set too.
      expect(pixel).toBeNull();
    } catch (error) {
      expect(String(error)).toMatch(/^(DecodeError|FileFormatError): /);
      refused++;
    }
  expect(refused).toBeGreaterThan(headerEnd * 0.9);
});

test("encapsulated pixel data have no length", async () => {
  const native = file(META.transferSyntaxUid);
  const rle = native.slice();
  rle.fill(0xff, native.byteLength - PIXEL_BYTES - 4, native.byteLength - PIXEL_BYTES);
  const { pixel } = await readObjectHeader(memorySource(rle));
  expect(pixel).toEqual({ vr: "OW", offset: native.byteLength - PIXEL_BYTES, byteLength: null });
});

test("an object without pixel data is read to its end", async () => {
  const bytes = encodeObjectHeader({ meta: META, dataSet: image(), characterSet: "ISO_IR 192" });
  const header = await readObjectHeader(memorySource(bytes));
  expect(header.pixel).toBeNull();
  expect(plain(header.dataSet)).toMatchObject(plain(image()));
  expect(header.dataSetOffset + header.dataSetHeader.byteLength).toBe(bytes.byteLength);
});

describe("what is no object of ours to read is refused with a remedy", () => {
  test.each([
    ["no prefix", new Uint8Array(1000), 'no "DICM"'],
    ["a short file", new Uint8Array(10), 'no "DICM"'],
    ["big endian", file(META.transferSyntaxUid), "big endian"],
    ["deflated", file(META.transferSyntaxUid), "deflated"],
    ["an unknown transfer syntax", file(META.transferSyntaxUid), "not known"],
  ] as const)("%s", async (name, bytes, words) => {
    const uids: Record<string, string> = {
      "big endian": "1.2.840.10008.1.2.2",
      deflated: "1.2.840.10008.1.2.1.99",
      "an unknown transfer syntax": "1.2.3",
    };
    const uid = uids[name];
    const whole =
      uid === undefined
        ? bytes
        : new Uint8Array([
            ...bytes.subarray(0, 132),
            ...encodeFileMeta({ ...META, transferSyntaxUid: uid }),
          ]);
    await expect(readObjectHeader(memorySource(whole))).rejects.toThrow(words);
  });

  test("an element behind the pixel data, and pixel data of odd length", () => {
    const write = (dataSet: DataSet, byteLength: number) => () =>
      encodeObjectHeader({
        meta: META,
        dataSet,
        characterSet: "default-kanji",
        pixel: { vr: "OW", byteLength },
      });
    const behind = image().set(Tag.DataSetTrailingPadding, { vr: "OB", bytes: new Uint8Array(2) });
    expect(write(behind, 2)).toThrow("(FFFC,FFFC) would come behind (7FE0,0010)");
    expect(write(image(), 3)).toThrow("pad to even");
    expect(write(image(), 2 ** 32)).toThrow("split at 4 GiB");
  });
});

test("the table of transfer syntaxes has each once and tells which are read", () => {
  expect(new Set(TRANSFER_SYNTAXES.map(({ uid }) => uid)).size).toBe(TRANSFER_SYNTAXES.length);
  expect(
    TRANSFER_SYNTAXES.filter(({ unsupported }) => unsupported !== undefined).map(({ uid }) => uid),
  ).toEqual(["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"]);
  expect(transferSyntaxOf("1.2.840.10008.1.2")?.explicitVr).toBe(false);
});
