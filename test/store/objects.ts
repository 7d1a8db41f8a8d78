// Small objects and a store on a disk in memory, for the tests of store, workers and jobs.

import { silentLog } from "../../src/core/log.ts";
import { DataSet } from "../../src/dicom/data/data-set.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { SopClassUid, TransferSyntaxUid } from "../../src/dicom/dict/uids.ts";
import { encodeObjectHeader, readObjectHeader } from "../../src/dicom/io/object-header.ts";
import type { Exam } from "../../src/model/exam.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import type { DiskPort } from "../../src/store/disk.ts";
import type { ObjectRows, ObjectWrite } from "../../src/store/object-writer.ts";
import type { StudyRecord } from "../../src/store/records.ts";
import { Store } from "../../src/store/store.ts";

export const START_MS = Date.UTC(2026, 0, 5, 8, 0, 0);
export const CREATOR_UID = "1.2.392.200036.9116.32.5";

export interface ObjectOptions {
  readonly study?: string | undefined;
  readonly pixelBytes?: number | undefined;
  readonly patient?: Partial<StudyRecord> | undefined;
  readonly examId?: string | null | undefined;
  readonly local?: boolean | undefined;
  readonly frames?: number | undefined;
}

/** Pixel bytes that tell one object from another. */
export function pixelsOf(sop: string, byteLength: number): Uint8Array<ArrayBuffer> {
  const seed = [...sop].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) >>> 0, 7);
  return Uint8Array.from({ length: byteLength }, (_, i) => (seed + i * 13) & 0xff);
}

/** The rows of an object `sop`, without file. */
export function rowsOf(sop: string, options: ObjectOptions = {}): ObjectRows {
  const study = options.study ?? "1.2.3";
  return {
    instance: {
      sopInstanceUid: sop,
      sopClassUid: SopClassUid.DigitalXRayImageStorageForPresentation,
      transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
      studyInstanceUid: study,
      seriesInstanceUid: `${study}.1`,
      modality: "DX",
      seriesNumber: 1,
      instanceNumber: Number(sop.split(".").at(-1)),
      numberOfFrames: options.frames ?? 1,
      rows: 10,
      columns: 10,
      createdMs: START_MS,
      examId: options.examId ?? null,
      irradiationEventUid: null,
      local: options.local ?? true,
    },
    series: {
      seriesInstanceUid: `${study}.1`,
      studyInstanceUid: study,
      modality: "DX",
      seriesNumber: 1,
      description: "Chest",
      bodyPart: "CHEST",
    },
    study: {
      studyInstanceUid: study,
      patientId: "P1",
      patientName: "Doe^John",
      birthDate: "19700102",
      sex: "M",
      studyDate: "20260105",
      studyTime: "080000",
      studyId: "S1",
      accessionNumber: "A1",
      description: "Chest PA",
      ...options.patient,
    },
  };
}

export function headerOf(rows: ObjectRows, pixelBytes: number): Uint8Array {
  const { instance, study, series } = rows;
  const dataSet = new DataSet()
    .text(Tag.SOPClassUID, "UI", instance.sopClassUid)
    .text(Tag.SOPInstanceUID, "UI", instance.sopInstanceUid)
    .text(Tag.StudyDate, "DA", study.studyDate)
    .text(Tag.StudyTime, "TM", study.studyTime)
    .text(Tag.AccessionNumber, "SH", study.accessionNumber)
    .text(Tag.Modality, "CS", instance.modality)
    .text(Tag.StudyDescription, "LO", study.description)
    .text(Tag.SeriesDescription, "LO", series.description)
    .text(Tag.PatientName, "PN", study.patientName)
    .text(Tag.PatientID, "LO", study.patientId)
    .text(Tag.PatientBirthDate, "DA", study.birthDate)
    .text(Tag.PatientSex, "CS", study.sex)
    .text(Tag.BodyPartExamined, "CS", series.bodyPart)
    .text(Tag.StudyInstanceUID, "UI", instance.studyInstanceUid)
    .text(Tag.SeriesInstanceUID, "UI", instance.seriesInstanceUid)
    .text(Tag.StudyID, "SH", study.studyId)
    .text(Tag.SeriesNumber, "IS", String(instance.seriesNumber))
    .text(Tag.InstanceNumber, "IS", String(instance.instanceNumber))
    .text(Tag.NumberOfFrames, "IS", String(instance.numberOfFrames))
    .numbers(Tag.Rows, "US", instance.rows)
    .numbers(Tag.Columns, "US", instance.columns);
  return encodeObjectHeader({
    meta: {
      sopClassUid: instance.sopClassUid,
      sopInstanceUid: instance.sopInstanceUid,
      transferSyntaxUid: instance.transferSyntaxUid,
      implementationClassUid: CREATOR_UID,
    },
    dataSet,
    characterSet: "default-kanji",
    pixel: pixelBytes === 0 ? undefined : { vr: "OW", byteLength: pixelBytes + (pixelBytes % 2) },
  });
}

/** A whole object ready to be written. */
export function objectOf(sop: string, options: ObjectOptions = {}): ObjectWrite {
  const rows = rowsOf(sop, options);
  const bytes = pixelsOf(sop, options.pixelBytes ?? 200);
  return {
    ...rows,
    header: headerOf(rows, bytes.byteLength),
    pixels: bytes.byteLength === 0 ? { kind: "none" } : { kind: "bytes", bytes },
  };
}

export function examOf(id: string, study: string, state: Exam["state"] = "open"): Exam {
  return {
    id,
    state,
    patient: { patientId: "P1", patientName: "Doe^John" },
    studyInstanceUid: study,
    studyId: "S1",
    accessionNumber: "A1",
    studyDescription: "Chest PA",
    studyStartedMs: START_MS,
    startedMs: START_MS,
    modality: "DX",
    protocolId: "chest-pa",
    operator: "",
    performingPhysician: "",
    referringPhysician: "",
    mppsSopInstanceUid: `${study}.99`,
    performedProcedureStepId: "1",
    stepNumber: 1,
    series: [],
    exposures: [],
  };
}

export function memoryDatabase(): Database {
  return openDatabase(":memory:");
}

/** Opens a store as at a start; the same database and disk again is a restart. */
export function openStore(db: Database, disk: DiskPort): Promise<Store> {
  return Store.open({
    db,
    disk,
    readHeader: readObjectHeader,
    log: silentLog,
    nowMs: START_MS,
    reserveBytes: 0,
  });
}

/** The instance's file as it lies on the disk. */
export function fileOf(disk: DiskPort, store: Store, sop: string): Uint8Array {
  const record = store.reader.instance(sop);
  if (record === null) throw new Error(`${sop} is not listed`);
  const bytes = new Uint8Array(record.fileBytes);
  disk.read(`objects/${record.path}`, bytes, 0);
  return bytes;
}
