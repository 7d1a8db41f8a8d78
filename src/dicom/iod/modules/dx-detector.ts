// DX Detector module: Table 8.1-21 of the statement, PS3.3 C.8.11.4.

import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { fieldOfView, pixelSpacing } from "../values.ts";

export const dxDetector: Module<ImageFacts> = {
  name: "DX Detector",
  table: "8.1-21",
  standard: "PS3.3 C.8.11.4",
  rows: [
    { tag: "DetectorType", vr: "CS", type: "2", presence: "EMPTY", source: ["AUTO"] },
    {
      tag: "Sensitivity",
      vr: "DS",
      type: "3",
      presence: "EMPTY",
      source: ["AUTO"],
      errata: ["E72"],
    },
    {
      tag: "ExposureIndex",
      vr: "DS",
      type: "3",
      presence: "EMPTY",
      source: ["AUTO"],
      byIod: { DX: { valueWith: "exposureIndexInDx" } },
      value: (f) => f.exposureIndex?.index,
    },
    {
      tag: "TargetExposureIndex",
      vr: "DS",
      type: "3",
      presence: "EMPTY",
      source: ["AUTO"],
      byIod: { DX: { valueWith: "exposureIndexInDx" } },
      value: (f) => f.exposureIndex?.target,
    },
    {
      tag: "DeviationIndex",
      vr: "DS",
      type: "3",
      presence: "EMPTY",
      source: ["AUTO"],
      byIod: { DX: { valueWith: "exposureIndexInDx" } },
      value: (f) => f.exposureIndex?.deviation,
    },
    {
      tag: "FieldOfViewShape",
      vr: "CS",
      type: "3",
      presence: "ALWAYS",
      fixed: ["RECTANGLE"],
      source: ["AUTO"],
    },
    {
      tag: "FieldOfViewDimensions",
      vr: "IS",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: fieldOfView,
    },
    {
      tag: "ImagerPixelSpacing",
      vr: "DS",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E81"],
      value: pixelSpacing,
    },
    {
      tag: "PixelSpacing",
      vr: "DS",
      type: "1C",
      presence: "ANAP",
      source: ["AUTO"],
      value: pixelSpacing,
    },
  ],
};
