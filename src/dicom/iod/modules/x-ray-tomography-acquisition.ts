// X-Ray Tomography Acquisition module: Table 8.1-26 of the statement, PS3.3 C.8.7.7.

import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";

export const xRayTomographyAcquisition: Module<ImageFacts> = {
  name: "X-Ray Tomography Acquisition",
  table: "8.1-26",
  standard: "PS3.3 C.8.7.7",
  rows: [
    {
      tag: "TomoLayerHeight",
      vr: "DS",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E83"],
      value: (f) => f.exposure.tomography?.layerHeightMm,
    },
    {
      tag: "TomoAngle",
      vr: "DS",
      type: "3",
      presence: "VNAP",
      source: ["AUTO"],
      value: (f) => f.exposure.tomography?.angle,
    },
    {
      tag: "TomoTime",
      vr: "DS",
      type: "3",
      presence: "VNAP",
      source: ["AUTO"],
      value: (f) => f.exposure.tomography?.timeS,
    },
    {
      tag: "TomoType",
      vr: "CS",
      type: "3",
      presence: "VNAP",
      definedTerms: ["LINEAR", "SPIRAL", "POLYCYCLOIDAL", "CIRCULAR"],
      source: ["AUTO"],
      value: (f) => f.exposure.tomography?.type,
    },
    {
      tag: "TomoClass",
      vr: "CS",
      type: "3",
      presence: "VNAP",
      definedTerms: ["MOTION", "TOMOSYNTHESIS"],
      source: ["AUTO"],
      value: (f) => f.exposure.tomography?.tomoClass,
    },
    {
      tag: "NumberOfTomosynthesisSourceImages",
      vr: "IS",
      type: "3",
      presence: "VNAP",
      source: ["AUTO"],
      value: (f) => f.exposure.tomography?.sourceImages,
    },
  ],
};
