// Cine module: Table 8.1-15 of the statement, PS3.3 C.7.6.5.

import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { cineRate, frameTime } from "../values.ts";

export const cine: Module<ImageFacts> = {
  name: "Cine",
  table: "8.1-15",
  standard: "PS3.3 C.7.6.5",
  rows: [
    {
      tag: "FrameTime",
      vr: "DS",
      type: "1C",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E67"],
      value: frameTime,
    },
    { tag: "CineRate", vr: "IS", type: "3", presence: "ANAP", source: ["AUTO"], value: cineRate },
  ],
};
