// VOI LUT module: Table 8.1-23 of the statement, PS3.3 C.11.2.

import type { PictureFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { windowInRange } from "../values.ts";

export const voiLut: Module<PictureFacts> = {
  name: "VOI LUT",
  table: "8.1-23",
  standard: "PS3.3 C.11.2",
  rows: [
    {
      tag: "WindowCenter",
      vr: "DS",
      type: "1C",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E71", "E78"],
      value: (f) => windowInRange(f)?.center,
    },
    {
      tag: "WindowWidth",
      vr: "DS",
      type: "1C",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E71", "E78"],
      value: (f) => windowInRange(f)?.width,
    },
  ],
};
