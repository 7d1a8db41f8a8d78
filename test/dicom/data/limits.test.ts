// What the encoder refuses or must not let wrap, and the bounds of the decoder.

import { describe, expect, test } from "bun:test";
import { DataSet, type Element } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { DECODE_LIMITS } from "../../../src/dicom/data/decode-error.ts";
import { EncodeError, encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { dataSetOf, fromHex, hex, plain } from "./plain.ts";

const EXPLICIT = { explicitVr: true, characterSet: "default-kanji" } as const;
const IMPLICIT = { explicitVr: false, characterSet: "default-kanji" } as const;

describe("the encoder", () => {
  test("D1: writes every value with an even length", () => {
    const dataSet = dataSetOf(
      [Tag.SOPClassUID, { vr: "UI", values: ["1.2"] }],
      [Tag.PatientID, { vr: "LO", values: ["7"] }],
      [Tag.ICCProfile, { vr: "OB", bytes: new Uint8Array([1, 2, 3]) }],
    );
    expect(hex(encodeDataSet(dataSet, IMPLICIT))).toBe(
      hex(
        fromHex('0800 1600 04000000 "1.2" 00 1000 2000 02000000 "7 " 2800 0020 04000000 01020300'),
      ),
    );
  });

  test("D2: writes no group lengths but those of commands and File Meta, which it counts itself", () => {
    const command = new DataSet()
      .numbers(Tag.CommandGroupLength, "UL", 99)
      .numbers(Tag.CommandField, "US", 0x30);
    expect(hex(encodeDataSet(command, IMPLICIT))).toBe(
      hex(fromHex("0000 0000 04000000 0A000000 0000 0001 02000000 3000")),
    );
    const image = new DataSet().numbers(0x00280000, "UL", 99).numbers(Tag.Rows, "US", 1);
    expect(hex(encodeDataSet(image, IMPLICIT))).toBe(hex(fromHex("2800 1000 02000000 0100")));
  });

  test("elements come in the order of their tags, however they were set", () => {
    const dataSet = new DataSet().numbers(Tag.Rows, "US", 1).text(Tag.Modality, "CS", "DX");
    expect(hex(encodeDataSet(dataSet, IMPLICIT))).toBe(
      hex(fromHex('0800 6000 02000000 "DX" 2800 1000 02000000 0100')),
    );
  });

  /** Element, VR it stands in, whether it comes back as it was. */
  const long = "x".repeat(70_000);
  const LONG: readonly (readonly [string, number, Element, string])[] = [
    ["LT", Tag.PatientComments, { vr: "LT", values: [long] }, "UT"],
    ["DS", Tag.PixelSpacing, { vr: "DS", values: Array<string>(20_000).fill("1.25") }, "UN"],
    ["US", Tag.LUTData, { vr: "US", values: Array<number>(40_000).fill(7) }, "OW"],
  ];
  test.each(LONG)("D13: %s beyond 65,534 bytes never wraps its length", (_, tag, element, vr) => {
    const dataSet = dataSetOf(
      [tag, element],
      [Tag.PixelPresentation, { vr: "CS", values: ["MONOCHROME"] }],
    );
    const bytes = encodeDataSet(dataSet, EXPLICIT);
    const headerAt = tag < Tag.PixelPresentation ? 0 : 18;
    expect(String.fromCharCode(bytes[headerAt + 4] ?? 0, bytes[headerAt + 5] ?? 0)).toBe(vr);
    const { dataSet: read } = decodeDataSet(bytes, EXPLICIT);
    expect(read.string(Tag.PixelPresentation)).toBe("MONOCHROME");
    const back = read.get(tag);
    if (vr === "OW") expect(back && "bytes" in back && back.bytes.byteLength).toBe(80_000);
    else
      expect(back && "values" in back && back.values).toEqual(
        "values" in element ? element.values : [],
      );
    // In implicit VR the element is what it was.
    const implicit = decodeDataSet(encodeDataSet(dataSet, IMPLICIT), IMPLICIT).dataSet;
    if (vr !== "OW") expect(plain(implicit)).toEqual(plain(dataSet));
  });

  test("65,534 bytes still stand in a short header", () => {
    const dataSet = new DataSet().text(Tag.PatientComments, "LT", "x".repeat(65_534));
    const bytes = encodeDataSet(dataSet, EXPLICIT);
    expect(hex(bytes.subarray(0, 8))).toBe(hex(fromHex('1000 0040 "LT" FEFF')));
  });

  test.each([
    ["US of 65536", { vr: "US", values: [65_536] }],
    ["US of -1", { vr: "US", values: [-1] }],
    ["US of 1.5", { vr: "US", values: [1.5] }],
    ["SS of 32768", { vr: "SS", values: [32_768] }],
    ["UL of 2^32", { vr: "UL", values: [2 ** 32] }],
    ["SL of NaN", { vr: "SL", values: [Number.NaN] }],
    ["AT of -1", { vr: "AT", values: [-1] }],
    ["SV of 2^63", { vr: "SV", values: [2n ** 63n] }],
    ["UV of -1", { vr: "UV", values: [-1n] }],
    ["two values of LT", { vr: "LT", values: ["a", "b"] }],
  ] as readonly (readonly [string, Element])[])(
    "refuses %s and names the element",
    (_, element) => {
      const write = () => encodeDataSet(dataSetOf([Tag.PatientComments, element]), EXPLICIT);
      expect(write).toThrow(EncodeError);
      expect(write).toThrow("(0010,4000)");
      // The encoder works on after a refusal.
      expect(encodeDataSet(new DataSet(), EXPLICIT).byteLength).toBe(0);
    },
  );
});

function nested(depth: number): DataSet {
  let dataSet = new DataSet();
  for (let i = 0; i < depth; i++) dataSet = new DataSet().sequence(Tag.ContentSequence, dataSet);
  return dataSet;
}

describe("the decoder", () => {
  const limitsOf = (dataSet: DataSet, limits: Partial<typeof DECODE_LIMITS>) => () =>
    decodeDataSet(encodeDataSet(dataSet, EXPLICIT), { ...EXPLICIT, limits });
  const items = (count: number) =>
    new DataSet().sequence(
      Tag.ContentSequence,
      ...Array.from({ length: count }, () => new DataSet()),
    );

  test("bounds the depth of sequences", () => {
    expect(limitsOf(nested(3), { depthMax: 3 })).not.toThrow();
    expect(limitsOf(nested(4), { depthMax: 3 })).toThrow(
      "more than 3 nested sequences at (0040,A730)",
    );
    expect(limitsOf(nested(DECODE_LIMITS.depthMax + 1), {})).toThrow("nested sequences");
  });

  test("bounds the number of items", () => {
    expect(limitsOf(items(5), { itemsMax: 5 })).not.toThrow();
    expect(limitsOf(items(6), { itemsMax: 5 })).toThrow("more than 5 items");
  });

  test("bounds the number of elements, those of items included", () => {
    expect(limitsOf(nested(5), { elementsMax: 5 })).not.toThrow();
    expect(limitsOf(nested(6), { elementsMax: 5 })).toThrow("more than 5 elements");
  });

  test("bounds the length of a value", () => {
    const dataSet = new DataSet().text(Tag.PatientID, "LO", "123456");
    expect(limitsOf(dataSet, { valueBytesMax: 6 })).not.toThrow();
    expect(limitsOf(dataSet, { valueBytesMax: 4 })).toThrow(
      "more than 4 bytes at (0010,0020), byte 8",
    );
  });

  test("stops in front of an element and gives its header", () => {
    const bytes = fromHex('1000 1000 "PN" 0200 "A " E07F 1000 "OW" 0000 FFFFFFFF FEFF00E0');
    const { dataSet, stoppedAt, end } = decodeDataSet(bytes, {
      explicitVr: true,
      stopBefore: Tag.PixelData,
    });
    expect(dataSet.size).toBe(1);
    expect(end).toBe(10);
    expect(stoppedAt).toEqual({
      tag: Tag.PixelData,
      vr: "OW",
      headerOffset: 10,
      valueOffset: 22,
      length: null,
    });
  });

  test("reads bytes in shared memory", () => {
    const text = "a text longer than what is joined character by character";
    const bytes = encodeDataSet(
      new DataSet().text(Tag.PatientComments, "LT", text).text(Tag.PatientName, "PN", "山"),
      EXPLICIT,
    );
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
    shared.set(bytes);
    const { dataSet } = decodeDataSet(shared, EXPLICIT);
    expect(dataSet.string(Tag.PatientComments)).toBe(text);
    expect(dataSet.string(Tag.PatientName)).toBe("山");
  });

  test("values of other-type VRs are views of the bytes given, not copies", () => {
    const bytes = fromHex('2800 0020 "OB" 0000 02000000 0102');
    const element = decodeDataSet(bytes, EXPLICIT).dataSet.get(Tag.ICCProfile);
    expect(element && "bytes" in element && element.bytes.buffer).toBe(bytes.buffer);
  });
});
