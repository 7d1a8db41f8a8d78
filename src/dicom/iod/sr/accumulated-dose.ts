// Accumulated X-Ray Dose: Table 8.1-43 of the statement, PS3.16 TID 10002.

import type { ReportContext } from "./context.ts";
import { fluoroscopyAndAcquisitionDose } from "./fluoroscopy-and-acquisition-dose.ts";
import { dcm, include, type Template } from "./template.ts";
import { totalDose } from "./total-dose.ts";

export const accumulatedDose: Template<ReportContext> = {
  tid: "10002",
  name: "Accumulated X-Ray Dose",
  table: "8.1-43",
  rows: [
    {
      row: "1",
      level: 0,
      relationship: null,
      valueType: "CONTAINER",
      concept: dcm("113702", "Accumulated X-Ray Dose Data"),
      vm: "1",
      presence: "ALWAYS",
      requirement: "M",
      errata: ["E92", "E95"],
    },
    {
      row: "2",
      level: 1,
      relationship: "HAS CONCEPT MOD",
      valueType: "CODE",
      concept: dcm("113764", "Acquisition Plane"),
      vm: "1",
      presence: "ALWAYS",
      requirement: "M",
      codes: [dcm("113622", "Single Plane")],
      contextGroup: "10003",
      errata: ["E92"],
    },
    {
      row: "10",
      level: 1,
      relationship: "CONTAINS",
      valueType: "INCLUDE",
      include: include(fluoroscopyAndAcquisitionDose, (f) => [f]),
      vm: "1",
      presence: "ALWAYS",
      requirement: "MC",
      errata: ["E92"],
    },
    {
      row: "12",
      level: 1,
      relationship: "CONTAINS",
      valueType: "INCLUDE",
      include: include(totalDose, (f) => [f]),
      vm: "1",
      presence: "ALWAYS",
      requirement: "MC",
    },
  ],
};
