// From the job's instances to what is to be written: database rows only, no file is opened.

import { dicomDateTime } from "../core/clock.ts";
import type { ExportObject } from "../export/export-object.ts";
import { recordTypeOf } from "../export/media-profiles.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { StudyRecord } from "../store/records.ts";
import type { StoragePort } from "../store/storage-port.ts";

export interface ExportSelection {
  /** Study by study, in the order of series and instances. */
  readonly objects: readonly ExportObject[];
  readonly records: readonly InstanceRecord[];
  /** Deleted since, or their file is missing. */
  readonly gone: readonly string[];
  /** Of a class that the media profiles have no place for. */
  readonly unfit: readonly string[];
}

export function exportSelection(
  storage: Pick<StoragePort, "reader" | "filePath">,
  sopInstanceUids: readonly string[],
  timeZone: string,
): ExportSelection {
  const gone: string[] = [];
  const unfit: string[] = [];
  const studies = new Map<string, StudyRecord | null>();
  const found: { record: InstanceRecord; object: ExportObject }[] = [];
  for (const uid of sopInstanceUids) {
    const record = storage.reader.instance(uid);
    const study = record === null ? null : studyOf(record.studyInstanceUid);
    const type = record === null ? null : recordTypeOf(record.sopClassUid);
    if (record === null || study === null) gone.push(uid);
    else if (type === null) unfit.push(uid);
    else found.push({ record, object: objectOf(record, study, type) });
  }
  const order = [...studies.keys()];
  found.sort(
    (a, b) =>
      order.indexOf(a.record.studyInstanceUid) - order.indexOf(b.record.studyInstanceUid) ||
      a.record.seriesNumber - b.record.seriesNumber ||
      a.record.instanceNumber - b.record.instanceNumber,
  );
  return {
    objects: found.map(({ object }) => object),
    records: found.map(({ record }) => record),
    gone,
    unfit,
  };

  function studyOf(uid: string): StudyRecord | null {
    const known = studies.get(uid);
    if (known !== undefined) return known;
    const study = storage.reader.study(uid);
    studies.set(uid, study);
    return study;
  }

  function objectOf(
    record: InstanceRecord,
    study: StudyRecord,
    type: ExportObject["type"],
  ): ExportObject {
    const stored = dicomDateTime(record.createdMs, timeZone);
    return {
      path: storage.filePath(record),
      fileBytes: record.fileBytes,
      sopInstanceUid: record.sopInstanceUid,
      sopClassUid: record.sopClassUid,
      type,
      facts: {
        patientName: study.patientName,
        patientId: study.patientId,
        studyInstanceUid: record.studyInstanceUid,
        studyDate: study.studyDate,
        studyTime: study.studyTime,
        studyDescription: study.description,
        studyId: study.studyId,
        accessionNumber: study.accessionNumber,
        modality: record.modality,
        seriesInstanceUid: record.seriesInstanceUid,
        seriesNumber: record.seriesNumber,
        instanceNumber: record.instanceNumber,
        storedDate: stored.date,
        storedTime: stored.time,
      },
    };
  }
}
