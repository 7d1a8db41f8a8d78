// Text as this product writes it: the default repertoire, ISO 2022 IR 87 in sixteen attributes, or
// ISO_IR 192; and what is told about characters that cannot be written (E53, E55; quirks E1, E12).

import { describe, expect, test } from "bun:test";
import { jisX0208Code } from "../../../../src/dicom/data/charset/jis-x0208.ts";
import { KANJI_ATTRIBUTES } from "../../../../src/dicom/data/charset/kanji-attributes.ts";
import type {
  OutputCharacterSet,
  Substitution,
} from "../../../../src/dicom/data/charset/output-character-set.ts";
import { DataSet, type TextVr } from "../../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../../src/dicom/data/encode.ts";
import { checkText } from "../../../../src/dicom/data/text-limits.ts";
import { Tag } from "../../../../src/dicom/dict/attributes.ts";
import { attributeOf, keywordOf, tagText } from "../../../../src/dicom/dict/dictionary.ts";
import { row } from "../../../coverage.ts";
import { fromHex, hex } from "../plain.ts";

function write(dataSet: DataSet, characterSet: OutputCharacterSet = "default-kanji") {
  const substitutions: Substitution[] = [];
  const bytes = encodeDataSet(dataSet, { explicitVr: true, characterSet, substitutions });
  const { dataSet: read } = decodeDataSet(bytes, { explicitVr: true });
  return { bytes, read, substitutions };
}

/** Value bytes of the one element, without padding behind an escape sequence. */
function valueBytes(tag: number, vr: TextVr, text: string): string {
  const { bytes } = write(new DataSet().text(tag, vr, text));
  const element = bytes.subarray(bytes.findIndex((_, i) => tagAt(bytes, i) === tag) + 8);
  return hex(element);
}

function tagAt(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 4 > bytes.byteLength) return -1;
  return view.getUint16(at, true) * 0x10000 + view.getUint16(at + 2, true);
}

const wire = (text: string) => hex(fromHex(text));

describe("ISO 2022 IR 87", () => {
  /** What it is, VR, text, value bytes. */
  // biome-ignore format: one row a case
  const CASES: readonly (readonly [string, "PN" | "LO" | "LT", string, string])[] = [
    ["E1: ESC ( B before each ^ and =",   "PN", "Yamada^Tarou=山田^太郎=やまだ^たろう", '"Yamada^Tarou=" 1B2442 3B334544 1B2842 5E 1B2442 42404F3A 1B2842 3D 1B2442 2464245E2440 1B2842 5E 1B2442 243F246D2426 1B2842'],
    ["E1: ESC ( B at the end of a value", "LO", "山", "1B2442 3B33 1B2842"],
    ["E1: ESC ( B before CR LF",          "LT", "山\r\n川", "1B2442 3B33 1B2842 0D0A 1B2442 406E 1B2842"],
    ["E1: ESC ( B before FF and TAB",     "LT", "山\f川\t", "1B2442 3B33 1B2842 0C 1B2442 406E 1B2842 09"],
    ["E1: ESC ( B before ASCII",          "LO", "A山B", '"A" 1B2442 3B33 1B2842 "B"'],
    ["half-width kana become full-width", "LO", "ﾔﾏﾀﾞ", "1B2442 256425 5E2540 1B2842"],
    ["a voicing mark joins its kana",     "LO", "か\u3099ﾊﾟ", "1B2442 242C2551 1B2842"],
    ["a lone voicing mark stays",         "LO", "ｱﾞ", "1B2442 2522212B 1B2842"],
    ["the forms of Windows are the same", "LO", "～－", "1B2442 2141215D 1B2842"],
  ];
  const TAGS = { PN: Tag.PatientName, LO: Tag.StudyDescription, LT: Tag.PatientComments };

  test.each(CASES)("%s", (_, vr, text, expected) => {
    const padded = fromHex(expected);
    expect(valueBytes(TAGS[vr], vr, text)).toBe(
      padded.byteLength % 2 === 0 ? wire(expected) : `${wire(expected)} 20`,
    );
  });

  test("E1: ESC ( B before each \\ between values", () => {
    const { bytes } = write(new DataSet().text(Tag.OperatorsName, "PN", "山", "川"));
    expect(hex(bytes)).toContain(wire('1B2442 3B33 1B2842 "\\" 1B2442 406E 1B2842'));
  });

  test("every one of the 6,879 characters comes back, and no row but 1 to 8 and 16 to 84 is written", () => {
    const written = new Map<number, string>();
    for (let unit = 0x80; unit < 0x10000; unit++) {
      const code = jisX0208Code(unit);
      if (code === 0) continue;
      const rowNumber = (code >> 8) - 0x20;
      expect(rowNumber <= 8 || (rowNumber >= 16 && rowNumber <= 84)).toBe(true);
      const text = String.fromCharCode(unit);
      const { read } = write(new DataSet().text(Tag.PatientComments, "LT", text));
      const back = read.string(Tag.PatientComments) ?? "";
      // A look-alike comes back as the standard's own character, which has the same code.
      expect(jisX0208Code(back.charCodeAt(0))).toBe(code);
      if (back === text) written.set(code, text);
    }
    expect(written.size).toBe(6879);
  });

  test("E12: NEC and IBM rows, JIS X 0212 and accented Latin become 〓 and are told", () => {
    const { read, substitutions } = write(
      new DataSet().text(Tag.PatientName, "PN", "髙﨑①丂é𠮷^山"),
    );
    expect(read.string(Tag.PatientName)).toBe("〓〓〓〓〓〓^山");
    expect(substitutions).toEqual(
      [..."髙﨑①丂é𠮷"].map((character) => ({ tag: Tag.PatientName, character })),
    );
  });
});

describe("Table 6-1: Kanji stand in the listed attributes only", () => {
  for (const { tag } of KANJI_ATTRIBUTES) {
    const id = tag.toString(16).toUpperCase().padStart(8, "0");
    test(`${row("6-1", id)} ${keywordOf(tag)} holds Kanji`, () => {
      const vr = attributeOf(tag)?.vr as TextVr;
      const { read, substitutions } = write(new DataSet().text(tag, vr, "山田"));
      expect(read.string(tag)).toBe("山田");
      expect(read.strings(Tag.SpecificCharacterSet)).toEqual(["", "ISO 2022 IR 87"]);
      expect(substitutions).toEqual([]);
      expect(checkText(tag, "山田", "default-kanji")).toBeNull();
      expect(checkText(tag, "山髙", "default-kanji")).toBe("髙");
    });
  }

  test("the table has 16 attributes", () => {
    expect(new Set(KANJI_ATTRIBUTES.map(({ tag }) => tag)).size).toBe(16);
  });

  test("elsewhere a character outside the default repertoire becomes ? and is told", () => {
    for (const [tag, vr] of [
      [Tag.ProtocolName, "LO"],
      [Tag.Allergies, "LO"],
      [Tag.SpecialNeeds, "LO"],
      [Tag.PersonName, "PN"],
      [Tag.TextValue, "UT"],
      [0x00191001, "LO"],
    ] as const) {
      const { read, substitutions } = write(new DataSet().text(tag, vr, "A山é"));
      expect([tagText(tag), read.string(tag)]).toEqual([tagText(tag), "A??"]);
      expect(substitutions).toEqual([
        { tag, character: "山" },
        { tag, character: "é" },
      ]);
      expect(read.has(Tag.SpecificCharacterSet)).toBe(false);
    }
  });
});

describe("Specific Character Set", () => {
  const inItem = new DataSet().sequence(
    Tag.RequestAttributesSequence,
    new DataSet().text(Tag.RequestedProcedureDescription, "LO", "胸部"),
  );

  test(`${row("6", "ISO-IR 6")} is absent when the default repertoire is enough`, () => {
    const dataSet = new DataSet()
      .text(Tag.PatientName, "PN", "Yamada^Tarou")
      .text(Tag.SpecificCharacterSet, "CS", "ISO_IR 100");
    for (const characterSet of ["default-kanji", "ISO_IR 192"] as const)
      expect(write(dataSet, characterSet).read.has(Tag.SpecificCharacterSet)).toBe(false);
  });

  test(`${row("6", "ISO-IR 87")} has an empty first value and stands in tag order`, () => {
    const { bytes, read } = write(
      new DataSet()
        .text(Tag.SOPClassUID, "UI", "1.2")
        .text(Tag.PatientName, "PN", "山")
        .numbers(Tag.LengthToEnd, "UL", 1),
    );
    expect(read.strings(Tag.SpecificCharacterSet)).toEqual(["", "ISO 2022 IR 87"]);
    expect(hex(bytes)).toStartWith(
      wire('0800 0100 "UL" 0400 01000000 0800 0500 "CS" 1000 "\\ISO 2022 IR 87 "'),
    );
  });

  test("stands once, in the outermost data set, also when only an item needs it", () => {
    for (const characterSet of ["default-kanji", "ISO_IR 192"] as const) {
      const { read } = write(inItem, characterSet);
      expect(read.has(Tag.SpecificCharacterSet)).toBe(true);
      const [item] = read.items(Tag.RequestAttributesSequence);
      expect(item?.has(Tag.SpecificCharacterSet)).toBe(false);
      expect(item?.string(Tag.RequestedProcedureDescription)).toBe("胸部");
    }
  });

  test("ISO_IR 192 takes every attribute as it is", () => {
    const { read, substitutions } = write(
      new DataSet()
        .text(Tag.PatientName, "PN", "髙﨑^①")
        .text(Tag.ProtocolName, "LO", "Thorax é 𠮷")
        .text(Tag.AccessionNumber, "SH", "Ñ1"),
      "ISO_IR 192",
    );
    expect(read.string(Tag.PatientName)).toBe("髙﨑^①");
    expect(read.string(Tag.ProtocolName)).toBe("Thorax é 𠮷");
    expect(read.string(Tag.AccessionNumber)).toBe("Ñ1");
    expect(read.strings(Tag.SpecificCharacterSet)).toEqual(["ISO_IR 192"]);
    expect(substitutions).toEqual([]);
  });

  test("commands never get one", () => {
    const { read, substitutions } = write(
      new DataSet().text(Tag.ErrorComment, "LO", "é").numbers(Tag.Status, "US", 0),
      "ISO_IR 192",
    );
    expect(read.string(Tag.ErrorComment)).toBe("?");
    expect(read.has(Tag.SpecificCharacterSet)).toBe(false);
    expect(substitutions).toHaveLength(1);
  });
});

describe("what would break the encoding is replaced and told", () => {
  const nasty = "a\u001b$B\u0000\\\u0085b\ud800";
  test.each(["default-kanji", "ISO_IR 192"] as const)("in %s", (characterSet) => {
    const { read, substitutions } = write(
      new DataSet().text(Tag.PatientName, "PN", nasty),
      characterSet,
    );
    const lone = characterSet === "ISO_IR 192" ? "?" : "〓";
    expect(read.strings(Tag.PatientName)).toEqual([`a?$B???b${lone}`]);
    expect(substitutions.map(({ character }) => character)).toEqual([
      "\u001b",
      "\u0000",
      "\\",
      "\u0085",
      "\ud800",
    ]);
  });

  test("a coded string in Kanji", () => {
    const { read, substitutions } = write(
      new DataSet().text(Tag.BodyPartExamined, "CS", "胸"),
      "ISO_IR 192",
    );
    expect(read.string(Tag.BodyPartExamined)).toBe("?");
    expect(substitutions).toEqual([{ tag: Tag.BodyPartExamined, character: "胸" }]);
  });
});

/** Attribute, text, set, first character refused. */
// biome-ignore format: one row a case
const REFUSED: readonly (readonly [number, string, OutputCharacterSet, string | null])[] = [
  [Tag.PatientName,     "YAMADA^TARO=山田^太郎", "default-kanji", null],
  [Tag.PatientName,     "ﾔﾏﾀﾞ",                  "default-kanji", null],
  [Tag.PatientName,     "山﨑",                  "default-kanji", "﨑"],
  [Tag.PatientName,     "José",                  "default-kanji", "é"],
  [Tag.PatientName,     "José",                  "ISO_IR 192",    null],
  [Tag.PatientName,     "a\\b",                  "ISO_IR 192",    "\\"],
  [Tag.PatientName,     "a\nb",                  "default-kanji", "\n"],
  [Tag.PatientComments, "a\nb\\c",               "default-kanji", null],
  [Tag.PatientComments, "a\u001bb",              "default-kanji", "\u001b"],
  [Tag.PatientID,       "山1",                   "default-kanji", "山"],
  [Tag.PatientID,       "ﾔ",                     "default-kanji", "ﾔ"],
  [Tag.AccessionNumber, "A-1",                   "default-kanji", null],
  [Tag.Modality,        "é",                     "ISO_IR 192",    "é"],
];

describe("checkText names the first character that cannot be written", () => {
  test.each(REFUSED)("%p %p in %p: %p", (tag, text, characterSet, refused) => {
    expect(checkText(tag, text, characterSet)).toBe(refused);
  });
});
