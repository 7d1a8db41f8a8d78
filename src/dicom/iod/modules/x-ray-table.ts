// X-Ray Table module: Table 8.1-19 of the statement, PS3.3 C.8.7.4.

import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { perFrame } from "../values.ts";

export const xRayTable: Module<ImageFacts> = {
  name: "X-Ray Table",
  table: "8.1-19",
  standard: "PS3.3 C.8.7.4",
  rows: [
    {
      tag: "TableMotion",
      vr: "CS",
      type: "2",
      presence: "ALWAYS",
      enum: ["STATIC", "DYNAMIC"],
      source: ["AUTO"],
      value: (f) => f.exposure.geometry.tableMotion,
    },
    {
      tag: "TableVerticalIncrement",
      vr: "DS",
      type: "2C",
      presence: "VNAP",
      when: { tag: "TableMotion", equals: "DYNAMIC" },
      otherwise: "ABSENT",
      source: ["AUTO"],
      errata: ["E70"],
      value: (f) => perFrame(f.motion?.tableVertical),
    },
    {
      tag: "TableLongitudinalIncrement",
      vr: "DS",
      type: "2C",
      presence: "VNAP",
      when: { tag: "TableMotion", equals: "DYNAMIC" },
      otherwise: "ABSENT",
      source: ["AUTO"],
      errata: ["E70"],
      value: (f) => perFrame(f.motion?.tableLongitudinal),
    },
    {
      tag: "TableLateralIncrement",
      vr: "DS",
      type: "2C",
      presence: "VNAP",
      when: { tag: "TableMotion", equals: "DYNAMIC" },
      otherwise: "ABSENT",
      source: ["AUTO"],
      errata: ["E70"],
      value: (f) => perFrame(f.motion?.tableLateral),
    },
    {
      tag: "TableAngle",
      vr: "DS",
      type: "3",
      presence: "ANAP",
      source: ["AUTO"],
      value: (f) => f.exposure.geometry.tableAngle,
    },
  ],
};
