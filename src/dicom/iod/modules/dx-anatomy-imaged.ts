// DX Anatomy Imaged module: Table 8.1-33 of the statement, PS3.3 C.8.11.2.

import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { imageLaterality } from "../values.ts";

export const dxAnatomyImaged: Module<ImageFacts> = {
  name: "DX Anatomy Imaged",
  table: "8.1-33",
  standard: "PS3.3 C.8.11.2",
  rows: [
    {
      tag: "ImageLaterality",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      enum: ["R", "L", "U", "B"],
      source: ["AUTO"],
      value: imageLaterality,
    },
    {
      tag: "AnatomicRegionSequence",
      vr: "SQ",
      type: "2",
      presence: "VNAP",
      source: ["AUTO"],
      errata: ["E80"],
      by: "addition",
    },
  ],
};
