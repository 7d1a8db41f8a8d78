// One answer of a worklist server (PS3.4 §K.6.1.2.2) to our record. Schedulers leave out, repeat and
// lengthen what they like: nothing here throws, and what was not taken as it came is remarked.

import { DataSet } from "../../dicom/data/data-set.ts";
import { parseDate, parseTime } from "../../dicom/data/date-time.ts";
import { Tag } from "../../dicom/dict/attributes.ts";
import { UID_LENGTH_MAX } from "../../dicom/dict/uids.ts";
import type { Code, SopReference } from "../../model/code.ts";
import type { Patient } from "../../model/patient.ts";
import type { WorklistItem } from "../../model/worklist-item.ts";

/** An item before it has our id. */
export interface ReceivedItem extends Omit<WorklistItem, "id" | "studyInstanceUid"> {
  /** Undefined: none came that can be used, one has to be made (W4, D9). */
  readonly studyInstanceUid: string | undefined;
  readonly remarks: readonly string[];
}

/** Which of several values counts: the one that was asked for, else the first. */
export interface Wanted {
  readonly modality: string;
  readonly scheduledStationAeTitle: string;
}

/**
 * The scheduled steps of one answer; the standard has one, an answer without any still tells a
 * patient (W6).
 */
export function itemsFromAnswer(answer: DataSet, wanted: Wanted): ReceivedItem[] {
  const steps = answer.items(Tag.ScheduledProcedureStepSequence);
  return (steps.length === 0 ? [new DataSet()] : steps).map((step) => itemOf(answer, step, wanted));
}

function itemOf(answer: DataSet, step: DataSet, wanted: Wanted): ReceivedItem {
  const remarks: string[] = [];
  /** The first value, or the wanted one; the others are remarked (W10). */
  const text = (from: DataSet, tag: number, what: string, preferred = ""): string => {
    const values = given(from, tag);
    const value = values.find((v) => v === preferred) ?? values[0] ?? "";
    const others = values.filter((v) => v !== value);
    if (others.length > 0) remarks.push(`${what}: the scheduler also gives ${others.join(", ")}`);
    return value;
  };
  return {
    patient: patientOf(answer, text),
    studyInstanceUid: studyUid(answer, remarks),
    accessionNumber: text(answer, Tag.AccessionNumber, "accession number"),
    requestedProcedureId: text(answer, Tag.RequestedProcedureID, "requested procedure id"),
    requestedProcedureDescription: text(
      answer,
      Tag.RequestedProcedureDescription,
      "requested procedure",
    ),
    requestedProcedureCodes: codes(answer, Tag.RequestedProcedureCodeSequence),
    scheduledProcedureStepId: text(step, Tag.ScheduledProcedureStepID, "step id"),
    scheduledProcedureStepDescription: text(step, Tag.ScheduledProcedureStepDescription, "step"),
    scheduledProtocolCodes: codes(step, Tag.ScheduledProtocolCodeSequence),
    scheduledStationAeTitle: text(
      step,
      Tag.ScheduledStationAETitle,
      "station",
      wanted.scheduledStationAeTitle,
    ),
    scheduledDate: dateOf(step, Tag.ScheduledProcedureStepStartDate),
    scheduledTime: timeOf(step, Tag.ScheduledProcedureStepStartTime),
    modality: text(step, Tag.Modality, "modality", wanted.modality),
    referringPhysician: text(answer, Tag.ReferringPhysicianName, "referring physician"),
    requestingPhysician: text(answer, Tag.RequestingPhysician, "requesting physician"),
    requestingService: text(answer, Tag.RequestingService, "requesting service"),
    scheduledPerformingPhysician: text(
      step,
      Tag.ScheduledPerformingPhysicianName,
      "performing physician",
    ),
    referencedStudy: references(answer),
    placerOrderNumber: text(answer, Tag.PlacerOrderNumberImagingServiceRequest, "placer order"),
    fillerOrderNumber: text(answer, Tag.FillerOrderNumberImagingServiceRequest, "filler order"),
    scheduledStationName: text(step, Tag.ScheduledStationName, "station name") || undefined,
    allergies: list(answer, Tag.Allergies),
    pregnancyStatus: answer.number(Tag.PregnancyStatus),
    specialNeeds: text(answer, Tag.SpecialNeeds, "special needs") || undefined,
    remarks,
  };
}

type FirstText = (from: DataSet, tag: number, what: string) => string;

function patientOf(answer: DataSet, text: FirstText): Patient {
  const ids = given(answer, Tag.PatientID);
  const sex = answer.string(Tag.PatientSex)?.trim().toUpperCase();
  return {
    patientId: text(answer, Tag.PatientID, "patient id"),
    patientName: text(answer, Tag.PatientName, "patient name"),
    birthDate: dateOf(answer, Tag.PatientBirthDate) || undefined,
    sex: sex === "M" || sex === "F" || sex === "O" ? sex : undefined,
    otherPatientIds: ids.length > 1 ? ids : undefined,
    comments: answer.string(Tag.PatientComments),
    medicalAlerts: list(answer, Tag.MedicalAlerts),
  };
}

/**
 * The scheduler's UID as it came, leading zeros and all: it is the scheduler's name for the study
 * (D9). One that no object can carry is not used, and the operator is told.
 */
function studyUid(answer: DataSet, remarks: string[]): string | undefined {
  const uid = given(answer, Tag.StudyInstanceUID)[0];
  if (uid === undefined) {
    remarks.push("the scheduler gave no Study Instance UID; one was made here");
    return undefined;
  }
  if (uid.length <= UID_LENGTH_MAX && /^[0-9.]*[0-9][0-9.]*$/.test(uid)) return uid;
  remarks.push(
    `the scheduler's Study Instance UID cannot be used in an object (${uid.length} characters); one was made here`,
  );
  return undefined;
}

/** Values that are not empty, without surrounding spaces. */
function given(from: DataSet, tag: number): string[] {
  return from
    .strings(tag)
    .map((v) => v.trim())
    .filter((v) => v !== "");
}

function list(from: DataSet, tag: number): readonly string[] | undefined {
  const values = given(from, tag);
  return values.length === 0 ? undefined : values;
}

/** DA, or empty where there is none that can be read (W14). */
function dateOf(from: DataSet, tag: number): string {
  const date = parseDate(from.string(tag) ?? "");
  return date === undefined
    ? ""
    : `${String(date.year).padStart(4, "0")}${two(date.month)}${two(date.day)}`;
}

/** TM to the second, or empty. */
function timeOf(from: DataSet, tag: number): string {
  const time = parseTime(from.string(tag) ?? "");
  return time === undefined ? "" : `${two(time.hour)}${two(time.minute)}${two(time.second)}`;
}

const two = (n: number) => String(n).padStart(2, "0");

/** Codes with value and scheme; an item without them is none (W6). */
function codes(from: DataSet, tag: number): Code[] {
  return from.items(tag).flatMap((item) => {
    const value = given(item, Tag.CodeValue)[0];
    const scheme = given(item, Tag.CodingSchemeDesignator)[0];
    if (value === undefined || scheme === undefined) return [];
    return {
      value,
      scheme,
      meaning: given(item, Tag.CodeMeaning)[0] ?? value,
      schemeVersion: given(item, Tag.CodingSchemeVersion)[0],
    };
  });
}

/** References with both UIDs (W6). */
function references(answer: DataSet): SopReference[] {
  return answer.items(Tag.ReferencedStudySequence).flatMap((item) => {
    const sopClassUid = given(item, Tag.ReferencedSOPClassUID)[0];
    const sopInstanceUid = given(item, Tag.ReferencedSOPInstanceUID)[0];
    return sopClassUid === undefined || sopInstanceUid === undefined
      ? []
      : { sopClassUid, sopInstanceUid };
  });
}
