// CR Series module: Table 8.1-29 of the statement, PS3.3 C.8.1.1.

import { BODY_PART_TERMS } from "../../../model/body-parts.ts";
import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";

export const crSeries: Module<ImageFacts> = {
  name: "CR Series",
  table: "8.1-29",
  standard: "PS3.3 C.8.1.1",
  rows: [
    {
      tag: "BodyPartExamined",
      vr: "CS",
      type: "2",
      presence: "ALWAYS",
      definedTerms: BODY_PART_TERMS,
      source: ["MWL", "USER"],
      value: (f) => f.series.bodyPart,
    },
    { tag: "ViewPosition", vr: "CS", type: "2", presence: "EMPTY", source: ["AUTO"] },
  ],
};
