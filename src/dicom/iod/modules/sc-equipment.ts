// SC Equipment module: Table 8.1-27 of the statement, PS3.3 C.8.6.1.

import type { CaptureFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { conversionType } from "../values.ts";

export const scEquipment: Module<CaptureFacts> = {
  name: "SC Equipment",
  table: "8.1-27",
  standard: "PS3.3 C.8.6.1",
  rows: [
    {
      tag: "ConversionType",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      definedTerms: ["DV", "DI", "DF", "WSD", "SD", "SI", "DRW", "SYN"],
      source: ["AUTO"],
      errata: ["E84"],
      value: conversionType,
    },
  ],
};
