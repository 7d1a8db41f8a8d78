// Reads a DICOMDIR (PS3.10 §8, PS3.3 §F.3) of any writer: the tree of its records, and where each
// offset stands in the bytes, so that records can be added while everything there keeps its bytes.

import type { DataSet } from "../data/data-set.ts";
import { decodeDataSet } from "../data/decode.ts";
import { DecodeError } from "../data/decode-error.ts";
import { vrOfBytes } from "../data/vr.ts";
import { Tag } from "../dict/attributes.ts";
import { SopClassUid, TransferSyntaxUid } from "../dict/uids.ts";
import { decodeFileMeta, type FileMeta } from "../io/file-meta.ts";
import { FileFormatError } from "../io/transfer-syntaxes.ts";
import { DirectoryError } from "./directory-error.ts";
import type { FileId } from "./file-id.ts";

/** A DICOMDIR beyond this is none. */
export const DIRECTORY_BYTES_MAX = 256 * 1024 * 1024;
/** Sequences within one record. */
const DEPTH_MAX = 16;

export interface DirectoryRecord {
  /** Of its item's tag, from the start of the file. */
  readonly offset: number;
  /** As it stands there: also types this product does not write. */
  readonly type: string;
  readonly keys: DataSet;
  readonly inUse: boolean;
  readonly next: number;
  readonly lower: number;
  /** Where these offsets' values stand in the file. */
  readonly offsetsAt: { readonly next: number; readonly lower: number; readonly mrdr?: number };
  /** Records of the lower level, in the order of their chain. */
  readonly children: readonly DirectoryRecord[];
}

export interface Directory {
  readonly bytes: Uint8Array;
  readonly meta: FileMeta;
  readonly fileSetId: string;
  readonly dataSetOffset: number;
  /** Where the values of (0004,1200) and (0004,1202) stand. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Header of the record sequence, its items, and what comes behind it. */
  readonly sequenceAt: number;
  readonly itemsAt: number;
  readonly itemsEnd: number;
  readonly restAt: number;
  /** Every record, in the order of the file. */
  readonly records: readonly DirectoryRecord[];
  /** Records of the root entity, in the order of their chain. */
  readonly roots: readonly DirectoryRecord[];
}

const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const UNDEFINED_LENGTH = 0xffffffff;
const ITEM_HEADER_BYTES = 8;

interface Header {
  readonly tag: number;
  readonly vr: string;
  readonly valueAt: number;
  readonly length: number;
}

/** @throws DirectoryError when it is no DICOMDIR, is damaged, or is in a form the standard has not. */
export function readDirectory(bytes: Uint8Array): Directory {
  try {
    return new Reader(bytes).read();
  } catch (cause) {
    if (cause instanceof DirectoryError) throw cause;
    if (
      cause instanceof DecodeError ||
      cause instanceof FileFormatError ||
      cause instanceof RangeError
    )
      throw new DirectoryError(`the DICOMDIR is damaged: ${cause.message}`, { cause });
    throw cause;
  }
}

/** Referenced File ID of a record; null when it has no file. */
export function fileIdOf(record: DirectoryRecord): FileId | null {
  const id = record.keys.strings(Tag.ReferencedFileID).map((part) => part.trim());
  return id.length === 0 ? null : id;
}

interface Loose extends Omit<DirectoryRecord, "children"> {
  readonly children: Loose[];
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): Directory {
    const bytes = this.#bytes;
    const { meta, end } = decodeFileMeta(bytes);
    if (meta.sopClassUid !== SopClassUid.MediaStorageDirectoryStorage)
      throw new DirectoryError("the file DICOMDIR holds another kind of object");
    if (meta.transferSyntaxUid !== TransferSyntaxUid.ExplicitVrLittleEndian)
      throw new DirectoryError(
        `the DICOMDIR is in transfer syntax ${meta.transferSyntaxUid}; only Explicit VR Little Endian is allowed there`,
      );
    let firstAt = -1;
    let lastAt = -1;
    let sequence: Header | null = null;
    let sequenceAt = end;
    let at = end;
    while (at < bytes.byteLength) {
      const header = this.#header(at);
      if (header.tag === Tag.DirectoryRecordSequence) {
        sequence = header;
        sequenceAt = at;
        break;
      }
      if (header.tag === Tag.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity)
        firstAt = header.valueAt;
      if (header.tag === Tag.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity)
        lastAt = header.valueAt;
      at = this.#skip(header, 0);
    }
    if (sequence === null || firstAt < 0 || lastAt < 0)
      throw new DirectoryError(
        "the DICOMDIR is damaged: its record sequence or offsets are missing",
      );
    const itemsAt = sequence.valueAt;
    const { records, itemsEnd, restAt } = this.#records(sequence);
    const root = decodeDataSet(bytes.subarray(end, sequenceAt), { explicitVr: true }).dataSet;
    const roots = link(records, this.#view.getUint32(firstAt, true));
    return {
      bytes,
      meta,
      fileSetId: root.string(Tag.FileSetID) ?? "",
      dataSetOffset: end,
      firstAt,
      lastAt,
      sequenceAt,
      itemsAt,
      itemsEnd,
      restAt,
      records,
      roots,
    };
  }

  #records(sequence: Header): { records: Loose[]; itemsEnd: number; restAt: number } {
    const records: Loose[] = [];
    const isOpen = sequence.length === UNDEFINED_LENGTH;
    const end = isOpen ? this.#bytes.byteLength : sequence.valueAt + sequence.length;
    if (end > this.#bytes.byteLength)
      throw new DirectoryError("the DICOMDIR is damaged: it ends within its records");
    let at = sequence.valueAt;
    while (at < end) {
      const tag = this.#tag(at);
      const length = this.#view.getUint32(at + 4, true);
      if (tag === SEQUENCE_END && isOpen)
        return { records, itemsEnd: at, restAt: at + ITEM_HEADER_BYTES };
      if (tag !== ITEM) throw new DirectoryError(`the DICOMDIR is damaged at byte ${at}`);
      const contentAt = at + ITEM_HEADER_BYTES;
      const contentEnd =
        length === UNDEFINED_LENGTH ? this.#itemEnd(contentAt, 0) : contentAt + length;
      if (contentEnd > end) throw new DirectoryError(`the DICOMDIR is damaged at byte ${at}`);
      records.push(this.#record(at, contentAt, contentEnd));
      at = length === UNDEFINED_LENGTH ? contentEnd + ITEM_HEADER_BYTES : contentEnd;
    }
    if (isOpen) throw new DirectoryError("the DICOMDIR is damaged: it ends within its records");
    return { records, itemsEnd: end, restAt: end };
  }

  #record(offset: number, from: number, to: number): Loose {
    const offsetsAt: { next: number; lower: number; mrdr?: number } = { next: -1, lower: -1 };
    for (let at = from; at < to; ) {
      const header = this.#header(at);
      if (header.tag >>> 16 > 0x0004) break;
      if (header.tag === Tag.OffsetOfTheNextDirectoryRecord) offsetsAt.next = header.valueAt;
      if (header.tag === Tag.OffsetOfReferencedLowerLevelDirectoryEntity)
        offsetsAt.lower = header.valueAt;
      if (header.tag === Tag.MRDRDirectoryRecordOffset) offsetsAt.mrdr = header.valueAt;
      at = this.#skip(header, 0);
    }
    if (offsetsAt.next < 0 || offsetsAt.lower < 0)
      throw new DirectoryError(`the DICOMDIR is damaged: the record at ${offset} has no offsets`);
    const keys = decodeDataSet(this.#bytes.subarray(from, to), { explicitVr: true }).dataSet;
    return {
      offset,
      type: keys.string(Tag.DirectoryRecordType) ?? "",
      keys,
      inUse: (keys.number(Tag.RecordInUseFlag) ?? 0) !== 0,
      next: this.#view.getUint32(offsetsAt.next, true),
      lower: this.#view.getUint32(offsetsAt.lower, true),
      offsetsAt,
      children: [],
    };
  }

  #tag(at: number): number {
    return this.#view.getUint16(at, true) * 0x10000 + this.#view.getUint16(at + 2, true);
  }

  #header(at: number): Header {
    const tag = this.#tag(at);
    if (tag >>> 16 === 0xfffe)
      return { tag, vr: "", valueAt: at + 8, length: this.#view.getUint32(at + 4, true) };
    const info = vrOfBytes(this.#bytes[at + 4] ?? 0, this.#bytes[at + 5] ?? 0);
    if (info === undefined)
      throw new DirectoryError(`the DICOMDIR is damaged: no value representation at byte ${at}`);
    return info.longForm
      ? { tag, vr: info.vr, valueAt: at + 12, length: this.#view.getUint32(at + 8, true) }
      : { tag, vr: info.vr, valueAt: at + 8, length: this.#view.getUint16(at + 6, true) };
  }

  /** Offset behind an element. */
  #skip(header: Header, depth: number): number {
    if (header.length !== UNDEFINED_LENGTH) {
      const end = header.valueAt + header.length;
      if (end > this.#bytes.byteLength)
        throw new DirectoryError(`the DICOMDIR is damaged: it ends within a value`);
      return end;
    }
    if (depth >= DEPTH_MAX) throw new DirectoryError("the DICOMDIR nests its sequences too deep");
    let at = header.valueAt;
    for (;;) {
      const tag = this.#tag(at);
      const length = this.#view.getUint32(at + 4, true);
      at += ITEM_HEADER_BYTES;
      if (tag === SEQUENCE_END) return at;
      if (tag !== ITEM) throw new DirectoryError(`the DICOMDIR is damaged at byte ${at}`);
      at = length === UNDEFINED_LENGTH ? this.#itemEnd(at, depth + 1) + 8 : at + length;
    }
  }

  /** Offset of the delimiter of an item of undefined length. */
  #itemEnd(from: number, depth: number): number {
    let at = from;
    while (this.#tag(at) !== ITEM_END) at = this.#skip(this.#header(at), depth);
    return at;
  }
}

/** Hangs the records onto each other and answers the chain of the root. */
function link(records: readonly Loose[], first: number): Loose[] {
  const byOffset = new Map(records.map((record) => [record.offset, record]));
  const seen = new Set<number>();
  const chain = (from: number): Loose[] => {
    const list: Loose[] = [];
    for (let offset = from; offset !== 0; ) {
      const record = byOffset.get(offset);
      if (record === undefined)
        throw new DirectoryError(`the DICOMDIR is damaged: no record at offset ${offset}`);
      if (seen.has(offset))
        throw new DirectoryError("the DICOMDIR is damaged: its records run in a circle");
      seen.add(offset);
      list.push(record);
      offset = record.next;
    }
    return list;
  };
  const roots = chain(first);
  for (let level: readonly Loose[] = roots; level.length > 0; ) {
    const below: Loose[] = [];
    for (const record of level) {
      if (record.lower === 0) continue;
      record.children.push(...chain(record.lower));
      below.push(...record.children);
    }
    level = below;
  }
  return roots;
}
