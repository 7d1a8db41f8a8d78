// Multi-frame module: Table 8.1-16 of the statement, PS3.3 C.7.6.6.

import { Tag } from "../../dict/attributes.ts";
import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";

export const multiFrame: Module<ImageFacts> = {
  name: "Multi-frame",
  table: "8.1-16",
  standard: "PS3.3 C.7.6.6",
  rows: [
    {
      tag: "NumberOfFrames",
      vr: "IS",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E67", "E57"],
      value: (f) => f.frames,
    },
    {
      tag: "FrameIncrementPointer",
      vr: "AT",
      type: "1C",
      presence: "ALWAYS",
      fixed: [Tag.FrameTime],
      source: ["AUTO"],
      errata: ["E67"],
    },
  ],
};
