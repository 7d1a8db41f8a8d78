// Explicit to implicit VR little endian and back (PS3.5 annexes A.1 and A.2) for sending an object in
// the transfer syntax a peer accepted. Element headers are rewritten, values are copied as they are:
// no text is decoded, so nothing of a received object is lost on its way. Pixel bytes stay outside.

import { ByteReader, ByteWriter, EndOfBytes } from "../../core/bytes.ts";
import { DECODE_LIMITS, DecodeError } from "../data/decode-error.ts";
import { isUpperCase, VR_INFO, type VrInfo, vrOfBytes } from "../data/vr.ts";
import { Tag } from "../dict/attributes.ts";
import { attributeOf, isGroupLength, vrOf } from "../dict/dictionary.ts";

/** What is needed of a transfer syntax here. */
export interface Framing {
  readonly explicitVr: boolean;
}

const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const UNDEFINED_LENGTH = 0xffffffff;
const SHORT_VALUE_BYTES_MAX = 0xfffe;

/**
 * The same elements with headers of the other kind. A header of Pixel Data at the end, whose value is
 * not there, is rewritten too and stays open. Group lengths are left out, sequences and items get
 * explicit lengths, odd values a byte of padding.
 * @param header elements of a data set, as ObjectHeader.dataSetHeader holds them.
 * @throws DecodeError
 */
export function recodeHeader(header: Uint8Array, from: Framing, to: Framing): Uint8Array {
  if (from.explicitVr === to.explicitVr) return header;
  const reader = new ByteReader(header, true);
  const recoder = new Recoder(reader, to.explicitVr);
  try {
    recoder.elements(header.byteLength, false, from.explicitVr, 0, false);
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    throw new DecodeError("truncated", recoder.tag, reader.position, "the bytes end too early");
  }
  return recoder.writer.done().slice();
}

class Recoder {
  readonly writer: ByteWriter;
  readonly #reader: ByteReader;
  readonly #toExplicit: boolean;
  /** Element being recoded. */
  tag: Tag = 0;

  constructor(reader: ByteReader, toExplicit: boolean) {
    this.#reader = reader;
    this.#toExplicit = toExplicit;
    this.writer = new ByteWriter(true, reader.bytes.byteLength * 2 + 64);
  }

  /** Elements up to `end`, or to a delimiter where `delimited`; returns the delimiter or 0. */
  elements(
    end: number,
    delimited: boolean,
    explicitVr: boolean,
    depth: number,
    outerSigned: boolean,
  ): Tag {
    const reader = this.#reader;
    let signed = outerSigned;
    while (reader.position < end) {
      const at = reader.position;
      const tag = this.#readTag();
      this.tag = tag;
      if (tag === ITEM_END || tag === SEQUENCE_END) {
        reader.skip(4);
        if (delimited) return tag;
        continue;
      }
      if (tag >>> 16 === 0xfffe) throw this.#malformed(at, "an item outside a sequence");
      const { info, length } = explicitVr ? this.#explicitHeader(at) : this.#implicitHeader(signed);
      if (depth === 0 && tag === Tag.PixelData) {
        this.#writeHeader(tag, info, length);
        if (reader.left > 0 && length !== UNDEFINED_LENGTH) this.#copyValue(length, end);
        else this.writer.put(reader.take(reader.left));
      } else if (length === UNDEFINED_LENGTH || info.vr === "SQ") {
        if (length === UNDEFINED_LENGTH && info.kind === "bytes" && info.vr !== "UN")
          throw this.#malformed(at, `undefined length of ${info.vr}`);
        this.#sequence(tag, length, end, explicitVr && info.vr !== "UN", depth, signed);
      } else if (isGroupLength(tag)) reader.skip(length);
      else {
        if (length > end - reader.position) throw this.#malformed(at, "a value without end");
        if (tag === Tag.PixelRepresentation && length >= 1)
          signed = reader.bytes[reader.position] === 1;
        const padded = length + (length % 2);
        this.#writeHeader(tag, info, padded);
        this.writer.put(reader.take(length));
        if (padded > length) this.writer.uint8(info.pad);
      }
    }
    if (delimited) throw this.#malformed(reader.position, "an item without its delimiter");
    return 0;
  }

  #copyValue(length: number, end: number): void {
    if (length > end - this.#reader.position)
      throw this.#malformed(this.#reader.position, "pixel data in part");
    this.writer.put(this.#reader.take(length));
  }

  #sequence(
    tag: Tag,
    length: number,
    outerEnd: number,
    explicitVr: boolean,
    depth: number,
    signed: boolean,
  ): void {
    const reader = this.#reader;
    const at = reader.position;
    if (depth >= DECODE_LIMITS.depthMax)
      throw new DecodeError(
        "limit",
        tag,
        at,
        `more than ${DECODE_LIMITS.depthMax} nested sequences`,
      );
    const isOpen = length === UNDEFINED_LENGTH;
    const end = isOpen ? outerEnd : at + length;
    if (end > outerEnd) throw this.#malformed(at, "a sequence without end");
    this.#writeHeader(tag, VR_INFO.SQ, 0);
    const startOfItems = this.writer.length;
    let closedBy: Tag = ITEM_END;
    while (isOpen || reader.position < end) {
      const itemAt = reader.position;
      const itemTag = this.#readTag();
      if (itemTag === SEQUENCE_END || itemTag === ITEM_END) {
        reader.skip(4);
        if (isOpen) break;
        continue;
      }
      if (itemTag !== ITEM) {
        if (!isOpen || closedBy !== SEQUENCE_END) throw this.#malformed(itemAt, "no item");
        reader.position = itemAt;
        break;
      }
      const itemLength = reader.uint32();
      this.#writeTag(ITEM);
      this.writer.uint32(0);
      const startOfItem = this.writer.length;
      if (itemLength === UNDEFINED_LENGTH)
        closedBy = this.elements(end, true, explicitVr, depth + 1, signed);
      else {
        const itemEnd = reader.position + itemLength;
        if (itemEnd > end) throw this.#malformed(itemAt, "an item longer than its sequence");
        this.elements(itemEnd, false, explicitVr, depth + 1, signed);
        closedBy = ITEM_END;
      }
      this.writer.patchUint32(startOfItem - 4, this.writer.length - startOfItem);
      this.tag = tag;
    }
    this.writer.patchUint32(startOfItems - 4, this.writer.length - startOfItems);
  }

  #explicitHeader(at: number): { info: VrInfo; length: number } {
    const reader = this.#reader;
    const first = reader.uint8();
    const second = reader.uint8();
    const info = vrOfBytes(first, second) ?? VR_INFO.UN;
    if (!isUpperCase(first) || !isUpperCase(second))
      throw this.#malformed(at, "no value representation");
    if (!info.longForm) return { info, length: reader.uint16() };
    reader.skip(2);
    return { info, length: reader.uint32() };
  }

  #implicitHeader(signed: boolean): { info: VrInfo; length: number } {
    const length = this.#reader.uint32();
    const vr = vrOf(this.tag);
    const isSigned = vr === "US" && signed && attributeOf(this.tag)?.vrs.includes("SS") === true;
    return { info: VR_INFO[isSigned ? "SS" : vr], length };
  }

  #writeHeader(tag: Tag, wanted: VrInfo, length: number): void {
    const { writer } = this;
    this.#writeTag(tag);
    if (this.#toExplicit) {
      // Too long for its VR's header (D13): Unknown keeps the bytes as they are.
      const info = wanted.longForm || length <= SHORT_VALUE_BYTES_MAX ? wanted : VR_INFO.UN;
      writer.uint8(info.vr.charCodeAt(0));
      writer.uint8(info.vr.charCodeAt(1));
      if (!info.longForm) {
        writer.uint16(length);
        return;
      }
      writer.uint16(0);
    }
    writer.uint32(length);
  }

  #readTag(): Tag {
    const group = this.#reader.uint16();
    return group * 0x10000 + this.#reader.uint16();
  }

  #writeTag(tag: Tag): void {
    this.writer.uint16(tag >>> 16);
    this.writer.uint16(tag & 0xffff);
  }

  #malformed(at: number, what: string): DecodeError {
    return new DecodeError("malformed", this.tag, at, what);
  }
}
