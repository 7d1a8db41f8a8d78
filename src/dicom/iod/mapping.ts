// From worklist to image and MPPS: Table 8.1-39 of the statement, as data, and the choices its notes
// leave to the settings. Image tables read the exam record that is filled from takenFromWorklist.

import type { Patient } from "../../model/patient.ts";
import type { WorklistItem } from "../../model/worklist-item.ts";
import type { Keyword } from "./row.ts";

export interface MappedAttribute {
  readonly tag: Keyword;
  /** The sequences around it, outermost first. */
  readonly path?: readonly Keyword[] | undefined;
}

export interface MappingRow {
  readonly row: number;
  readonly worklist: MappedAttribute | null;
  readonly image: MappedAttribute | null;
  readonly mpps: MappedAttribute | null;
  /** How the value is chosen where it is not simply copied. */
  readonly rule?: "protocol" | "referring" | "requesting" | "performing" | undefined;
  readonly added?: true | undefined;
  readonly errata?: readonly string[] | undefined;
}

export const MAPPING_TABLE = "8.1-39";

const step = (tag: Keyword): MappedAttribute => ({
  tag,
  path: ["ScheduledProcedureStepSequence"],
});
const attributes = (tag: Keyword): MappedAttribute => ({
  tag,
  path: ["ScheduledStepAttributesSequence"],
});
const series = (tag: Keyword): MappedAttribute => ({ tag, path: ["PerformedSeriesSequence"] });

export const MAPPING: readonly MappingRow[] = [
  {
    row: 1,
    worklist: { tag: "StudyInstanceUID" },
    image: { tag: "StudyInstanceUID" },
    mpps: attributes("StudyInstanceUID"),
  },
  {
    row: 2,
    worklist: { tag: "AccessionNumber" },
    image: { tag: "AccessionNumber" },
    mpps: attributes("AccessionNumber"),
  },
  {
    row: 3,
    worklist: { tag: "RequestedProcedureID" },
    image: null,
    mpps: attributes("RequestedProcedureID"),
  },
  {
    row: 4,
    worklist: { tag: "RequestedProcedureDescription" },
    image: null,
    mpps: attributes("RequestedProcedureDescription"),
  },
  { row: 5, worklist: null, image: { tag: "ProtocolName" }, mpps: null, rule: "protocol" },
  {
    row: 6,
    worklist: step("ScheduledProcedureStepDescription"),
    image: null,
    mpps: attributes("ScheduledProcedureStepDescription"),
    errata: ["E23"],
  },
  {
    row: 7,
    worklist: step("ScheduledProcedureStepDescription"),
    image: null,
    mpps: { tag: "PerformedProcedureStepDescription" },
  },
  { row: 8, worklist: null, image: { tag: "StudyDescription" }, mpps: null },
  {
    row: 9,
    worklist: step("ScheduledProcedureStepID"),
    image: null,
    mpps: attributes("ScheduledProcedureStepID"),
  },
  {
    row: 10,
    worklist: step("ScheduledProtocolCodeSequence"),
    image: null,
    mpps: { tag: "PerformedProtocolCodeSequence" },
  },
  {
    row: 11,
    worklist: step("ScheduledProcedureStepID"),
    image: null,
    mpps: { tag: "PerformedProcedureStepID" },
    errata: ["E28"],
  },
  {
    row: 12,
    worklist: null,
    image: { tag: "StudyDate" },
    mpps: { tag: "PerformedProcedureStepStartDate" },
  },
  {
    row: 13,
    worklist: null,
    image: { tag: "StudyTime" },
    mpps: { tag: "PerformedProcedureStepStartTime" },
  },
  {
    row: 14,
    worklist: { tag: "ReferringPhysicianName" },
    image: { tag: "ReferringPhysicianName" },
    mpps: null,
    rule: "referring",
    errata: ["E24"],
  },
  {
    row: 15,
    worklist: { tag: "RequestingPhysician" },
    image: { tag: "ReferringPhysicianName" },
    mpps: null,
    rule: "requesting",
    errata: ["E24", "E22"],
  },
  {
    row: 16,
    worklist: step("ScheduledPerformingPhysicianName"),
    image: { tag: "PerformingPhysicianName" },
    mpps: series("PerformingPhysicianName"),
    rule: "performing",
  },
  {
    row: 17,
    worklist: { tag: "RequestingService" },
    image: { tag: "RequestingService" },
    mpps: null,
    errata: ["E22", "E63"],
  },
  {
    row: 18,
    worklist: { tag: "PatientName" },
    image: { tag: "PatientName" },
    mpps: { tag: "PatientName" },
  },
  {
    row: 19,
    worklist: { tag: "PatientID" },
    image: { tag: "PatientID" },
    mpps: { tag: "PatientID" },
  },
  {
    row: 20,
    worklist: { tag: "PatientBirthDate" },
    image: { tag: "PatientBirthDate" },
    mpps: { tag: "PatientBirthDate" },
  },
  {
    row: 21,
    worklist: { tag: "PatientSex" },
    image: { tag: "PatientSex" },
    mpps: { tag: "PatientSex" },
    errata: ["E61"],
  },
  { row: 22, worklist: { tag: "PatientComments" }, image: { tag: "PatientComments" }, mpps: null },
  { row: 23, worklist: null, image: { tag: "OperatorsName" }, mpps: series("OperatorsName") },
  {
    row: 24,
    worklist: { tag: "MedicalAlerts" },
    image: { tag: "MedicalAlerts" },
    mpps: null,
    added: true,
    errata: ["E23"],
  },
  {
    row: 25,
    worklist: { tag: "ReferencedStudySequence" },
    image: null,
    mpps: attributes("ReferencedStudySequence"),
    added: true,
    errata: ["E25"],
  },
  {
    row: 26,
    worklist: step("ScheduledProtocolCodeSequence"),
    image: null,
    mpps: attributes("ScheduledProtocolCodeSequence"),
    added: true,
  },
];

/** Choices of mapping notes 2 and 3. */
export interface MappingSettings {
  readonly referringPhysicianFrom: "referring" | "requesting";
  readonly performingPhysicianFrom: "scheduled" | "none";
}

/** What an examination takes from its worklist item. Empty text: the scheduler gave none. */
export interface TakenFromWorklist {
  readonly patient: Patient;
  readonly studyInstanceUid: string;
  readonly accessionNumber: string;
  readonly referringPhysician: string;
  readonly performingPhysician: string;
  readonly performedProcedureStepId: string;
}

/** Values an examination has from the worklist (Table 8.1-39), by the settings of notes 2 and 3. */
export function takenFromWorklist(
  item: WorklistItem,
  settings: MappingSettings,
): TakenFromWorklist {
  return {
    patient: item.patient,
    studyInstanceUid: item.studyInstanceUid,
    accessionNumber: item.accessionNumber,
    referringPhysician:
      settings.referringPhysicianFrom === "referring"
        ? item.referringPhysician
        : item.requestingPhysician,
    performingPhysician:
      settings.performingPhysicianFrom === "scheduled" ? item.scheduledPerformingPhysician : "",
    performedProcedureStepId: item.scheduledProcedureStepId,
  };
}

/** The worklist text a protocol is looked up with (note 1). */
export function protocolKey(item: WorklistItem, from: "scheduled" | "requested"): string {
  return from === "scheduled"
    ? item.scheduledProcedureStepDescription
    : item.requestedProcedureDescription;
}
