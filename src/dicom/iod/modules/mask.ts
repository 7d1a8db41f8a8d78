// Mask module: XA and RF runs meant for subtraction (E99). Not in the statement; PS3.3 C.7.6.10.

import type { ImageFacts } from "../facts.ts";
import { items, type Module, type Row } from "../row.ts";

const maskRows: readonly Row<ImageFacts>[] = [
  {
    tag: "MaskOperation",
    vr: "CS",
    type: "1",
    presence: "ALWAYS",
    fixed: ["AVG_SUB"],
    source: ["AUTO"],
    errata: ["E99"],
  },
  {
    tag: "MaskFrameNumbers",
    vr: "US",
    type: "1C",
    presence: "ALWAYS",
    source: ["AUTO"],
    errata: ["E99"],
    value: (f) => f.maskFrames ?? [1],
  },
];

export const mask: Module<ImageFacts> = {
  name: "Mask",
  table: "C.7.6.10",
  standard: "PS3.3 C.7.6.10",
  rows: [
    {
      tag: "MaskSubtractionSequence",
      vr: "SQ",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E99"],
      items: items((f: ImageFacts) => [f], maskRows),
    },
    {
      tag: "RecommendedViewingMode",
      vr: "CS",
      type: "2",
      presence: "ALWAYS",
      fixed: ["SUB"],
      source: ["AUTO"],
      errata: ["E99"],
    },
  ],
};

/** A run of a protocol with subtraction; a single frame has nothing to subtract. */
export const isSubtractionRun = (facts: ImageFacts) =>
  facts.protocol.subtraction === true && facts.frames > 1;
