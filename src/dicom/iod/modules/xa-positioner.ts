// XA Positioner module: Table 8.1-20 of the statement, PS3.3 C.8.7.5.

import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { magnification, sourceToDetector, sourceToPatient } from "../values.ts";

export const xaPositioner: Module<ImageFacts> = {
  name: "XA Positioner",
  table: "8.1-20",
  standard: "PS3.3 C.8.7.5",
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
      presence: "ALWAYS",
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
      tag: "PositionerPrimaryAngle",
      vr: "DS",
      type: "2",
      presence: "VNAP",
      source: ["AUTO"],
      errata: ["E68"],
      value: (f) => f.exposure.geometry.primaryAngle,
    },
    {
      tag: "PositionerSecondaryAngle",
      vr: "DS",
      type: "2",
      presence: "VNAP",
      source: ["AUTO"],
      errata: ["E68"],
      value: (f) => f.exposure.geometry.secondaryAngle,
    },
  ],
};
