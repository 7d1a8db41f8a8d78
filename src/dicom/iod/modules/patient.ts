// Patient module: Table 8.1-7 of the statement, PS3.3 C.7.1.1.

import type { ObjectFacts } from "../facts.ts";
import type { Module } from "../row.ts";

/** Characters of a component group of Patient's Name the device accepts: one fewer than PS3.5 does. */
export const PERSON_NAME_GROUP_CHARS = 63;

function otherPatientIds({ exam: { patient } }: ObjectFacts): readonly string[] {
  const others = patient.otherPatientIds ?? [];
  return others.length > 0 ? others : [patient.patientId];
}

export const patient: Module<ObjectFacts> = {
  name: "Patient",
  table: "8.1-7",
  standard: "PS3.3 C.7.1.1",
  rows: [
    {
      tag: "PatientName",
      vr: "PN",
      type: "2",
      presence: "ALWAYS",
      source: ["MWL", "USER", "AUTO"],
      errata: ["E56"],
      charsMax: PERSON_NAME_GROUP_CHARS,
      value: (f) => f.exam.patient.patientName,
    },
    {
      tag: "PatientID",
      vr: "LO",
      type: "2",
      presence: "ALWAYS",
      source: ["MWL", "USER", "AUTO"],
      value: (f) => f.exam.patient.patientId,
    },
    {
      tag: "PatientBirthDate",
      vr: "DA",
      type: "2",
      presence: "VNAP",
      source: ["MWL", "USER"],
      value: (f) => f.exam.patient.birthDate,
    },
    {
      tag: "PatientSex",
      vr: "CS",
      type: "2",
      presence: "ALWAYS",
      enum: ["M", "F", "O"],
      source: ["MWL", "USER"],
      errata: ["E56", "E61"],
      value: (f) => f.exam.patient.sex ?? "O",
    },
    {
      tag: "OtherPatientIDs",
      vr: "LO",
      type: "3",
      presence: "ALWAYS",
      source: ["MWL", "USER", "AUTO"],
      errata: ["E62"],
      value: otherPatientIds,
    },
    {
      tag: "PatientComments",
      vr: "LT",
      type: "3",
      presence: "VNAP",
      source: ["MWL", "USER"],
      value: (f) => f.exam.patient.comments,
    },
  ],
};
