// Looking up attributes (PS3.6 §6): by tag, also in repeating groups, and by keyword. The generated
// table is unpacked once, on the first look-up.

import { assert } from "../../core/assert.ts";
import { ATTRIBUTE_LINES, Tag } from "./attributes.ts";

/** The value representations of PS3.5 §6.2. */
export type DictionaryVr =
  | ("AE" | "AS" | "AT" | "CS" | "DA" | "DS" | "DT" | "FL" | "FD" | "IS" | "LO" | "LT")
  | ("OB" | "OD" | "OF" | "OL" | "OV" | "OW" | "PN" | "SH" | "SL" | "SQ" | "SS" | "ST")
  | ("SV" | "TM" | "UC" | "UI" | "UL" | "UN" | "UR" | "US" | "UT" | "UV");

export interface Attribute {
  /** The tag asked for: within a repeating group not the one of the table. */
  readonly tag: number;
  readonly keyword: string;
  /** Where PS3.6 leaves a choice, the one to assume without further knowledge. */
  readonly vr: DictionaryVr;
  /** All that PS3.6 allows: more than one for "US or SS", "OB or OW", "US or OW". */
  readonly vrs: readonly DictionaryVr[];
  /** Value multiplicity as PS3.6 writes it: "1", "1-n", "2-2n" … */
  readonly vm: string;
}

interface Table {
  readonly byTag: ReadonlyMap<number, Attribute>;
  readonly repeating: readonly { readonly mask: number; readonly attribute: Attribute }[];
  readonly byKeyword: ReadonlyMap<string, number>;
}

const ELEMENT_MASK = 0xffff;
const PRIVATE_BIT = 0x00010000;

let unpacked: Table | null = null;

function table(): Table {
  if (unpacked !== null) return unpacked;
  const lines = ATTRIBUTE_LINES.trim().split("\n");
  const keywords = Object.entries(Tag);
  assert(lines.length === keywords.length, "the attribute table has one line per keyword");
  const byTag = new Map<number, Attribute>();
  const byKeyword = new Map<string, number>();
  const repeating: { mask: number; attribute: Attribute }[] = [];
  const choices = new Map<string, readonly DictionaryVr[]>();
  keywords.forEach(([keyword, tag], i) => {
    const [hex = "", vrText = "", vm = "", mask] = (lines[i] ?? "").split(" ");
    assert(Number.parseInt(hex, 16) === tag, `line of ${keyword} out of order`);
    const vrs = choices.get(vrText) ?? (vrText.split("/") as DictionaryVr[]);
    choices.set(vrText, vrs);
    const attribute: Attribute = { tag, keyword, vr: vrs[0] ?? "UN", vrs, vm };
    byTag.set(tag, attribute);
    byKeyword.set(keyword, tag);
    if (mask !== undefined) repeating.push({ mask: Number.parseInt(mask, 16), attribute });
  });
  unpacked = { byTag, repeating, byKeyword };
  return unpacked;
}

/** The attribute of a tag; undefined for private, unknown and group length tags. */
export function attributeOf(tag: number): Attribute | undefined {
  const { byTag, repeating } = table();
  const found = byTag.get(tag);
  if (found !== undefined || isPrivate(tag)) return found;
  for (const { mask, attribute } of repeating)
    if ((tag & ~mask) >>> 0 === attribute.tag) return { ...attribute, tag };
  return undefined;
}

/**
 * The VR to assume where the encoding does not tell it. Private creators are LO, group lengths UL,
 * other private and unknown elements UN (PS3.5 §6.2.2, §7.2, §7.8.1). Where PS3.6 leaves a choice:
 * US of "US or SS" (the reader looks at Pixel Representation), OW of "OB or OW" (PS3.5 §A.1).
 */
export function vrOf(tag: number): DictionaryVr {
  const found = table().byTag.get(tag);
  if (found !== undefined) return found.vr;
  if (isGroupLength(tag)) return "UL";
  if (isPrivate(tag)) return isPrivateCreator(tag) ? "LO" : "UN";
  return attributeOf(tag)?.vr ?? "UN";
}

/** Keyword as PS3.6 spells it; undefined for private and unknown tags. */
export function keywordOf(tag: number): string | undefined {
  return attributeOf(tag)?.keyword;
}

/** Tag of a keyword (of a repeating group: its first); undefined when there is no such keyword. */
export function tagOf(keyword: string): number | undefined {
  return table().byKeyword.get(keyword);
}

/** "(0010,0010)". */
export function tagText(tag: number): string {
  const hex = (tag >>> 0).toString(16).toUpperCase().padStart(8, "0");
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}

/** Odd group (PS3.5 §7.8). */
export function isPrivate(tag: number): boolean {
  return (tag & PRIVATE_BIT) !== 0;
}

/** (gggg,0010-00FF) of an odd group (PS3.5 §7.8.1). */
export function isPrivateCreator(tag: number): boolean {
  const element = tag & ELEMENT_MASK;
  return isPrivate(tag) && element >= 0x0010 && element <= 0x00ff;
}

/** (gggg,0000) (PS3.5 §7.2). */
export function isGroupLength(tag: number): boolean {
  return (tag & ELEMENT_MASK) === 0;
}
