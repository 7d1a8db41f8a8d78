// Values for keys of type 1 that a received object leaves empty (E51). The record gets them; the file
// stays as it is.

import type { DataSet } from "../data/data-set.ts";
import { parseDate, parseTime } from "../data/date-time.ts";
import { Tag } from "../dict/attributes.ts";

export interface Moment {
  /** DA. */
  readonly date: string;
  /** TM. */
  readonly time: string;
}

/**
 * Fills what is missing. `moment` is that of the study's first instance. A patient without an ID gets
 * the study's UID for one, so that two of them are never taken for the same person.
 */
export function substituteEmptyKeys(facts: DataSet, moment: Moment): DataSet {
  const text = (tag: Tag) => facts.string(tag) ?? "";
  const missing = (tag: Tag) => text(tag).trim() === "";
  if (missing(Tag.PatientID)) facts.text(Tag.PatientID, "LO", text(Tag.StudyInstanceUID));
  if (parseDate(text(Tag.StudyDate)) === undefined) {
    facts.text(Tag.StudyDate, "DA", moment.date);
    facts.text(Tag.StudyTime, "TM", moment.time);
  }
  if (parseTime(text(Tag.StudyTime)) === undefined) facts.text(Tag.StudyTime, "TM", moment.time);
  if (missing(Tag.StudyID)) facts.text(Tag.StudyID, "SH", "0");
  if (missing(Tag.Modality)) facts.text(Tag.Modality, "CS", "OT");
  if (facts.number(Tag.SeriesNumber) === undefined) facts.text(Tag.SeriesNumber, "IS", "0");
  if (facts.number(Tag.InstanceNumber) === undefined) facts.text(Tag.InstanceNumber, "IS", "0");
  return facts;
}

/** Acquisition, content or study date of an object, in that order; null when it has none. */
export function momentOf(header: DataSet): Moment | null {
  for (const [dateTag, timeTag] of [
    [Tag.AcquisitionDate, Tag.AcquisitionTime],
    [Tag.ContentDate, Tag.ContentTime],
    [Tag.StudyDate, Tag.StudyTime],
  ] as const) {
    const date = header.string(dateTag) ?? "";
    if (parseDate(date) === undefined) continue;
    const time = header.string(timeTag) ?? "";
    return { date, time: parseTime(time) === undefined ? "000000" : time };
  }
  return null;
}

/** Keys of an SR DOCUMENT record out of the document's own header (PS3.3 §F.5.35). */
export function documentKeys(header: DataSet, facts: DataSet, moment: Moment): DataSet {
  facts
    .text(Tag.CompletionFlag, "CS", header.string(Tag.CompletionFlag) ?? "PARTIAL")
    .text(Tag.VerificationFlag, "CS", header.string(Tag.VerificationFlag) ?? "UNVERIFIED")
    .text(Tag.ContentDate, "DA", header.string(Tag.ContentDate) ?? moment.date)
    .text(Tag.ContentTime, "TM", header.string(Tag.ContentTime) ?? moment.time)
    .sequence(Tag.ConceptNameCodeSequence, ...header.items(Tag.ConceptNameCodeSequence));
  const modifiers = header
    .items(Tag.ContentSequence)
    .filter((item) => item.string(Tag.RelationshipType) === "HAS CONCEPT MOD");
  if (modifiers.length > 0) facts.sequence(Tag.ContentSequence, ...modifiers);
  return facts;
}
