// SOP Common module: Table 8.1-24 of the statement, PS3.3 C.12.1.

import type { ObjectFacts } from "../facts.ts";
import type { Module } from "../row.ts";

export const sopCommon: Module<ObjectFacts> = {
  name: "SOP Common",
  table: "8.1-24",
  standard: "PS3.3 C.12.1",
  rows: [
    {
      tag: "SOPClassUID",
      vr: "UI",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      byIod: {
        XA: { fixed: ["1.2.840.10008.5.1.4.1.1.12.1"] },
        RF: { fixed: ["1.2.840.10008.5.1.4.1.1.12.2"] },
        CR: { fixed: ["1.2.840.10008.5.1.4.1.1.1"] },
        DX: { fixed: ["1.2.840.10008.5.1.4.1.1.1.1"] },
        SC: { fixed: ["1.2.840.10008.5.1.4.1.1.7"] },
        RDSR: { fixed: ["1.2.840.10008.5.1.4.1.1.88.67"] },
      },
    },
    {
      tag: "SOPInstanceUID",
      vr: "UI",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E56"],
      value: (f) => f.sopInstanceUid,
    },
    {
      tag: "SpecificCharacterSet",
      vr: "CS",
      type: "1C",
      presence: "ANAP",
      fixed: ["", "ISO 2022 IR 87"],
      source: ["CONFIG"],
      errata: ["E55"],
      by: "encoder",
    },
  ],
};
