// XRF Positioner module: Table 8.1-25 of the statement, PS3.3 C.8.7.6.

import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { magnification, sourceToDetector, sourceToPatient } from "../values.ts";

export const xrfPositioner: Module<ImageFacts> = {
  name: "XRF Positioner",
  table: "8.1-25",
  standard: "PS3.3 C.8.7.6",
  rows: [
    {
      tag: "DistanceSourceToDetector",
      vr: "DS",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: sourceToDetector,
    },
    {
      tag: "DistanceSourceToPatient",
      vr: "DS",
      type: "3",
      presence: "ANAP",
      source: ["AUTO"],
      value: sourceToPatient,
    },
    {
      tag: "EstimatedRadiographicMagnificationFactor",
      vr: "DS",
      type: "3",
      presence: "ANAP",
      source: ["AUTO"],
      value: magnification,
    },
    {
      tag: "ColumnAngulation",
      vr: "DS",
      type: "3",
      presence: "ANAP",
      source: ["AUTO"],
      errata: ["E73"],
      value: (f) => f.exposure.geometry.columnAngulation,
    },
  ],
};
