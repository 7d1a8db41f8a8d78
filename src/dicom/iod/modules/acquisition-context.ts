// Acquisition Context module: Table 8.1-35 of the statement, PS3.3 C.7.6.14.

import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";

export const acquisitionContext: Module<ImageFacts> = {
  name: "Acquisition Context",
  table: "8.1-35",
  standard: "PS3.3 C.7.6.14",
  rows: [
    { tag: "AcquisitionContextSequence", vr: "SQ", type: "2", presence: "EMPTY", source: ["AUTO"] },
  ],
};
