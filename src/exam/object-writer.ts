// From the facts of an exam to durable objects: builds the data set, encodes the header, has the store
// write it in front of the pixels. Numbers instances and begins series.

import type { Configuration } from "../config/configuration.ts";
import { dicomDateTime } from "../core/clock.ts";
import type { Substitution } from "../dicom/data/charset/output-character-set.ts";
import { TransferSyntaxUid } from "../dicom/dict/uids.ts";
import { encodeObjectHeader } from "../dicom/io/object-header.ts";
import type { BuiltObject } from "../dicom/iod/build.ts";
import type { Exam, ExamSeries } from "../model/exam.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { NewInstance, ObjectRows, PixelRef, WriteOutcome } from "../store/object-writer.ts";
import type { Change } from "../store/records.ts";
import type { StoragePort } from "../store/storage-port.ts";

/** What the database shall know of an object besides what its series and exam tell. */
export interface ObjectDescription {
  readonly exam: Exam;
  readonly series: ExamSeries;
  readonly instanceNumber: number;
  readonly numberOfFrames: number;
  readonly rows: number;
  readonly columns: number;
  readonly createdMs: number;
  readonly irradiationEventUid: string | null;
}

export interface EncodedObject {
  readonly header: Uint8Array;
  readonly substitutions: readonly Substitution[];
}

/** The header of an object as the device stores it: Explicit VR Little Endian. */
export function encodeObject(
  built: BuiltObject,
  pixelBytes: number,
  configuration: Configuration,
): EncodedObject {
  const substitutions: Substitution[] = [];
  const header = encodeObjectHeader({
    meta: {
      sopClassUid: built.sopClassUid,
      sopInstanceUid: built.sopInstanceUid,
      transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
      implementationClassUid: configuration.device.implementationClassUid,
      implementationVersionName: configuration.device.implementationVersionName,
      sourceAeTitle: configuration.local.aeTitle,
    },
    dataSet: built.dataSet,
    characterSet: configuration.local.characterSet,
    substitutions,
    pixel: built.pixel === null ? undefined : { vr: built.pixel.vr, byteLength: pixelBytes },
  });
  return { header, substitutions };
}

/** Rows of study, series and instance for an object of an exam. */
export function objectRows(
  built: Pick<BuiltObject, "sopClassUid" | "sopInstanceUid">,
  description: ObjectDescription,
  timeZone: string,
  changes: readonly Change[],
): ObjectRows {
  const { exam, series } = description;
  const study = dicomDateTime(exam.studyStartedMs, timeZone);
  const instance: NewInstance = {
    sopInstanceUid: built.sopInstanceUid,
    sopClassUid: built.sopClassUid,
    transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
    studyInstanceUid: exam.studyInstanceUid,
    seriesInstanceUid: series.seriesInstanceUid,
    modality: series.modality,
    seriesNumber: series.seriesNumber,
    instanceNumber: description.instanceNumber,
    numberOfFrames: description.numberOfFrames,
    rows: description.rows,
    columns: description.columns,
    createdMs: description.createdMs,
    examId: exam.id,
    irradiationEventUid: description.irradiationEventUid,
    local: true,
  };
  return {
    instance,
    series: {
      seriesInstanceUid: series.seriesInstanceUid,
      studyInstanceUid: exam.studyInstanceUid,
      modality: series.modality,
      seriesNumber: series.seriesNumber,
      description: series.protocolName,
      bodyPart: series.bodyPart,
    },
    study: {
      studyInstanceUid: exam.studyInstanceUid,
      patientId: exam.patient.patientId,
      patientName: exam.patient.patientName,
      birthDate: exam.patient.birthDate ?? "",
      sex: exam.patient.sex ?? "",
      studyDate: study.date,
      studyTime: study.time,
      studyId: exam.studyId,
      accessionNumber: exam.accessionNumber,
      description: exam.studyDescription,
    },
    changes,
  };
}

/** The disk is full: nothing was written. */
export class DiskFullError extends Error {
  override readonly name = "DiskFullError";
}

/** The record of a write that must have made the object durable. @throws DiskFullError */
export function storedRecord(outcome: WriteOutcome): InstanceRecord {
  if (outcome.kind === "disk-full")
    throw new DiskFullError(
      `the disk is full (${outcome.freeBytes} bytes free, ${outcome.neededBytes} needed); send and delete studies`,
    );
  return outcome.record;
}

/** Counts the instances of each series from 1, going on where the database ends. */
export class InstanceNumbers {
  readonly #storage: StoragePort;
  readonly #last = new Map<string, number>();

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  next(exam: Exam, seriesInstanceUid: string): number {
    const last =
      this.#last.get(seriesInstanceUid) ??
      this.#storage.reader
        .instancesOfStudy(exam.studyInstanceUid)
        .filter((i) => i.seriesInstanceUid === seriesInstanceUid)
        .reduce((most, i) => Math.max(most, i.instanceNumber), 0);
    this.#last.set(seriesInstanceUid, last + 1);
    return last + 1;
  }
}

export const memoryPixels = (offset: number, byteLength: number): PixelRef => ({
  kind: "memory",
  offset,
  byteLength,
});
