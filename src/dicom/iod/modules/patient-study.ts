// Patient Study module: Table 8.1-9 of the statement, PS3.3 C.7.2.2.

import type { ObjectFacts } from "../facts.ts";
import type { Module } from "../row.ts";

export const patientStudy: Module<ObjectFacts> = {
  name: "Patient Study",
  table: "8.1-9",
  standard: "PS3.3 C.7.2.2",
  rows: [
    {
      tag: "MedicalAlerts",
      vr: "LO",
      type: "3",
      presence: "VNAP",
      source: ["MWL"],
      errata: ["E57", "E23"],
      value: (f) => f.exam.patient.medicalAlerts,
    },
  ],
};
