// Bytes to a data set, little endian (PS3.5 §7, annexes A.1 and A.2). Tolerates what real senders
// write (D1, D2, D5, D6, D8, D11) and notes it as a warning; what cannot be read ends in a
// DecodeError that names element and offset. Values of other-type VRs are views of the bytes given.

import { Tag } from "../dict/attributes.ts";
import { attributeOf, isGroupLength, tagText, vrOf } from "../dict/dictionary.ts";
import { decodeText, type TextKind } from "./charset/decode-text.ts";
import { type ReadingSet, readingSet } from "./charset/terms.ts";
import { DataSet, type Element, type Vr } from "./data-set.ts";
import {
  DECODE_LIMITS,
  DecodeError,
  type DecodeErrorKind,
  type DecodeLimits,
} from "./decode-error.ts";
import { isUpperCase, VR_INFO, type VrInfo, vrOfBytes } from "./vr.ts";

export interface DecodeOptions {
  readonly explicitVr: boolean;
  /**
   * Defined term of the set that 8-bit text without a declared set is read as, several separated by
   * "\"; without it UTF-8 where it is valid, else Latin 1.
   */
  readonly fallbackCharacterSet?: string | undefined;
  readonly limits?: Partial<DecodeLimits> | undefined;
  /** Reading ends before the first element of the outermost level with this or a higher tag. */
  readonly stopBefore?: Tag | undefined;
}

/** Header of the element in front of whose value reading ended. */
export interface StoppedAt {
  readonly tag: Tag;
  readonly vr: Vr;
  readonly headerOffset: number;
  readonly valueOffset: number;
  /** Bytes; null for undefined length (encapsulated pixel data). */
  readonly length: number | null;
}

export interface DecodedDataSet {
  readonly dataSet: DataSet;
  /** Offset behind the last byte read; with `stoppedAt` its `headerOffset`. */
  readonly end: number;
  /** The element that `stopBefore` stopped at, or null when the data set ended before. */
  readonly stoppedAt: StoppedAt | null;
  /** What was tolerated, each kind once; no patient data. */
  readonly warnings: readonly string[];
}

const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const DELIMITER_GROUP = 0xfffe;
const UNDEFINED_LENGTH = 0xffffffff;
const HEADER_BYTES = 8;
const LONG_HEADER_BYTES = 12;
/** Different warnings that are kept of one data set. */
const WARNINGS_MAX = 100;

/**
 * Decodes a data set that takes all of `bytes`, or their start with `stopBefore`.
 * @throws DecodeError
 */
export function decodeDataSet(bytes: Uint8Array, options: DecodeOptions): DecodedDataSet {
  return new Reader(bytes, options).read();
}

/** What an item takes over from the data set it stands in. */
interface Scope {
  readonly set: ReadingSet;
  /** Pixel Representation is 1: "US or SS" is SS (PS3.5 §A.1). */
  readonly signed: boolean;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: DecodeLimits;
  readonly #fallback: string | undefined;
  readonly #explicitVr: boolean;
  readonly #stopBefore: Tag;
  readonly #warnings = new Map<string, string>();
  readonly #warnText = (what: string) => this.#warn(this.#tag, what);
  #position = 0;
  #items = 0;
  #elements = 0;
  /** Element being read. */
  #tag: Tag = 0;
  #stoppedAt: StoppedAt | null = null;

  constructor(bytes: Uint8Array, options: DecodeOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits =
      options.limits === undefined ? DECODE_LIMITS : { ...DECODE_LIMITS, ...options.limits };
    this.#fallback = options.fallbackCharacterSet;
    this.#explicitVr = options.explicitVr;
    this.#stopBefore = options.stopBefore ?? Number.POSITIVE_INFINITY;
  }

  read(): DecodedDataSet {
    const dataSet = new DataSet();
    const scope: Scope = {
      set: readingSet([], this.#fallback, this.#warnText),
      signed: false,
    };
    this.#readElements(dataSet, this.#bytes.byteLength, false, this.#explicitVr, 0, scope);
    return {
      dataSet,
      end: this.#position,
      stoppedAt: this.#stoppedAt,
      warnings: [...this.#warnings.values()],
    };
  }

  /**
   * Elements up to `end`, or up to a delimiter where `delimited`.
   * @returns the delimiter found, or 0.
   */
  #readElements(
    into: DataSet,
    end: number,
    delimited: boolean,
    explicitVr: boolean,
    depth: number,
    outer: Scope,
  ): Tag {
    let scope = outer;
    while (this.#position < end) {
      const headerAt = this.#position;
      if (end - headerAt < HEADER_BYTES) {
        if (depth > 0 || !this.#isZero(headerAt, end)) throw this.#short(end, "an element");
        this.#warn(this.#tag, "padding behind the last element");
        this.#position = end;
        break;
      }
      const tag = this.#tagAt(headerAt);
      this.#tag = tag;
      if (tag >>> 16 === DELIMITER_GROUP) {
        if (tag === ITEM || (tag !== ITEM_END && tag !== SEQUENCE_END))
          throw this.#error("malformed", headerAt, "an item outside a sequence");
        this.#position += HEADER_BYTES;
        if (delimited) return tag;
        this.#warn(tag, "a delimiter where the length is explicit");
        continue;
      }
      if (++this.#elements > this.#limits.elementsMax)
        throw this.#error("limit", headerAt, `more than ${this.#limits.elementsMax} elements`);
      let info = explicitVr ? this.#explicitHeader(end) : this.#implicitHeader(tag, scope);
      let length: number | null = this.#length;
      const valueAt = this.#position;
      if (length === UNDEFINED_LENGTH) length = null;
      if (depth === 0 && tag >= this.#stopBefore) {
        this.#position = headerAt;
        this.#stoppedAt = {
          tag,
          vr: info.vr,
          headerOffset: headerAt,
          valueOffset: valueAt,
          length,
        };
        return 0;
      }
      if (length !== null && length > end - valueAt)
        throw this.#short(end, `a value of ${length} bytes`);
      // Unknown is implicit inside, whatever stands around it (D6).
      const inside = explicitVr && info.vr !== "UN";
      if (info.vr === "UN") info = this.#known(tag, scope, length);
      const element = this.#value(tag, info, length, end, inside, depth, scope);
      if (isGroupLength(tag) && tag > Tag.FileMetaInformationGroupLength) continue; // D2
      if (into.has(tag)) this.#warn(tag, "an element that stands twice; the last one counts");
      into.set(tag, element);
      if (tag === Tag.SpecificCharacterSet && "values" in element) {
        const set = readingSet(element.values.map(String), this.#fallback, this.#warnText);
        scope = { ...scope, set };
      } else if (tag === Tag.PixelRepresentation && "values" in element)
        scope = { ...scope, signed: element.values[0] === 1 };
    }
    if (delimited) throw this.#short(end, "an item without its delimiter");
    return 0;
  }

  /** Length of the element whose header was read last; may be UNDEFINED_LENGTH. */
  #length = 0;

  #implicitHeader(tag: Tag, scope: Scope): VrInfo {
    this.#length = this.#view.getUint32(this.#position + 4, true);
    this.#position += HEADER_BYTES;
    if (this.#length === UNDEFINED_LENGTH && tag !== Tag.PixelData) return VR_INFO.SQ;
    return VR_INFO[this.#dictionaryVr(tag, scope)];
  }

  #explicitHeader(end: number): VrInfo {
    const at = this.#position;
    const first = this.#bytes[at + 4] ?? 0;
    const second = this.#bytes[at + 5] ?? 0;
    let info = vrOfBytes(first, second);
    if (info === undefined) {
      if (!isUpperCase(first) || !isUpperCase(second))
        throw this.#error("malformed", at, "no value representation");
      // A VR of a later edition has the long form (PS3.5 §7.1.2).
      this.#warn(this.#tag, "a value representation that is not known is read as UN");
      info = VR_INFO.UN;
    }
    if (!info.longForm) {
      this.#length = this.#view.getUint16(at + 6, true);
      this.#position = at + HEADER_BYTES;
      return info;
    }
    if (end - at < LONG_HEADER_BYTES) throw this.#short(end, "an element");
    this.#length = this.#view.getUint32(at + 8, true);
    this.#position = at + LONG_HEADER_BYTES;
    return info;
  }

  #dictionaryVr(tag: Tag, scope: Scope): Vr {
    const vr = vrOf(tag);
    return vr === "US" && scope.signed && attributeOf(tag)?.vrs.includes("SS") ? "SS" : vr;
  }

  /** Unknown of a known attribute is what the dictionary says; of undefined length, a sequence. */
  #known(tag: Tag, scope: Scope, length: number | null): VrInfo {
    return length === null ? VR_INFO.SQ : VR_INFO[this.#dictionaryVr(tag, scope)];
  }

  #value(
    tag: Tag,
    info: VrInfo,
    length: number | null,
    end: number,
    explicitVr: boolean,
    depth: number,
    scope: Scope,
  ): Element {
    const start = this.#position;
    if (length === null) {
      if (info.kind === "sequence" || (info.kind === "bytes" && vrOf(tag) === "SQ"))
        // D8
        return this.#readSequence(null, end, explicitVr, depth, scope);
      if (info.kind === "bytes") return this.#readFragments(info, end);
      throw this.#error("malformed", start, `undefined length of ${info.vr}`);
    }
    if (info.kind === "sequence")
      return explicitVr === this.#explicitVr
        ? this.#readSequence(length, end, explicitVr, depth, scope)
        : this.#unknownSequence(length, end, depth, scope);
    if (length > this.#limits.valueBytesMax)
      throw this.#error("limit", start, `more than ${this.#limits.valueBytesMax} bytes`);
    this.#position = start + length;
    switch (info.kind) {
      case "text":
        return this.#text(info, start, start + length, scope);
      case "number":
      case "big":
        return this.#numbers(tag, info, start, length);
      default:
        return this.#bytesElement(info, start, start + length);
    }
  }

  /** A sequence written as UN: when it cannot be read as one, its bytes are kept. */
  #unknownSequence(length: number, end: number, depth: number, scope: Scope): Element {
    const start = this.#position;
    const tag = this.#tag;
    try {
      return this.#readSequence(length, end, false, depth, scope);
    } catch (error) {
      if (!(error instanceof DecodeError) || error.kind === "limit") throw error;
      this.#position = start + length;
      this.#warn(tag, "a sequence in UN that cannot be read");
      return this.#bytesElement(VR_INFO.UN, start, start + length);
    }
  }

  #readSequence(
    length: number | null,
    outerEnd: number,
    explicitVr: boolean,
    depth: number,
    scope: Scope,
  ): Element {
    const tag = this.#tag;
    const start = this.#position;
    if (depth >= this.#limits.depthMax)
      throw this.#error("limit", start, `more than ${this.#limits.depthMax} nested sequences`);
    const end = length === null ? outerEnd : start + length;
    const items: DataSet[] = [];
    let closedBy: Tag = ITEM_END;
    while (length === null || this.#position < end) {
      const at = this.#position;
      if (end - at < HEADER_BYTES) throw this.#short(end, "an item");
      const itemTag = this.#tagAt(at);
      const itemLength = this.#view.getUint32(at + 4, true);
      if (itemTag === SEQUENCE_END || itemTag === ITEM_END) {
        this.#position = at + HEADER_BYTES;
        if (length !== null) {
          this.#warn(tag, "a delimiter where the length is explicit");
          continue;
        }
        if (itemTag === ITEM_END) this.#warn(tag, "an item delimiter ends the sequence"); // D5
        break;
      }
      if (itemTag !== ITEM) {
        // The sequence delimiter stood where the item's is missing.
        if (length === null && closedBy === SEQUENCE_END) break;
        throw this.#error("malformed", at, "no item where one must be");
      }
      if (++this.#items > this.#limits.itemsMax)
        throw this.#error("limit", at, `more than ${this.#limits.itemsMax} items`);
      this.#position = at + HEADER_BYTES;
      const item = new DataSet();
      items.push(item);
      if (itemLength === UNDEFINED_LENGTH) {
        closedBy = this.#readElements(item, end, true, explicitVr, depth + 1, scope);
        if (closedBy === SEQUENCE_END) this.#warn(tag, "a sequence delimiter ends the item"); // D5
      } else {
        const itemEnd = this.#position + itemLength;
        if (itemEnd > end) throw this.#short(end, `an item of ${itemLength} bytes`);
        this.#readElements(item, itemEnd, false, explicitVr, depth + 1, scope);
        closedBy = ITEM_END;
      }
      this.#tag = tag;
    }
    return { vr: "SQ", items };
  }

  /** Encapsulated data (PS3.5 §A.4) as the bytes of its items; read past, not taken apart. */
  #readFragments(info: VrInfo, end: number): Element {
    const start = this.#position;
    for (;;) {
      const at = this.#position;
      if (end - at < HEADER_BYTES) throw this.#short(end, "a fragment");
      const tag = this.#tagAt(at);
      const length = this.#view.getUint32(at + 4, true);
      this.#position = at + HEADER_BYTES;
      if (tag === SEQUENCE_END) return this.#bytesElement(info, start, at);
      if (tag !== ITEM || length === UNDEFINED_LENGTH)
        throw this.#error("malformed", at, "no fragment where one must be");
      if (++this.#items > this.#limits.itemsMax)
        throw this.#error("limit", at, `more than ${this.#limits.itemsMax} items`);
      if (length > end - this.#position) throw this.#short(end, `a fragment of ${length} bytes`);
      this.#position += length;
    }
  }

  #text(info: VrInfo, start: number, end: number, scope: Scope): Element {
    const vr = info.vr as Extract<Element, { readonly values: readonly string[] }>["vr"];
    const trimmed = this.#trimmedEnd(start, end);
    if (trimmed === start) return { vr, values: [] };
    const kind: TextKind = info.single ? "single" : vr === "PN" ? "person-name" : "multiple";
    const values = decodeText(this.#bytes, start, trimmed, kind, scope.set, this.#warnText);
    for (let i = 0; i < values.length; i++) values[i] = trimText(values[i] ?? "", info.trimStart);
    return { vr, values: values.length === 1 && values[0] === "" ? [] : values };
  }

  /** Spaces and NULs at the end are padding (D11). */
  #trimmedEnd(start: number, end: number): number {
    let to = end;
    while (to > start && (this.#bytes[to - 1] === 0x20 || this.#bytes[to - 1] === 0)) to--;
    return to;
  }

  #numbers(tag: Tag, info: VrInfo, start: number, length: number): Element {
    const count = Math.floor(length / info.unitBytes);
    if (count * info.unitBytes !== length)
      this.#warn(tag, `bytes behind the last whole value of ${info.vr} are left out`);
    const view = this.#view;
    if (info.vr === "SV" || info.vr === "UV") {
      const read = info.vr === "SV" ? view.getBigInt64 : view.getBigUint64;
      const values = Array.from({ length: count }, (_, i) => read.call(view, start + i * 8, true));
      return { vr: info.vr, values };
    }
    const vr = info.vr as Extract<Element, { readonly values: readonly number[] }>["vr"];
    const values: number[] = [];
    for (let i = 0; i < count; i++) values.push(readNumber(view, vr, start + i * info.unitBytes));
    return { vr, values };
  }

  #bytesElement(info: VrInfo, start: number, end: number): Element {
    const vr = info.vr as Extract<Element, { readonly bytes: Uint8Array }>["vr"];
    return { vr, bytes: this.#bytes.subarray(start, end) };
  }

  #tagAt(at: number): Tag {
    return this.#view.getUint16(at, true) * 0x10000 + this.#view.getUint16(at + 2, true);
  }

  #isZero(start: number, end: number): boolean {
    for (let i = start; i < end; i++) if (this.#bytes[i] !== 0) return false;
    return true;
  }

  #warn(tag: Tag, what: string): void {
    if (this.#warnings.has(what) || this.#warnings.size >= WARNINGS_MAX) return;
    this.#warnings.set(what, `${tagText(tag)}: ${what}`);
  }

  #error(kind: DecodeErrorKind, at: number, what: string): DecodeError {
    return new DecodeError(kind, this.#tag, at, what);
  }

  /** `what` does not fit before `end`: more bytes may help only where all of them end. */
  #short(end: number, what: string): DecodeError {
    return end === this.#bytes.byteLength
      ? this.#error("truncated", this.#position, `the bytes end within ${what}`)
      : this.#error("malformed", this.#position, `${what} is longer than what it stands in`);
  }
}

function trimText(text: string, start: boolean): string {
  let from = 0;
  let to = text.length;
  while (to > 0 && (text[to - 1] === " " || text[to - 1] === "\0")) to--;
  if (start) while (from < to && text[from] === " ") from++;
  return to === text.length && from === 0 ? text : text.slice(from, to);
}

function readNumber(view: DataView, vr: Vr, at: number): number {
  switch (vr) {
    case "US":
      return view.getUint16(at, true);
    case "SS":
      return view.getInt16(at, true);
    case "UL":
      return view.getUint32(at, true);
    case "SL":
      return view.getInt32(at, true);
    case "FL":
      return view.getFloat32(at, true);
    case "FD":
      return view.getFloat64(at, true);
    default:
      return view.getUint16(at, true) * 0x10000 + view.getUint16(at + 2, true);
  }
}
