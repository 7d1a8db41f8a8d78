// Writes a DICOMDIR (PS3.10 §8.6, PS3.3 §F.3): a new one, or one that is there with records added.
// Whatever a present one holds keeps its bytes and its order (X8); only offsets change, and those are
// counted on encoded bytes (X3).

import { assert } from "../../core/assert.ts";
import { ByteWriter } from "../../core/bytes.ts";
import type { OutputCharacterSet } from "../data/charset/output-character-set.ts";
import { DataSet } from "../data/data-set.ts";
import { encodeDataSet } from "../data/encode.ts";
import { Tag } from "../dict/attributes.ts";
import { SopClassUid, TransferSyntaxUid } from "../dict/uids.ts";
import { encodeFileMeta, PREAMBLE_BYTES, PREFIX_END } from "../io/file-meta.ts";
import type { LeafType, RecordType } from "./directory-keys.ts";
import type { Directory, DirectoryRecord } from "./read-directory.ts";
import { encodeRecord, type FileReference, recordDataSet } from "./record.ts";

/** One object that is put on the medium. */
export interface DirectoryEntry {
  readonly type: LeafType;
  /** Keys of all four levels, complete (see substitutes.ts). */
  readonly facts: DataSet;
  readonly file: FileReference;
}

export interface DirectoryWriter {
  /** SOP Instance UID of a new DICOMDIR; one that is there keeps its own. */
  readonly newUid: string;
  /** At most 16 characters out of A-Z, 0-9, underscore and space. */
  readonly fileSetId: string;
  readonly characterSet: OutputCharacterSet;
  readonly implementationClassUid: string;
  readonly implementationVersionName: string;
  readonly sourceAeTitle: string;
}

const ITEM = 0xfffee000;
const ITEM_HEADER_BYTES = 8;
/** In a record written here: header and value of the two offsets come first, in a fixed form. */
const NEXT_VALUE_AT = 8;
const LOWER_VALUE_AT = 8 + 4 + 8 + 2 + 8;

/** A record on its way into the file; those that are there already have their place. */
interface Node {
  readonly bytes: Uint8Array | null;
  offset: number;
  nextAt: number;
  lowerAt: number;
  /** Last record of its lower level that was there before. */
  readonly lastOld: Node | null;
  readonly added: Node[];
}

/**
 * The bytes of the DICOMDIR.
 * @param base what is on the medium now, or null.
 * @throws EncodeError
 */
export function writeDirectory(
  base: Directory | null,
  entries: readonly DirectoryEntry[],
  writer: DirectoryWriter,
): Uint8Array {
  const meta = encodeFileMeta({
    sopClassUid: SopClassUid.MediaStorageDirectoryStorage,
    sopInstanceUid: base?.meta.sopInstanceUid || writer.newUid,
    transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
    implementationClassUid: writer.implementationClassUid,
    implementationVersionName: writer.implementationVersionName,
    sourceAeTitle: writer.sourceAeTitle,
  });
  const out = new ByteWriter(true, (base?.bytes.byteLength ?? 0) + 4096 + entries.length * 1024);
  if (base === null) out.pad(PREAMBLE_BYTES);
  else out.put(base.bytes.subarray(0, PREAMBLE_BYTES));
  out.put(new TextEncoder().encode("DICM"));
  out.put(meta);
  const dataSetOffset = PREFIX_END + meta.byteLength;
  const root = base === null ? newRoot(writer.fileSetId) : rootOf(base);
  out.put(root.bytes);
  out.put(new Uint8Array([0x04, 0x00, 0x20, 0x12, 0x53, 0x51, 0, 0])); // (0004,1220) SQ
  const lengthAt = out.length;
  out.uint32(0);
  const itemsAt = out.length;
  const firstAt = dataSetOffset + root.firstAt;
  const lastAt = dataSetOffset + root.lastAt;

  const tree = new Tree(writer.characterSet);
  if (base !== null) {
    out.put(base.bytes.subarray(base.itemsAt, base.itemsEnd));
    const shift = itemsAt - base.itemsAt;
    moveOffsets(out, base, shift, firstAt, lastAt);
    tree.takeOver(base.roots, shift);
  }
  for (const entry of entries) tree.add(entry);
  tree.place(out);
  tree.link(out, firstAt, lastAt);
  out.patchUint32(lengthAt, out.length - itemsAt);
  if (base !== null) out.put(base.bytes.subarray(base.restAt));
  return out.done().slice();
}

interface Root {
  /** Elements in front of the record sequence. */
  readonly bytes: Uint8Array;
  /** Values of the two root offsets within them. */
  readonly firstAt: number;
  readonly lastAt: number;
}

function newRoot(fileSetId: string): Root {
  const start = new DataSet().text(Tag.FileSetID, "CS", fileSetId);
  const offsets = new DataSet()
    .numbers(Tag.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity, "UL", 0)
    .numbers(Tag.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity, "UL", 0)
    .numbers(Tag.FileSetConsistencyFlag, "US", 0);
  const options = { explicitVr: true, characterSet: "default-kanji" } as const;
  const head = encodeDataSet(start, options);
  const tail = encodeDataSet(offsets, options);
  const bytes = new Uint8Array(head.byteLength + tail.byteLength);
  bytes.set(head);
  bytes.set(tail, head.byteLength);
  return { bytes, firstAt: head.byteLength + 8, lastAt: head.byteLength + 20 };
}

function rootOf(base: Directory): Root {
  return {
    bytes: base.bytes.subarray(base.dataSetOffset, base.sequenceAt),
    firstAt: base.firstAt - base.dataSetOffset,
    lastAt: base.lastAt - base.dataSetOffset,
  };
}

/** All records moved by the same distance: every offset that points to one moves with them. */
function moveOffsets(
  out: ByteWriter,
  base: Directory,
  shift: number,
  firstAt: number,
  lastAt: number,
): void {
  const view = new DataView(base.bytes.buffer, base.bytes.byteOffset, base.bytes.byteLength);
  const move = (at: number, to: number) => {
    const offset = view.getUint32(at, true);
    if (offset !== 0) out.patchUint32(to, offset + shift);
  };
  move(base.firstAt, firstAt);
  move(base.lastAt, lastAt);
  for (const { offsetsAt } of base.records)
    for (const at of [offsetsAt.next, offsetsAt.lower, offsetsAt.mrdr])
      if (at !== undefined) move(at, at + shift);
}

class Tree {
  readonly #characterSet: OutputCharacterSet;
  readonly #root: Node = fresh(null);
  #lastRoot: Node | null = null;
  readonly #patients = new Map<string, Node>();
  readonly #studies = new Map<string, Node>();
  readonly #series = new Map<string, Node>();

  constructor(characterSet: OutputCharacterSet) {
    this.#characterSet = characterSet;
  }

  /** Makes nodes of the records that are there, so that ours can be hung below them. */
  takeOver(roots: readonly DirectoryRecord[], shift: number): void {
    const nodeOf = (record: DirectoryRecord): Node => {
      const children = record.children.map(nodeOf);
      const node: Node = {
        bytes: null,
        offset: record.offset + shift,
        nextAt: record.offsetsAt.next + shift,
        lowerAt: record.offsetsAt.lower + shift,
        lastOld: children.at(-1) ?? null,
        added: [],
      };
      if (record.inUse) this.#remember(record, node);
      return node;
    };
    this.#lastRoot = roots.map(nodeOf).at(-1) ?? null;
  }

  #remember({ type, keys }: DirectoryRecord, node: Node): void {
    const note = (map: Map<string, Node>, key: string) => {
      if (!map.has(key)) map.set(key, node);
    };
    if (type === "PATIENT") note(this.#patients, patientKey(keys));
    const study = keys.string(Tag.StudyInstanceUID);
    if (type === "STUDY" && study !== undefined) note(this.#studies, study);
    const series = keys.string(Tag.SeriesInstanceUID);
    if (type === "SERIES" && series !== undefined) note(this.#series, series);
  }

  add(entry: DirectoryEntry): void {
    const { facts } = entry;
    const study = () =>
      this.#level(this.#studies, facts.string(Tag.StudyInstanceUID) ?? "", "STUDY", facts, () =>
        this.#level(this.#patients, patientKey(facts), "PATIENT", facts, () => this.#root),
      );
    const series = this.#level(
      this.#series,
      facts.string(Tag.SeriesInstanceUID) ?? "",
      "SERIES",
      facts,
      study,
    );
    const record = recordDataSet(entry.type, facts, entry.file);
    series.added.push(fresh(encodeRecord(record, this.#characterSet)));
  }

  /** The node of that key, made below its parent when there is none. */
  #level(
    known: Map<string, Node>,
    key: string,
    type: RecordType,
    facts: DataSet,
    parent: () => Node,
  ): Node {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = fresh(encodeRecord(recordDataSet(type, facts), this.#characterSet));
    known.set(key, made);
    parent().added.push(made);
    return made;
  }

  /** Every node that any entry may have been hung below: a study may lie below any patient. */
  #all(): Node[] {
    return [
      this.#root,
      ...this.#patients.values(),
      ...this.#studies.values(),
      ...this.#series.values(),
    ];
  }

  /** Writes the new records, each in front of those below it, and notes where they came to lie. */
  place(out: ByteWriter): void {
    const write = (node: Node) => {
      assert(node.bytes !== null, "only new records are written");
      node.offset = out.length;
      out.uint16(ITEM >>> 16);
      out.uint16(ITEM & 0xffff);
      out.uint32(node.bytes.byteLength);
      node.nextAt = node.offset + ITEM_HEADER_BYTES + NEXT_VALUE_AT;
      node.lowerAt = node.offset + ITEM_HEADER_BYTES + LOWER_VALUE_AT;
      out.put(node.bytes);
      for (const child of node.added) write(child);
    };
    for (const node of this.#all())
      if (node.bytes === null) for (const child of node.added) write(child);
  }

  link(out: ByteWriter, firstAt: number, lastAt: number): void {
    const chain = (before: Node | null, added: readonly Node[], headAt: number) => {
      let last = before;
      for (const node of added) {
        out.patchUint32(last === null ? headAt : last.nextAt, node.offset);
        last = node;
      }
    };
    chain(this.#lastRoot, this.#root.added, firstAt);
    const last = this.#root.added.at(-1);
    if (last !== undefined) out.patchUint32(lastAt, last.offset);
    for (const node of this.#all())
      if (node !== this.#root) chain(node.lastOld, node.added, node.lowerAt);
  }
}

function fresh(bytes: Uint8Array | null): Node {
  return { bytes, offset: 0, nextAt: 0, lowerAt: 0, lastOld: null, added: [] };
}

/** The same person: ID and name. */
function patientKey(keys: DataSet): string {
  const name = (keys.string(Tag.PatientName) ?? "").replace(/[\^= ]+$/, "");
  return `${keys.string(Tag.PatientID)?.trim() ?? ""}\\${name}`;
}
