// Modality LUT module: Table 8.1-22 of the statement, PS3.3 C.11.1.

import type { PictureFacts } from "../facts.ts";
import type { Module } from "../row.ts";

export const modalityLut: Module<PictureFacts> = {
  name: "Modality LUT",
  table: "8.1-22",
  standard: "PS3.3 C.11.1",
  rows: [
    {
      tag: "RescaleIntercept",
      vr: "DS",
      type: "1C",
      presence: "ALWAYS",
      fixed: [0],
      source: ["AUTO"],
      errata: ["E71"],
    },
    {
      tag: "RescaleSlope",
      vr: "DS",
      type: "1C",
      presence: "ALWAYS",
      fixed: [1],
      source: ["AUTO"],
      errata: ["E71"],
    },
    {
      tag: "RescaleType",
      vr: "LO",
      type: "1C",
      presence: "ALWAYS",
      fixed: ["US"],
      source: ["AUTO"],
      errata: ["E71"],
    },
  ],
};
