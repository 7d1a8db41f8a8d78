// SR Document Series module: Table 8.1-36 of the statement, PS3.3 C.17.1.

import type { ReportFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { date, time } from "../values.ts";

export const srDocumentSeries: Module<ReportFacts> = {
  name: "SR Document Series",
  table: "8.1-36",
  standard: "PS3.3 C.17.1",
  rows: [
    { tag: "Modality", vr: "CS", type: "1", presence: "ALWAYS", fixed: ["SR"], source: ["AUTO"] },
    {
      tag: "SeriesInstanceUID",
      vr: "UI",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E56"],
      value: (f) => f.series.seriesInstanceUid,
    },
    {
      tag: "SeriesNumber",
      vr: "IS",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E86", "E56"],
      value: (f) => f.series.seriesNumber,
    },
    {
      tag: "SeriesDate",
      vr: "DA",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: (f) => date(f, f.series.startedMs),
    },
    {
      tag: "SeriesTime",
      vr: "TM",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: (f) => time(f, f.series.startedMs),
    },
    {
      tag: "ProtocolName",
      vr: "LO",
      type: "3",
      presence: "ALWAYS",
      source: ["MWL", "USER"],
      value: (f) => f.series.protocolName,
    },
  ],
};
