// Received text in every character set (PS3.5 §6.1.2 and its annexes H to K), and the ways in which
// senders get it wrong (quirks E1 to E13).

import { describe, expect, test } from "bun:test";
import { decodeDataSet } from "../../../../src/dicom/data/decode.ts";
import { Tag } from "../../../../src/dicom/dict/attributes.ts";
import { fromHex } from "../plain.ts";

type Vr = "PN" | "LO" | "LT" | "CS";
const TAGS = {
  PN: Tag.PatientName,
  LO: Tag.PatientID,
  LT: Tag.PatientComments,
  CS: Tag.Modality,
} as const;

/** An element with these value bytes behind a Specific Character Set, explicit VR. */
function read(charset: string | null, wire: string, vr: Vr = "PN", fallbackCharacterSet?: string) {
  const bytes = [...elementBytes(0x0020, "LO", fromHex(wire))];
  const head = charset === null ? [] : [...elementBytes(0, "CS", fromHex(`"${charset}"`))];
  if (charset !== null) head.splice(0, 4, 0x08, 0x00, 0x05, 0x00);
  const tag = TAGS[vr];
  bytes.splice(
    0,
    6,
    tag >>> 16,
    0,
    tag & 0xff,
    (tag >> 8) & 0xff,
    vr.charCodeAt(0),
    vr.charCodeAt(1),
  );
  const decoded = decodeDataSet(new Uint8Array([...head, ...bytes]), {
    explicitVr: true,
    fallbackCharacterSet,
  });
  return { values: decoded.dataSet.strings(tag), warnings: decoded.warnings };
}

function elementBytes(element: number, vr: string, value: Uint8Array): number[] {
  const length = value.byteLength;
  return [
    0x10,
    0,
    element,
    0,
    vr.charCodeAt(0),
    vr.charCodeAt(1),
    length & 0xff,
    length >> 8,
    ...value,
  ];
}

/** Name, Specific Character Set, bytes, text. */
// biome-ignore format: one row a case
const SETS: readonly (readonly [string, string | null, string, string])[] = [
  ["default repertoire",       null,              '"Adams^John Robert Quincy^^Rev.^B.A. M.Div."', "Adams^John Robert Quincy^^Rev.^B.A. M.Div."],
  ["ISO_IR 6",                 "ISO_IR 6",        '"Adams^John"', "Adams^John"],
  ["ISO_IR 100 Latin 1",       "ISO_IR 100",      '"Buc^J" E9 "r" F4 "me"', "Buc^Jérôme"],
  ["ISO_IR 101 Latin 2",       "ISO_IR 101",      '"Wa" B3 EA "sa"', "Wałęsa"],
  ["ISO_IR 109 Latin 3",       "ISO_IR 109",      'C6 "apelo"', "Ĉapelo"],
  ["ISO_IR 110 Latin 4",       "ISO_IR 110",      'E0 E7', "āį"],
  ["ISO_IR 144 Cyrillic",      "ISO_IR 144",      'BB EE DA 63 65 DC D1 E3 E0 D3', "Люкceмбург"],
  ["ISO_IR 127 Arabic",        "ISO_IR 127",      "E2 C8 C7 E6 EA 5E E4 E6 D2 C7 D1", "قباني^لنزار"],
  ["ISO_IR 126 Greek",         "ISO_IR 126",      "C4 E9 EF ED F5 F3 E9 EF F2", "Διονυσιος"],
  ["ISO_IR 138 Hebrew",        "ISO_IR 138",      "F9 F8 E5 EF 5E E3 E1 E5 F8 E4", "שרון^דבורה"],
  ["ISO_IR 148 Latin 5",       "ISO_IR 148",      'C7 "avu" FE "o" F0 "lu"', "Çavuşoğlu"],
  ["ISO_IR 203 Latin 9",       "ISO_IR 203",      "A4 BC", "€Œ"],
  ["ISO_IR 166 Thai",          "ISO_IR 166",      "B9 D2 C1 CA A1 D8 C5", "นามสกุล"],
  ["ISO_IR 13 Katakana",       "ISO_IR 13",       "D4 CF C0 DE 5E C0 DB B3", "ﾔﾏﾀﾞ^ﾀﾛｳ"],
  ["ISO_IR 192 UTF-8",         "ISO_IR 192",      '"Wang^XiaoDong=" E7 8E 8B 5E E5 B0 8F E4 B8 9C', "Wang^XiaoDong=王^小东"],
  ["GB18030",                  "GB18030",         '"Wang^XiaoDong=" CD F5 5E D0 A1 B6 AB', "Wang^XiaoDong=王^小东"],
  ["GBK",                      "GBK",             '"Wang^XiaoDong=" CD F5 5E D0 A1 B6 AB', "Wang^XiaoDong=王^小东"],
  ["GB18030 with 5C inside",   "GB18030",         "90 5C 81 30 89 38", "怽ß"],
  ["ISO 2022 IR 87 Kanji (H.3.1)", "\\ISO 2022 IR 87", '"Yamada^Tarou=" 1B2442 3B334544 1B2842 5E 1B2442 42404F3A 1B2842 3D 1B2442 2464245E2440 1B2842 5E 1B2442 243F246D2426 1B2842', "Yamada^Tarou=山田^太郎=やまだ^たろう"],
  ["JIS X 0201 and Kanji (H.3.2), E4", "ISO 2022 IR 13\\ISO 2022 IR 87", "D4CFC0DE5EC0DBB3 3D 1B2442 3B334544 1B284A 5E 1B2442 42404F3A 1B284A 3D 1B2442 2464245E2440 1B284A 5E 1B2442 243F246D2426 1B284A", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"],
  ["JIS X 0212",               "ISO 2022 IR 6\\ISO 2022 IR 159", "1B242844 3021 1B2842", "丂"],
  ["KS X 1001 (I.2)",          "\\ISO 2022 IR 149", '"Hong^Gildong=" 1B242943 FBF3 5E 1B242943 D1CED4D7 3D 1B242943 C8AB 5E 1B242943 B1E6B5BF', "Hong^Gildong=洪^吉洞=홍^길동"],
  ["GB 2312 (K.2)",            "\\ISO 2022 IR 58", '"Zhang^XiaoDong=" 1B242941 D5C5 5E 1B242941 D0A1B6AB 3D', "Zhang^XiaoDong=张^小东="],
  ["Latin 1 and Greek by code extension", "ISO 2022 IR 100\\ISO 2022 IR 126", 'E9 "=" 1B2D46 E1 "=" E9', "é=α=é"],
];

describe("text of each character set is read", () => {
  test.each(SETS)("%s", (_, charset, wire, text) => {
    expect(read(charset, wire)).toEqual({ values: [text], warnings: [] });
  });
});

/** Name, Specific Character Set, VR, bytes, values, warnings in part, fallback. */
// biome-ignore format: one row a case
const QUIRKS: readonly (readonly [string, string | null, Vr, string, readonly string[], readonly string[], string?])[] = [
  ["E1: JIS X 0201 Romaji left in force at ^",    "ISO 2022 IR 13\\ISO 2022 IR 87", "PN", '1B2442 3B334544 1B284A "^A"', ["山田^A"], []],
  ["E1: Kanji left in force at ^ before an escape", "\\ISO 2022 IR 87", "PN", "1B2442 3B334544 5E 1B2442 42404F3A 1B2842", ["山田^太郎"], []],
  ["E1: Kanji left in force at the end of a value", "\\ISO 2022 IR 87", "LO", '1B2442 3B334544', ["山田"], []],
  ["Kanji whose bytes look like delimiters",      "\\ISO 2022 IR 87", "PN", "1B2442 5E5C 3D5C 245E 1B2842", ["湃旬ま"], []],
  ["the default set is back after a line break",  "\\ISO 2022 IR 87", "LT", '1B2442 3B33 1B2842 0D0A "ab"', ["山\r\nab"], []],
  ["a forgotten return before a line break",      "\\ISO 2022 IR 87", "LT", '1B2442 3B33 0D0A "ab"', ["山\r\nab"], []],
  ["values are split at \\ outside Kanji only",   "\\ISO 2022 IR 87", "LO", '1B2442 4C5C 1B2842 "\\" 1B2442 4C5C 1B2842', ["目", "目"], []],
  ["E4: half-width kana in G0",                   "\\ISO 2022 IR 13", "PN", "1B2849 54 4F 40 5E 1B2842", ["ﾔﾏﾀﾞ"], []],
  ["E5: an odd third component stays as it is",   "\\ISO 2022 IR 87", "PN", '"A^B=" 1B2442 3B33 1B2842 "=???"', ["A^B=山=???"], []],
  ["E6: an empty first value is the default",     "\\ISO 2022 IR 87", "PN", '"A^B"', ["A^B"], []],
  ["E7: ISO-IR 100",                              "ISO-IR 100", "PN", 'E9', ["é"], ["read as \"ISO_IR 100\""]],
  ["E7: ISO IR 192",                              "ISO IR 192", "PN", 'C3A9', ["é"], ["read as \"ISO_IR 192\""]],
  ["E7: iso_ir_100",                              "iso_ir_100", "PN", 'E9', ["é"], ["read as \"ISO_IR 100\""]],
  ["E7: ISO_2022_IR_87",                          "\\ISO_2022_IR_87", "PN", "1B2442 3B33 1B2842", ["山"], ["read as \"ISO 2022 IR 87\""]],
  ["E7: ISO_IR 149, nothing designated",          "ISO_IR 149", "PN", "C8AB 5E B1E6B5BF", ["홍^길동"], ["read as \"ISO 2022 IR 149\""]],
  ["E7: ISO_IR 87",                               "ISO_IR 87", "PN", "1B2442 3B33 1B2842", ["山"], ["read as \"ISO 2022 IR 87\""]],
  ["E7: utf-8",                                   "UTF-8", "PN", "E5B1B1", ["山"], ["read as \"ISO_IR 192\""]],
  ["E8: no set, the configured fallback",         null, "PN", '"Nu" F1 "ez"', ["Nuñez"], ["read as Latin 1"], "ISO_IR 100"],
  ["E8: no set, fallback Katakana",               null, "PN", "D4CFC0DE", ["ﾔﾏﾀﾞ"], ["read as JIS X 0201 Katakana"], "ISO_IR 13"],
  ["E8: no set, fallback UTF-8",                  null, "PN", "E5B1B1", ["山"], ["read as utf-8"], "ISO_IR 192"],
  ["E8: no set, fallback GBK with an ASCII byte inside", null, "PN", "905C", ["怽"], ["read as gbk"], "GBK"],
  ["E8: no set, no fallback, valid UTF-8",        null, "PN", "E5B1B1", ["山"], ["read as utf-8"]],
  ["E8: no set, no fallback, no UTF-8",           null, "PN", '"Nu" F1 "ez"', ["Nuñez"], ["read as Latin 1"]],
  ["E8: an empty set is no set",                  "", "PN", '"Nu" F1 "ez"', ["Nuñez"], ["read as Latin 1"]],
  ["E8: no set, but escape sequences",            null, "PN", "1B2442 3B33 1B2842", ["山"], []],
  ["E9: two sets, 8-bit of the second undesignated", "\\ISO 2022 IR 149", "PN", "C8AB 5E B1E6B5BF", ["홍^길동"], ["read as KS X 1001"]],
  ["E11: UTF-8 under ISO 2022 IR 87",             "\\ISO 2022 IR 87", "PN", 'E5B1B1E794B0 "^A"', ["山田^A"], ["read as utf-8"]],
  ["E11: ISO 2022 under ISO_IR 192",              "ISO_IR 192", "PN", "1B2442 3B33 1B2842", ["山"], []],
  ["E12: an NEC row is shown",                    "\\ISO 2022 IR 87", "PN", "1B2442 2D21 1B2842", ["①"], []],
  ["E12: an IBM row is shown",                    "\\ISO 2022 IR 87", "PN", "1B2442 7C62 1B2842", ["髙"], []],
  ["E13: = and escapes in free text",             "\\ISO 2022 IR 87", "LO", '"a=b^c" 1B2442 3B33 1B2842', ["a=b^c山"], []],
  ["E54: an unknown set",                         "ISO_IR 999", "PN", '"A" E9 "B"', ["A?B"], ["not known", "shown as \"?\""]],
  ["an unknown escape sequence",                  "ISO 2022 IR 100", "PN", '"A" 1B2C5A "B"', ["A?B"], ["escape sequence"]],
  ["an escape at the end of the bytes",           "\\ISO 2022 IR 87", "PN", '"A" 1B', ["A?"], ["escape sequence"]],
  ["a code without a character",                  "\\ISO 2022 IR 87", "PN", "1B2442 7E7E 1B2842", ["?"], ["does not have"]],
  ["broken UTF-8",                                "ISO_IR 192", "PN", '"A" E5B1 "B"', ["A?B"], ["no utf-8"]],
  ["8-bit codes in a coded string",               "ISO_IR 100", "CS", 'E9', ["é"], []],
];

describe("text that senders write wrongly is read", () => {
  for (const [name, charset, vr, wire, values, warnings, fallback] of QUIRKS)
    test(name, () => {
      const got = read(charset, wire, vr, fallback);
      expect(got.values).toEqual(values);
      for (const part of warnings)
        expect(got.warnings).toContainEqual(expect.stringContaining(part));
      expect(got.warnings).toHaveLength(warnings.length);
    });
});

test("an item's own character set holds for the item only", () => {
  const wire = fromHex(
    `0800 0500 "CS" 0A00 "ISO_IR 100"
     0800 1011 "SQ" 0000 24000000
       FEFF00E0 1C000000 0800 0500 "CS" 0A00 "ISO_IR 192" 1000 1000 "PN" 0200 C3A9
     1000 1000 "PN" 0200 E920`,
  );
  // The item: 8 + 10 + 8 + 2 bytes.
  const { dataSet } = decodeDataSet(wire, { explicitVr: true });
  expect(dataSet.items(Tag.ReferencedStudySequence)[0]?.string(Tag.PatientName)).toBe("é");
  expect(dataSet.string(Tag.PatientName)).toBe("é");
});

test("an item without a character set is read with that of the data set", () => {
  const wire = fromHex(
    `0800 0500 "CS" 0A00 "ISO_IR 100" 0800 1011 "SQ" 0000 12000000 FEFF00E0 0A000000 1000 1000 "PN" 0200 E920`,
  );
  const { dataSet } = decodeDataSet(wire, { explicitVr: true });
  expect(dataSet.items(Tag.ReferencedStudySequence)[0]?.string(Tag.PatientName)).toBe("é");
});

test("E14: what was read from different sets is the same Unicode", () => {
  const texts = [
    read("\\ISO 2022 IR 87", "1B2442 3B33 1B2842"),
    read("ISO_IR 192", "E5B1B1"),
    read("GB18030", "C9BD"),
  ].map(({ values }) => values[0]);
  expect(texts).toEqual(["山", "山", "山"]);
});
