// A data set to bytes, little endian (PS3.5 §7, annex A.1 and A.2). Values are padded to even length,
// sequences and items have explicit lengths, group lengths are written in groups 0 and 2 only.
// Specific Character Set is put in here, where the text needs it; whatever the data set holds of it
// is left out. Bulk pixel data stays outside: only the header in front of it is written.

import { foreign } from "../../core/foreign-words.ts";
import { Tag } from "../dict/attributes.ts";
import { tagText } from "../dict/dictionary.ts";
import { BYTES_PER_UNIT_MAX, encodeText, type Repertoire } from "./charset/encode-text.ts";
import { mayHoldKanji } from "./charset/kanji-attributes.ts";
import type { OutputCharacterSet, Substitution } from "./charset/output-character-set.ts";
import type { DataSet, Element } from "./data-set.ts";
import { VR_INFO, type VrInfo } from "./vr.ts";

/** A value that its VR cannot hold, found while writing. The message names the element. */
export class EncodeError extends Error {
  override readonly name = "EncodeError";
}

/** The last element of a data set, whose value of `byteLength` bytes follows by reference. */
export interface TrailingElement {
  readonly tag: Tag;
  readonly vr: "OW" | "OB";
  /** Even, at most 4 294 967 294. */
  readonly byteLength: number;
}

export interface EncodeOptions {
  readonly explicitVr: boolean;
  readonly characterSet: OutputCharacterSet;
  /** Receives each character that was written as another one. */
  readonly substitutions?: Substitution[] | undefined;
  /** Writes the header of one last element behind the data set. */
  readonly trailing?: TrailingElement | undefined;
}

/** Values of Specific Character Set (PS3.3 §C.12.1.1.2). */
const TERMS: Readonly<Record<OutputCharacterSet, string>> = {
  "default-kanji": "\\ISO 2022 IR 87",
  "ISO_IR 192": "ISO_IR 192",
};

const ITEM = 0xfffee000;
/** Longest even value of a short explicit header, whose length has 16 bits (PS3.5 §7.1.2). */
const SHORT_VALUE_BYTES_MAX = 0xfffe;
const LONG_VALUE_BYTES_MAX = 0xfffffffe;
const HEADER_BYTES_MAX = 12;
const SCRATCH_BYTES = 64 * 1024;
/** A scratch that grew beyond this is given up after use. */
const SCRATCH_KEPT_BYTES = 4 * 1024 * 1024;

/** Bytes under construction; the encoder's calls never overlap, so there is one per thread. */
class Scratch {
  bytes = new Uint8Array(SCRATCH_BYTES);
  view = new DataView(this.bytes.buffer);
  at = 0;

  reserve(count: number): void {
    const need = this.at + count;
    if (need <= this.bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(need, this.bytes.byteLength * 2));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

let idle: Scratch | null = null;

interface Writing {
  readonly out: Scratch;
  readonly explicitVr: boolean;
  readonly characterSet: OutputCharacterSet;
  readonly substitutions: Substitution[] | undefined;
  /** Whether a text needed more than the default repertoire. */
  extended: boolean;
}

/**
 * Encodes a data set.
 * @returns bytes of their own.
 * @throws EncodeError when a value does not fit its VR.
 */
export function encodeDataSet(dataSet: DataSet, options: EncodeOptions): Uint8Array {
  const out = idle ?? new Scratch();
  idle = null;
  out.at = 0;
  const { explicitVr, characterSet, substitutions, trailing } = options;
  const writing: Writing = { out, explicitVr, characterSet, substitutions, extended: false };
  const characterSetAt = writeOutermost(dataSet, writing);
  if (writing.extended) insertCharacterSet(writing, characterSetAt);
  if (trailing !== undefined) writeTrailing(dataSet, trailing, writing);
  const bytes = out.bytes.slice(0, out.at);
  if (out.bytes.byteLength <= SCRATCH_KEPT_BYTES) idle = out;
  return bytes;
}

/** Writes the outermost level and returns where Specific Character Set belongs in it. */
function writeOutermost(dataSet: DataSet, writing: Writing): number {
  const { out } = writing;
  let characterSetAt = 0;
  let lengthAt = -1;
  let lengthGroup = -1;
  const closeGroup = () => {
    if (lengthAt >= 0) out.view.setUint32(lengthAt, out.at - lengthAt - 4, true);
    lengthAt = -1;
  };
  for (const tag of dataSet.tags()) {
    if (isLeftOut(tag)) continue;
    const element = dataSet.get(tag);
    if (element === undefined) continue;
    const group = tag >>> 16;
    if (group !== lengthGroup) {
      closeGroup();
      lengthGroup = group;
      if (group === 0x0000 || group === 0x0002) {
        beginElement(group * 0x10000, VR_INFO.UL, writing, 4);
        lengthAt = out.at;
        out.at += 4;
      }
    }
    writeElement(tag, element, writing);
    if (tag < Tag.SpecificCharacterSet) characterSetAt = out.at;
  }
  closeGroup();
  return characterSetAt;
}

function writeItem(item: DataSet, writing: Writing): void {
  const { out } = writing;
  out.reserve(8);
  writeTag(out, ITEM);
  const lengthAt = out.at;
  out.at += 4;
  for (const tag of item.tags()) {
    const element = item.get(tag);
    if (element !== undefined && !isLeftOut(tag)) writeElement(tag, element, writing);
  }
  out.view.setUint32(lengthAt, out.at - lengthAt - 4, true);
}

/** Group lengths and the character set are the encoder's own. */
function isLeftOut(tag: Tag): boolean {
  return (tag & 0xffff) === 0 || tag === Tag.SpecificCharacterSet;
}

function writeTag(out: Scratch, tag: Tag): void {
  out.view.setUint16(out.at, tag >>> 16, true);
  out.view.setUint16(out.at + 2, tag & 0xffff, true);
  out.at += 4;
}

/** Header with the value's length; out.at is behind it and `length` bytes are reserved. */
function beginElement(tag: Tag, info: VrInfo, writing: Writing, length: number): void {
  const { out } = writing;
  out.reserve(HEADER_BYTES_MAX + length);
  writeTag(out, tag);
  if (!writing.explicitVr) {
    out.view.setUint32(out.at, length, true);
    out.at += 4;
    return;
  }
  out.bytes[out.at] = info.vr.charCodeAt(0);
  out.bytes[out.at + 1] = info.vr.charCodeAt(1);
  if (info.longForm) {
    out.view.setUint16(out.at + 2, 0, true);
    out.view.setUint32(out.at + 4, length, true);
    out.at += 8;
  } else {
    out.view.setUint16(out.at + 2, length, true);
    out.at += 4;
  }
}

function writeElement(tag: Tag, element: Element, writing: Writing): void {
  const { out } = writing;
  const info = VR_INFO[element.vr];
  const headerAt = out.at;
  beginElement(tag, info, writing, 0);
  const valueAt = out.at;
  if (element.vr === "SQ") for (const item of element.items) writeItem(item, writing);
  else if ("bytes" in element) {
    out.reserve(element.bytes.byteLength + 1);
    out.bytes.set(element.bytes, out.at);
    out.at += element.bytes.byteLength;
  } else if (info.kind === "text") writeTexts(tag, info, element.values, writing);
  else writeNumbers(tag, info, element.values, writing);
  if ((out.at - valueAt) % 2 !== 0) {
    out.reserve(1);
    out.bytes[out.at++] = info.pad;
  }
  closeElement(tag, element, info, headerAt, valueAt, writing);
}

function closeElement(
  tag: Tag,
  element: Element,
  info: VrInfo,
  headerAt: number,
  valueAt: number,
  writing: Writing,
): void {
  const { out } = writing;
  const length = out.at - valueAt;
  if (length > LONG_VALUE_BYTES_MAX)
    throw new EncodeError(`${tagText(tag)} has ${length} bytes; a value holds at most 4294967294`);
  if (!writing.explicitVr || info.longForm) out.view.setUint32(valueAt - 4, length, true);
  else if (length <= SHORT_VALUE_BYTES_MAX) out.view.setUint16(valueAt - 2, length, true);
  else {
    // Too long for its VR's header (D13): the same bytes under a VR with a length of 32 bits.
    out.reserve(4);
    out.bytes.copyWithin(valueAt + 4, valueAt, out.at);
    out.at = headerAt;
    beginElement(tag, VR_INFO[longVrOf(element)], writing, length);
    out.at += length;
  }
}

/** Unlimited Text for a text of one value; Other Word for words; else Unknown (PS3.5 §6.2.2). */
function longVrOf(element: Element): "UT" | "OW" | "UN" {
  if (element.vr === "LT" || element.vr === "ST") return "UT";
  return element.vr === "US" || element.vr === "SS" ? "OW" : "UN";
}

function repertoireOf(tag: Tag, info: VrInfo, characterSet: OutputCharacterSet): Repertoire {
  // Commands and File Meta know the default repertoire only (PS3.7 §6.3, PS3.10 §7.1).
  if (!info.extended || tag < 0x00040000) return "ascii";
  if (characterSet === "ISO_IR 192") return "utf-8";
  return mayHoldKanji(tag) ? "kanji" : "ascii";
}

function writeTexts(
  tag: Tag,
  info: VrInfo,
  values: readonly (string | number | bigint)[],
  writing: Writing,
): void {
  const { out, substitutions } = writing;
  const repertoire = repertoireOf(tag, info, writing.characterSet);
  if (info.single && values.length > 1)
    throw new EncodeError(`${tagText(tag)} has ${values.length} values; ${info.vr} holds one`);
  const replaced = (character: string) => substitutions?.push({ tag, character });
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== "string")
      throw new EncodeError(`${tagText(tag)} holds ${typeof value}; ${info.vr} is text`);
    out.reserve(value.length * BYTES_PER_UNIT_MAX + 2);
    if (i > 0) out.bytes[out.at++] = 0x5c;
    const end = encodeText(value, repertoire, info.single, out.bytes, out.at, replaced);
    // Code extension and UTF-8 take more bytes than the text has units; ASCII never does.
    if (repertoire !== "ascii" && end - out.at > value.length) writing.extended = true;
    out.at = end;
  }
}

function writeNumbers(
  tag: Tag,
  info: VrInfo,
  values: readonly (string | number | bigint)[],
  writing: Writing,
): void {
  const { out } = writing;
  out.reserve(values.length * info.unitBytes);
  for (const value of values) {
    const written = typeof value !== "string" && writeNumber(out.view, out.at, info, value);
    if (!written)
      throw new EncodeError(`${tagText(tag)}: ${foreign(String(value))} is no value of ${info.vr}`);
    out.at += info.unitBytes;
  }
}

/** False when the VR does not have the value. */
function writeNumber(view: DataView, at: number, info: VrInfo, value: number | bigint): boolean {
  if (typeof value === "bigint") {
    if (info.vr === "SV") view.setBigInt64(at, value, true);
    else view.setBigUint64(at, value, true);
    return (info.vr === "SV" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) === value;
  }
  switch (info.vr) {
    case "US":
      view.setUint16(at, value, true);
      return view.getUint16(at, true) === value;
    case "SS":
      view.setInt16(at, value, true);
      return view.getInt16(at, true) === value;
    case "UL":
      view.setUint32(at, value, true);
      return view.getUint32(at, true) === value;
    case "SL":
      view.setInt32(at, value, true);
      return view.getInt32(at, true) === value;
    case "FL":
      view.setFloat32(at, value, true);
      return true;
    case "FD":
      view.setFloat64(at, value, true);
      return true;
    case "AT":
      view.setUint16(at, value >>> 16, true);
      view.setUint16(at + 2, value & 0xffff, true);
      return value >>> 0 === value;
    default:
      return false;
  }
}

function insertCharacterSet(writing: Writing, at: number): void {
  const { out, characterSet } = writing;
  const term = TERMS[characterSet];
  const end = out.at;
  const padded = term.length + (term.length % 2);
  const inserted = 8 + padded;
  out.reserve(inserted + HEADER_BYTES_MAX);
  out.bytes.copyWithin(at + inserted, at, end);
  out.at = at;
  beginElement(Tag.SpecificCharacterSet, VR_INFO.CS, writing, padded);
  for (let i = 0; i < padded; i++)
    out.bytes[out.at + i] = i < term.length ? term.charCodeAt(i) : VR_INFO.CS.pad;
  out.at = end + inserted;
}

function writeTrailing(dataSet: DataSet, trailing: TrailingElement, writing: Writing): void {
  const { tag, vr, byteLength } = trailing;
  if (byteLength % 2 !== 0 || byteLength > LONG_VALUE_BYTES_MAX || byteLength < 0)
    throw new EncodeError(`${tagText(tag)}: ${byteLength} bytes; pad to even and split at 4 GiB`);
  const last = dataSet.tags().at(-1) ?? 0;
  if (last >= tag)
    throw new EncodeError(
      `${tagText(last)} would come behind ${tagText(tag)}, which ends the object`,
    );
  writing.out.reserve(HEADER_BYTES_MAX);
  beginElementOfLength(tag, VR_INFO[vr], writing, byteLength);
}

/** As beginElement, without room for the value. */
function beginElementOfLength(tag: Tag, info: VrInfo, writing: Writing, length: number): void {
  beginElement(tag, info, writing, 0);
  writing.out.view.setUint32(writing.out.at - 4, length, true);
}
