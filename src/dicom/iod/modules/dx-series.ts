// DX Series module: Table 8.1-31 of the statement, PS3.3 C.8.11.1.

import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";

export const dxSeries: Module<ImageFacts> = {
  name: "DX Series",
  table: "8.1-31",
  standard: "PS3.3 C.8.11.1",
  rows: [
    { tag: "Modality", vr: "CS", type: "1", presence: "ALWAYS", fixed: ["DX"], source: ["AUTO"] },
    {
      tag: "PresentationIntentType",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      fixed: ["FOR PRESENTATION"],
      source: ["AUTO"],
    },
  ],
};
