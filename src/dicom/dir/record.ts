// One directory record (PS3.3 §F.3.2.2): its keys by the table, the reference to its file, and its
// bytes with the places of the two offsets, which are filled in when the records' order is known.

import type { OutputCharacterSet, Substitution } from "../data/charset/output-character-set.ts";
import { DataSet } from "../data/data-set.ts";
import { encodeDataSet } from "../data/encode.ts";
import { Tag } from "../dict/attributes.ts";
import { DIRECTORY_KEYS, type RecordType } from "./directory-keys.ts";
import type { FileId } from "./file-id.ts";

export interface FileReference {
  readonly fileId: FileId;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/** Record In-use Flag of a record that counts (PS3.3 §F.3.2.2). */
export const IN_USE = 0xffff;

/**
 * The record as a data set, offsets zero. `facts` holds the keys of the object under their own tags;
 * those of type 1 must be there (E51: see substitutes.ts).
 */
export function recordDataSet(type: RecordType, facts: DataSet, file?: FileReference): DataSet {
  const record = new DataSet()
    .numbers(Tag.OffsetOfTheNextDirectoryRecord, "UL", 0)
    .numbers(Tag.RecordInUseFlag, "US", IN_USE)
    .numbers(Tag.OffsetOfReferencedLowerLevelDirectoryEntity, "UL", 0)
    .text(Tag.DirectoryRecordType, "CS", type);
  if (file !== undefined)
    record
      .text(Tag.ReferencedFileID, "CS", ...file.fileId)
      .text(Tag.ReferencedSOPClassUIDInFile, "UI", file.sopClassUid)
      .text(Tag.ReferencedSOPInstanceUIDInFile, "UI", file.sopInstanceUid)
      .text(Tag.ReferencedTransferSyntaxUIDInFile, "UI", file.transferSyntaxUid);
  for (const key of DIRECTORY_KEYS.rows) {
    if (key.record !== type) continue;
    const value = facts.get(key.tag);
    if (value !== undefined) record.set(key.tag, value);
    else if (key.type === "2" && key.vr !== "SQ") record.text(key.tag, key.vr);
  }
  return record;
}

/**
 * Bytes of the record's item, without the item's header. Text that the configured character set does
 * not have makes this one record UTF-8 (X4: the set is declared in each record).
 * @throws EncodeError
 */
export function encodeRecord(record: DataSet, characterSet: OutputCharacterSet): Uint8Array {
  const substitutions: Substitution[] = [];
  const bytes = encodeDataSet(record, { explicitVr: true, characterSet, substitutions });
  if (substitutions.length === 0) return bytes;
  return encodeDataSet(record, { explicitVr: true, characterSet: "ISO_IR 192" });
}
