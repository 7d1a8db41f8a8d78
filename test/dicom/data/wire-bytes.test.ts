// Encoded data sets with their decoding: what is on the wire for each VR (read and written alike),
// and what other senders may write (read only).

import { describe, expect, test } from "bun:test";
import { DataSet, type Element } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { dataSetOf, fromHex, hex, plain } from "./plain.ts";

const b = (...bytes: number[]) => new Uint8Array(bytes);
const t = (
  vr: "LO" | "PN" | "UI" | "DS" | "IS" | "CS" | "UT" | "UC" | "UR" | "LT",
  ...values: string[]
) => ({ vr, values }) as Element;
const n = (vr: "US" | "SS" | "UL" | "SL" | "FL" | "FD" | "AT", ...values: number[]) =>
  ({ vr, values }) as Element;

/** tag, element, explicit VR little endian, implicit VR little endian. */
// biome-ignore format: one row a case
const BOTH_WAYS: readonly (readonly [string, number, Element, string, string])[] = [
  ["PN",           Tag.PatientName, t("PN", "A^B"),                '1000 1000 "PN" 0400 "A^B "',          '1000 1000 04000000 "A^B "'],
  ["UI with NUL",  Tag.SOPClassUID, t("UI", "1.2"),                '0800 1600 "UI" 0400 "1.2" 00',        '0800 1600 04000000 "1.2" 00'],
  ["CS, values",   Tag.ImageType, t("CS", "DERIVED", "X"),         '0800 0800 "CS" 0A00 "DERIVED\\X "',   '0800 0800 0A000000 "DERIVED\\X "'],
  ["DS, values",   Tag.PixelSpacing, t("DS", "0.1", "-2"),         '2800 3000 "DS" 0600 "0.1\\-2"',       '2800 3000 06000000 "0.1\\-2"'],
  ["empty",        Tag.StudyID, { vr: "SH", values: [] },          '2000 1000 "SH" 0000',                 "2000 1000 00000000"],
  ["empty values", Tag.OtherPatientNames, t("PN", "", ""),         '1000 0110 "PN" 0200 "\\ "',           '1000 0110 02000000 "\\ "'],
  ["LT one value", Tag.PatientComments, t("LT", "a\\b"),           '1000 0040 "LT" 0400 "a\\b "',         '1000 0040 04000000 "a\\b "'],
  ["UT long form", Tag.TextValue, t("UT", "ab"),                   '4000 60A1 "UT" 0000 02000000 "ab"',   '4000 60A1 02000000 "ab"'],
  ["US",           Tag.Rows, n("US", 0x1234),                      '2800 1000 "US" 0200 3412',            "2800 1000 02000000 3412"],
  ["SL",           Tag.ReferencePixelX0, n("SL", -2),              '1800 2060 "SL" 0400 FEFFFFFF',        "1800 2060 04000000 FEFFFFFF"],
  ["AT",           Tag.FrameIncrementPointer, n("AT", 0x00181063), '2800 0900 "AT" 0400 18006310',        "2800 0900 04000000 18006310"],
  ["DS, exponent", Tag.DetectorActiveOrigin, { vr: "DS", values: ["1E5"] }, '1800 2870 "DS" 0400 "1E5 "',     '1800 2870 04000000 "1E5 "'],
  ["OB",           Tag.ICCProfile, { vr: "OB", bytes: b(1, 2, 3, 0) }, '2800 0020 "OB" 0000 04000000 01020300', "2800 0020 04000000 01020300"],
  ["SQ empty",     Tag.RequestAttributesSequence, { vr: "SQ", items: [] }, '4000 7502 "SQ" 0000 00000000', "4000 7502 00000000"],
  ["SQ, empty item", Tag.RequestAttributesSequence, { vr: "SQ", items: [new DataSet()] }, '4000 7502 "SQ" 0000 08000000 FEFF00E0 00000000', "4000 7502 08000000 FEFF00E0 00000000"],
  ["SQ, item",     Tag.ReferencedSOPSequence, { vr: "SQ", items: [dataSetOf([Tag.ReferencedSOPClassUID, t("UI", "1")])] }, '0800 9911 "SQ" 0000 12000000 FEFF00E0 0A000000 0800 5011 "UI" 0200 "1" 00', '0800 9911 12000000 FEFF00E0 0A000000 0800 5011 02000000 "1" 00'],
  ["FL",           Tag.RecommendedDisplayFrameRateInFloat, n("FL", 1.5), '0800 5994 "FL" 0400 0000C03F', "0800 5994 04000000 0000C03F"],
  ["FD",           Tag.RealWorldValueSlope, n("FD", 1.5),          '4000 2592 "FD" 0800 000000000000F83F', "4000 2592 08000000 000000000000F83F"],
  ["OV",           Tag.ExtendedOffsetTable, { vr: "OV", bytes: b(1, 0, 0, 0, 0, 0, 0, 0) }, 'E07F 0100 "OV" 0000 08000000 0100000000000000', "E07F 0100 08000000 0100000000000000"],
];

describe("each VR stands on the wire as PS3.5 says", () => {
  test.each(BOTH_WAYS)("%s", (_, tag, element, explicit, implicit) => {
    const dataSet = dataSetOf([tag, element]);
    for (const [explicitVr, wire] of [
      [true, fromHex(explicit)],
      [false, fromHex(implicit)],
    ] as const) {
      const encoded = encodeDataSet(dataSet, { explicitVr, characterSet: "default-kanji" });
      expect(hex(encoded)).toBe(hex(wire));
      expect(plain(decodeDataSet(wire, { explicitVr }).dataSet)).toEqual(plain(dataSet));
    }
  });
});

const ITEM = "FEFF00E0 FFFFFFFF";
const ITEM_END = "FEFF0DE0 00000000";
const SQ_END = "FEFFDDE0 00000000";
const SQ = '0800 9911 "SQ" 0000 FFFFFFFF';
const UID = '0800 5011 "UI" 0200 "1" 00';
const uidItems = (count: number) => ({
  "(0008,1199) SQ": Array.from({ length: count }, () => ({ "(0008,1150) UI": ["1"] })),
});

/** What it is, explicit VR, bytes, decoding, warnings in part. */
// biome-ignore format: one row a case
const READ_ONLY: readonly (readonly [string, boolean, string, unknown, readonly string[]])[] = [
  ["undefined lengths",                         true,  `${SQ} ${ITEM} ${UID} ${ITEM_END} ${SQ_END}`, uidItems(1), []],
  ["two items of undefined length",             true,  `${SQ} ${ITEM} ${UID} ${ITEM_END} ${ITEM} ${UID} ${ITEM_END} ${SQ_END}`, uidItems(2), []],
  ["an empty item of undefined length",         true,  `${SQ} ${ITEM} ${ITEM_END} ${SQ_END}`, { "(0008,1199) SQ": [{}] }, []],
  ["D1: an odd length",                         true,  '1000 1000 "PN" 0300 "A^B" 1000 2000 "LO" 0100 "7"', { "(0010,0010) PN": ["A^B"], "(0010,0020) LO": ["7"] }, []],
  ["D2: group lengths",                         true,  '0800 0000 "UL" 0400 63000000 0800 6000 "CS" 0200 "DX"', { "(0008,0060) CS": ["DX"] }, []],
  ["D5: the item delimiter ends the sequence",  true,  `${SQ} ${ITEM} ${UID} ${ITEM_END} ${ITEM_END} 1000 2000 "LO" 0200 "7 "`, { ...uidItems(1), "(0010,0020) LO": ["7"] }, ["item delimiter ends the sequence"]],
  ["D5: the sequence delimiter ends the item",  true,  `${SQ} ${ITEM} ${UID} ${SQ_END} ${SQ_END}`, uidItems(1), ["sequence delimiter ends the item"]],
  ["D5: both swapped",                          true,  `${SQ} ${ITEM} ${UID} ${SQ_END} ${ITEM_END}`, uidItems(1), ["sequence delimiter ends the item", "item delimiter ends the sequence"]],
  ["D5: the item delimiter missing",            true,  `${SQ} ${ITEM} ${UID} ${SQ_END} 1000 2000 "LO" 0200 "7 "`, { ...uidItems(1), "(0010,0020) LO": ["7"] }, ["sequence delimiter ends the item"]],
  ["a delimiter behind an explicit length",     true,  `0800 9911 "SQ" 0000 1A000000 FEFF00E0 0A000000 ${UID} ${SQ_END}`, uidItems(1), ["delimiter where the length is explicit"]],
  ["D6: UN of undefined length is implicit",    true,  `1900 0110 "UN" 0000 FFFFFFFF ${ITEM} 0800 5011 02000000 "1" 00 ${ITEM_END} ${SQ_END}`, { "(0019,1001) SQ": [{ "(0008,1150) UI": ["1"] }] }, []],
  ["a known attribute in UN",                   true,  '1000 1000 "UN" 0000 04000000 "A^B "', { "(0010,0010) PN": ["A^B"] }, []],
  ["a known sequence in UN, implicit inside",   true,  '0800 9911 "UN" 0000 12000000 FEFF00E0 0A000000 0800 5011 02000000 "1" 00', uidItems(1), []],
  ["a known sequence in UN that is none",       true,  '0800 9911 "UN" 0000 04000000 01020304', { "(0008,1199) UN": "01 02 03 04" }, ["cannot be read"]],
  ["D8: a sequence in OW, undefined length",    true,  `2800 1030 "OW" 0000 FFFFFFFF ${ITEM} 2800 0330 "LO" 0200 "a " ${ITEM_END} ${SQ_END}`, { "(0028,3010) SQ": [{ "(0028,3003) LO": ["a"] }] }, []],
  ["D8: private OB of undefined length",        true,  `1900 0110 "OB" 0000 FFFFFFFF FEFF00E0 02000000 0102 ${SQ_END}`, { "(0019,1001) OB": "fe ff 00 e0 02 00 00 00 01 02" }, []],
  ["D9: a UID with blank and leading zero",     true,  '0800 1600 "UI" 0600 "1.02. "', { "(0008,0016) UI": ["1.02."] }, []],
  ["D10: IS 1.0 keeps its text",                true,  '2000 1300 "IS" 0400 "1.0 "', { "(0020,0013) IS": ["1.0"] }, []],
  ["D11: NULs and blanks behind text",          true,  '1000 2000 "LO" 0800 "7  " 00 "  " 00 00', { "(0010,0020) LO": ["7"] }, []],
  ["D11: padding of each value",                true,  '0800 0800 "CS" 0800 "A  \\ B  "', { "(0008,0008) CS": ["A", "B"] }, []],
  ["D11: nothing but blanks",                   true,  '1000 2000 "LO" 0400 "    "', { "(0010,0020) LO": [] }, []],
  ["D14: DS over 16 characters keeps its text", true,  '1800 5011 "DS" 1400 "0.123456789012345678"', { "(0018,1150) DS": ["0.123456789012345678"] }, []],
  ["private elements",                          true,  '1900 1000 "LO" 0400 "ACME" 1900 0110 "DS" 0200 "1 "', { "(0019,0010) LO": ["ACME"], "(0019,1001) DS": ["1"] }, []],
  ["private elements, implicit",                false, '1900 1000 04000000 "ACME" 1900 0110 02000000 "1 "', { "(0019,0010) LO": ["ACME"], "(0019,1001) UN": "31 20" }, []],
  ["a VR of a later edition",                   true,  '1900 0110 "ZZ" 0000 02000000 0102', { "(0019,1001) UN": "01 02" }, ["not known is read as UN"]],
  ["US or SS, unsigned pixels",                 false, "2800 0301 02000000 0000 2800 2001 02000000 FFFF", { "(0028,0103) US": [0], "(0028,0120) US": [65535] }, []],
  ["US or SS, signed pixels",                   false, "2800 0301 02000000 0100 2800 2001 02000000 FFFF", { "(0028,0103) US": [1], "(0028,0120) SS": [-1] }, []],
  ["US or SS in an item, of the image's kind",  false, "2800 0301 02000000 0100 2800 0030 16000000 FEFF00E0 0E000000 2800 0230 06000000 0100 FEFF 1000", { "(0028,0103) US": [1], "(0028,3000) SQ": [{ "(0028,3002) SS": [1, -2, 16] }] }, []],
  ["OB or OW, implicit",                        false, "0060 0030 02000000 0102", { "(6000,3000) OW": "01 02" }, []],
  ["half a number",                             true,  '2800 1000 "US" 0300 010002', { "(0028,0010) US": [1] }, ["behind the last whole value"]],
  ["an element twice",                          true,  '1000 2000 "LO" 0200 "1 " 1000 2000 "LO" 0200 "2 "', { "(0010,0020) LO": ["2"] }, ["stands twice"]],
  ["zero padding behind everything",            true,  '1000 2000 "LO" 0200 "1 " 0000', { "(0010,0020) LO": ["1"] }, ["padding behind"]],
];

describe("what senders write is read", () => {
  test.each(READ_ONLY)("%s", (_, explicitVr, wire, expected, warnings) => {
    const decoded = decodeDataSet(fromHex(wire), { explicitVr });
    expect(plain(decoded.dataSet)).toEqual(expected as Record<string, unknown>);
    for (const part of warnings)
      expect(decoded.warnings).toContainEqual(expect.stringContaining(part));
    expect(decoded.warnings).toHaveLength(warnings.length);
  });
});

/** What it is, explicit VR, bytes, kind of error, words of its message. */
// biome-ignore format: one row a case
const REFUSED: readonly (readonly [string, boolean, string, string, string])[] = [
  ["a value longer than the bytes",       true,  '1000 1000 "PN" 0800 "A^B "', "truncated", "(0010,0010), byte 8"],
  ["a value of 4 GB",                     false, "1000 1000 FEFFFFFF 41", "truncated", "(0010,0010)"],
  ["a header cut off",                    true,  '1000 1000 "PN" 0000 1000', "truncated", "within an element"],
  ["a long header cut off",               true,  '0800 9911 "SQ" 0000 0000', "truncated", "(0008,1199)"],
  ["a sequence without its delimiter",    true,  `${SQ} ${ITEM} ${UID} ${ITEM_END}`, "truncated", "(0008,1199)"],
  ["an item without its delimiter",       true,  `${SQ} ${ITEM} ${UID}`, "truncated", "delimiter"],
  ["an item longer than its sequence",    true,  `0800 9911 "SQ" 0000 08000000 FEFF00E0 0A000000 ${UID}`, "malformed", "longer than what it stands in"],
  ["a value longer than its item",        true,  `0800 9911 "SQ" 0000 12000000 FEFF00E0 0A000000 0800 5011 "UI" 0400 "1" 00 1000 2000 "LO" 0200 "7 "`, "malformed", "(0008,1150)"],
  ["no item in a sequence",               true,  '0800 9911 "SQ" 0000 08000000 1000 2000 "LO" 0000', "malformed", "no item"],
  ["an item outside a sequence",          true,  "FEFF00E0 00000000", "malformed", "outside a sequence"],
  ["no VR in explicit VR",                true,  "1000 1000 04000000 41424344", "malformed", "no value representation"],
  ["undefined length of a text",          true,  `4000 60A1 "UT" 0000 FFFFFFFF ${SQ_END}`, "malformed", "undefined length of UT"],
];

describe("what cannot be read is refused with element and offset", () => {
  test.each(REFUSED)("%s", (_, explicitVr, wire, kind, words) => {
    const read = () => decodeDataSet(fromHex(wire), { explicitVr });
    expect(read).toThrow(
      expect.objectContaining({ name: "DecodeError", kind }) as unknown as Error,
    );
    expect(read).toThrow(words);
  });
});
