// The keys of directory records (PS3.3 §F.5), as this product writes them: PATIENT, STUDY, SERIES,
// IMAGE and SR DOCUMENT. The General Purpose profiles (PS3.11 annexes D, H, J) ask for no more.

import { Tag } from "../dict/attributes.ts";

export type RecordType = "PATIENT" | "STUDY" | "SERIES" | "IMAGE" | "SR DOCUMENT";
/** Records that have a file. */
export type LeafType = "IMAGE" | "SR DOCUMENT";

export interface DirectoryKey {
  /** "any": in every record, where its text needs it; written by the encoder. */
  readonly record: RecordType | "any";
  readonly tag: Tag;
  readonly vr: "CS" | "DA" | "IS" | "LO" | "PN" | "SH" | "SQ" | "TM" | "UI";
  /** "1C" where the condition is met by what this product writes, or the value is there. */
  readonly type: "1" | "1C" | "2";
}

const row = (
  record: DirectoryKey["record"],
  tag: Tag,
  vr: DirectoryKey["vr"],
  type: DirectoryKey["type"],
): DirectoryKey => ({ record, tag, vr, type });

// biome-ignore format: one row a line
export const DIRECTORY_KEYS: { readonly table: string; readonly rows: readonly DirectoryKey[] } = {
  table: "directory-keys",
  rows: [
    //  record         attribute                    vr    type
    row("PATIENT",     Tag.PatientName,             "PN", "2"),
    row("PATIENT",     Tag.PatientID,               "LO", "1"),
    row("STUDY",       Tag.StudyDate,               "DA", "1"),
    row("STUDY",       Tag.StudyTime,               "TM", "1"),
    row("STUDY",       Tag.StudyDescription,        "LO", "2"),
    row("STUDY",       Tag.StudyInstanceUID,        "UI", "1C"),
    row("STUDY",       Tag.StudyID,                 "SH", "1"),
    row("STUDY",       Tag.AccessionNumber,         "SH", "2"),
    row("SERIES",      Tag.Modality,                "CS", "1"),
    row("SERIES",      Tag.SeriesInstanceUID,       "UI", "1"),
    row("SERIES",      Tag.SeriesNumber,            "IS", "1"),
    row("IMAGE",       Tag.InstanceNumber,          "IS", "1"),
    row("SR DOCUMENT", Tag.InstanceNumber,          "IS", "1"),
    row("SR DOCUMENT", Tag.CompletionFlag,          "CS", "1"),
    row("SR DOCUMENT", Tag.VerificationFlag,        "CS", "1"),
    row("SR DOCUMENT", Tag.ContentDate,             "DA", "1"),
    row("SR DOCUMENT", Tag.ContentTime,             "TM", "1"),
    row("SR DOCUMENT", Tag.ConceptNameCodeSequence, "SQ", "1"),
    row("SR DOCUMENT", Tag.ContentSequence,         "SQ", "1C"),
    row("any",         Tag.SpecificCharacterSet,    "CS", "1C"),
  ],
};
