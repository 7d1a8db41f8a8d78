// Random data sets: every VR at tags that the dictionary gives it, nested sequences, private
// elements, text of the repertoire. Only what both transfer syntaxes can tell apart.

import fc from "fast-check";
import { jisX0208Code } from "../../../src/dicom/data/charset/jis-x0208.ts";
import { mayHoldKanji } from "../../../src/dicom/data/charset/kanji-attributes.ts";
import type { OutputCharacterSet } from "../../../src/dicom/data/charset/output-character-set.ts";
import { DataSet, type Element, type TextVr } from "../../../src/dicom/data/data-set.ts";
import { formatDs, formatIs } from "../../../src/dicom/data/number-strings.ts";
import { VR_INFO } from "../../../src/dicom/data/vr.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { attributeOf, type DictionaryVr } from "../../../src/dicom/dict/dictionary.ts";

const TAGS_PER_VR = 25;
/** Characters that JIS X 0208 has, without those that stand for another one. */
const LOOK_ALIKES = "～∥－￠￡￢—¥‾";
const KANJI = Array.from({ length: 0x10000 }, (_, unit) => unit)
  .filter((unit) => unit > 0x7f && jisX0208Code(unit) !== 0)
  .map((unit) => String.fromCharCode(unit))
  .filter((character) => !LOOK_ALIKES.includes(character));
const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

const tagsByVr = new Map<DictionaryVr, number[]>();
for (const tag of Object.values(Tag)) {
  const { vr, vrs } = attributeOf(tag) ?? { vr: "UN", vrs: ["UN"] };
  const ownByTheCodec =
    tag < 0x00080000 ||
    (tag & 0xffff) === 0 ||
    tag === Tag.SpecificCharacterSet ||
    tag === Tag.PixelRepresentation ||
    tag === Tag.PixelData;
  const tags = tagsByVr.get(vr) ?? [];
  if (ownByTheCodec || vrs.length > 1 || (tags.length >= TAGS_PER_VR && !mayHoldKanji(tag)))
    continue;
  tagsByVr.set(vr, [...tags, tag]);
}

/** Controls without TAB, LF, FF and CR. */
const FORBIDDEN = /[^\P{Cc}\t\n\f\r]/u;
const noTrailingBlank = (text: string) => !/[ \0]$/.test(text);
const list = <T>(value: fc.Arbitrary<T>, max = 4) => fc.array(value, { maxLength: max });

function textOf(vr: TextVr, tag: number, characterSet: OutputCharacterSet): fc.Arbitrary<string> {
  switch (vr) {
    case "UI":
      return fc.array(fc.nat(999), { minLength: 1, maxLength: 9 }).map((parts) => parts.join("."));
    case "DS":
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map(formatDs);
    case "IS":
      return fc.integer().map(formatIs);
    case "DA":
      return fc.constantFrom("20240229", "19991231", "20260101");
    case "TM":
      return fc.constantFrom("12", "235959.999999", "000000");
    case "DT":
      return fc.constantFrom("20240229120000.5+0900", "2024");
    case "AS":
      return fc.constantFrom("035Y", "001D");
    case "AE":
    case "CS":
      return fc.stringMatching(/^([A-Z0-9_][A-Z0-9_ ]{0,14})?$/).filter(noTrailingBlank);
    default:
      return freeText(vr, tag, characterSet);
  }
}

function freeText(vr: TextVr, tag: number, characterSet: OutputCharacterSet): fc.Arbitrary<string> {
  const info = VR_INFO[vr];
  const ascii = ASCII.filter((c) => info.single || c !== "\\");
  const controls = info.single ? ["\n", "\r", "\t", "\f"] : [];
  const kanji = mayHoldKanji(tag) ? KANJI : [];
  const unit =
    characterSet === "ISO_IR 192" && info.extended
      ? fc.oneof(
          fc.constantFrom(...ascii, ...controls),
          fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
        )
      : fc.oneof(
          fc.constantFrom(...ascii, ...controls),
          fc.constantFrom(...(kanji.length > 0 ? kanji : ascii)),
        );
  return fc
    .array(unit, { maxLength: 20 })
    .map((units) => units.join(""))
    .filter(
      (text) =>
        noTrailingBlank(text) && !FORBIDDEN.test(text) && (info.single || !text.includes("\\")),
    );
}

function elementOf(
  vr: DictionaryVr,
  tag: number,
  characterSet: OutputCharacterSet,
  item: fc.Arbitrary<DataSet>,
): fc.Arbitrary<Element> {
  const info = VR_INFO[vr];
  const even = (bytes: Uint8Array) => bytes.subarray(0, bytes.length & ~7);
  if (vr === "SQ") return list(item, 3).map((items) => ({ vr, items }));
  if (vr === "SV")
    return list(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((values) => ({
      vr,
      values,
    }));
  if (vr === "UV")
    return list(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map((values) => ({ vr, values }));
  if (info.kind === "bytes")
    return fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ vr, bytes: even(bytes) }) as Element);
  if (info.kind === "number") {
    const bits = info.unitBytes * 8;
    const value: fc.Arbitrary<number> =
      vr === "FL"
        ? fc.float()
        : vr === "FD"
          ? fc.double()
          : vr === "SS" || vr === "SL"
            ? fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
            : fc.integer({ min: 0, max: 2 ** bits - 1 });
    return list(value).map((values) => ({ vr, values }) as Element);
  }
  const text = textOf(vr as TextVr, tag, characterSet);
  return list(text, info.single ? 1 : 4)
    .filter((values) => values.length !== 1 || values[0] !== "")
    .map((values) => ({ vr, values }) as Element);
}

const PRIVATE_CREATOR = 0x00190010;
const privateElements: fc.Arbitrary<readonly (readonly [number, Element])[]> = fc
  .array(
    fc.tuple(fc.integer({ min: 0x00191000, max: 0x001910ff }), fc.uint8Array({ maxLength: 6 })),
    {
      maxLength: 3,
    },
  )
  .map((elements) => [
    [PRIVATE_CREATOR, { vr: "LO", values: ["ACME 1.0"] }],
    ...elements.map(
      ([tag, bytes]) => [tag, { vr: "UN", bytes: bytes.subarray(0, bytes.length & ~1) }] as const,
    ),
  ]);

/** Data sets whose text `characterSet` can write. */
export function arbitraryDataSet(
  characterSet: OutputCharacterSet,
  depth = 2,
): fc.Arbitrary<DataSet> {
  const item: fc.Arbitrary<DataSet> =
    depth === 0
      ? fc.constant(new DataSet())
      : fc.constant(null).chain(() => arbitraryDataSet(characterSet, depth - 1));
  const vrs = [...tagsByVr.keys()];
  const standard = fc
    .constantFrom(...vrs)
    .chain((vr) => fc.constantFrom(...(tagsByVr.get(vr) ?? [])).map((tag) => ({ vr, tag })))
    .chain(({ vr, tag }) =>
      elementOf(vr, tag, characterSet, item).map((element) => [tag, element] as const),
    );
  return fc
    .tuple(fc.array(standard, { maxLength: 8 }), fc.oneof(fc.constant([]), privateElements))
    .map(([elements, own]) => {
      const dataSet = new DataSet();
      for (const [tag, element] of [...elements, ...own]) dataSet.set(tag, element);
      return dataSet;
    });
}
