// From an object's header to the rows that list it: for received objects, and for files that a
// power cut separated from their row.

import type { DataSet } from "../dicom/data/data-set.ts";
import { Tag } from "../dicom/dict/attributes.ts";
import type { NewInstance } from "./object-writer.ts";
import type { SeriesRecord, StudyRecord } from "./records.ts";

/** What of a header's reader is needed here (dicom/io: readObjectHeader). */
export interface ReadHeader {
  readonly meta: { readonly transferSyntaxUid: string };
  readonly dataSet: DataSet;
}

export interface HeaderRecords {
  readonly instance: NewInstance;
  readonly series: SeriesRecord;
  readonly study: StudyRecord;
}

/** Rows of the object, or null when it lacks one of its four UIDs (PS3.3 C.7.2.1, C.7.3.1, C.12.1). */
export function recordsOfHeader(
  { meta, dataSet }: ReadHeader,
  origin: Pick<NewInstance, "createdMs" | "examId" | "local">,
): HeaderRecords | null {
  const text = (tag: number) => dataSet.string(tag) ?? "";
  const sopInstanceUid = text(Tag.SOPInstanceUID);
  const sopClassUid = text(Tag.SOPClassUID);
  const studyInstanceUid = text(Tag.StudyInstanceUID);
  const seriesInstanceUid = text(Tag.SeriesInstanceUID);
  if (!sopInstanceUid || !sopClassUid || !studyInstanceUid || !seriesInstanceUid) return null;
  const whole = (tag: number, otherwise: number) => Math.trunc(dataSet.number(tag) ?? otherwise);
  const modality = text(Tag.Modality);
  const seriesNumber = whole(Tag.SeriesNumber, 0);
  const irradiationEvent = text(Tag.IrradiationEventUID);
  return {
    instance: {
      sopInstanceUid,
      sopClassUid,
      transferSyntaxUid: meta.transferSyntaxUid,
      studyInstanceUid,
      seriesInstanceUid,
      modality,
      seriesNumber,
      instanceNumber: whole(Tag.InstanceNumber, 0),
      numberOfFrames: dataSet.has(Tag.Rows) ? whole(Tag.NumberOfFrames, 1) : 0,
      rows: whole(Tag.Rows, 0),
      columns: whole(Tag.Columns, 0),
      irradiationEventUid: irradiationEvent === "" ? null : irradiationEvent,
      ...origin,
    },
    series: {
      seriesInstanceUid,
      studyInstanceUid,
      modality,
      seriesNumber,
      description: text(Tag.SeriesDescription),
      bodyPart: text(Tag.BodyPartExamined),
    },
    study: {
      studyInstanceUid,
      patientId: text(Tag.PatientID),
      patientName: text(Tag.PatientName),
      birthDate: text(Tag.PatientBirthDate),
      sex: text(Tag.PatientSex),
      studyDate: text(Tag.StudyDate),
      studyTime: text(Tag.StudyTime),
      studyId: text(Tag.StudyID),
      accessionNumber: text(Tag.AccessionNumber),
      description: text(Tag.StudyDescription),
    },
  };
}
