// Contrast/Bolus module: Table 8.1-14 of the statement, PS3.3 C.7.6.4.

import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";

export const contrastBolus: Module<ImageFacts> = {
  name: "Contrast/Bolus",
  table: "8.1-14",
  standard: "PS3.3 C.7.6.4",
  rows: [
    {
      tag: "ContrastBolusAgent",
      vr: "LO",
      type: "2",
      presence: "VNAP",
      source: ["CONFIG"],
      errata: ["E69"],
      value: (f) => f.exposure.contrastAgent,
    },
  ],
};
