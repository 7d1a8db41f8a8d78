// Accumulated Total Projection Radiography Dose: Table 8.1-46 of the statement, PS3.16 TID 10007.

import { type ReportContext, referencePoint } from "./context.ts";
import { dcm, numeric, type Template } from "./template.ts";

export const totalDose: Template<ReportContext> = {
  tid: "10007",
  name: "Accumulated Total Projection Radiography Dose",
  table: "8.1-46",
  rows: [
    numeric(
      {
        row: "1",
        level: 0,
        relationship: "CONTAINS",
        valueType: "NUM",
        concept: dcm("113722", "Dose Area Product Total"),
        vm: "1",
        presence: "ALWAYS",
        requirement: "M",
        errata: ["E92", "E95"],
      },
      "Gy.m2",
      ({ totals }) => totals.dap,
    ),
    numeric(
      {
        row: "2",
        level: 0,
        relationship: "CONTAINS",
        valueType: "NUM",
        concept: dcm("113725", "Dose (RP) Total"),
        vm: "1",
        presence: "ALWAYS",
        requirement: "MC",
        errata: ["E92", "E95"],
      },
      "Gy",
      ({ totals }) => totals.doseRp,
    ),
    numeric(
      {
        row: "4",
        level: 0,
        relationship: "CONTAINS",
        valueType: "NUM",
        concept: dcm("113731", "Total Number of Radiographic Frames"),
        vm: "1",
        presence: "ANAP",
        requirement: "U",
        errata: ["E92"],
      },
      "1",
      ({ totals }) => totals.radiographicFrames,
    ),
    {
      row: "5",
      level: 0,
      relationship: "CONTAINS",
      valueType: "CODE",
      concept: dcm("113780", "Reference Point Definition"),
      vm: "1",
      presence: "ALWAYS",
      requirement: "MC",
      codes: [
        dcm("113860", "15cm from Isocenter toward Source"),
        dcm("113861", "30cm in Front of Image Input Surface"),
        dcm("113862", "1cm above Tabletop"),
        dcm("113863", "30cm above Tabletop"),
        dcm("113864", "15cm from Table Centerline"),
        dcm("113941", "In Detector Plane"),
        dcm("113964", "At Surface of Patient"),
        dcm("113965", "100cm from X-Ray Source"),
      ],
      contextGroup: "10025",
      errata: ["E92", "E97", "E95"],
      read: referencePoint,
    },
  ],
};
