// SR Document General module: Table 8.1-38 of the statement, PS3.3 C.17.2.

import type { EvidenceFacts, ReportFacts } from "../facts.ts";
import { items, type Module, type Row } from "../row.ts";
import { date, evidenceBySeries, time } from "../values.ts";

type EvidenceSeries = ReturnType<typeof evidenceBySeries>[number];

const instanceRows: readonly Row<EvidenceFacts>[] = [
  {
    tag: "ReferencedSOPClassUID",
    vr: "UI",
    type: "1",
    presence: "ALWAYS",
    source: ["AUTO"],
    errata: ["E88"],
    value: (i) => i.sopClassUid,
  },
  {
    tag: "ReferencedSOPInstanceUID",
    vr: "UI",
    type: "1",
    presence: "ALWAYS",
    source: ["AUTO"],
    errata: ["E88"],
    value: (i) => i.sopInstanceUid,
  },
];

const seriesRows: readonly Row<EvidenceSeries>[] = [
  {
    tag: "SeriesInstanceUID",
    vr: "UI",
    type: "1",
    presence: "ALWAYS",
    source: ["AUTO"],
    errata: ["E88"],
    value: (s) => s.seriesInstanceUid,
  },
  {
    tag: "ReferencedSOPSequence",
    vr: "SQ",
    type: "1",
    presence: "ALWAYS",
    source: ["AUTO"],
    errata: ["E88"],
    items: items((s: EvidenceSeries) => s.instances, instanceRows),
  },
];

const studyRows: readonly Row<ReportFacts>[] = [
  {
    tag: "StudyInstanceUID",
    vr: "UI",
    type: "1",
    presence: "ALWAYS",
    source: ["AUTO"],
    errata: ["E88"],
    value: (f) => f.exam.studyInstanceUid,
  },
  {
    tag: "ReferencedSeriesSequence",
    vr: "SQ",
    type: "1",
    presence: "ALWAYS",
    source: ["AUTO"],
    errata: ["E88"],
    items: items(evidenceBySeries, seriesRows),
  },
];

export const srDocumentGeneral: Module<ReportFacts> = {
  name: "SR Document General",
  table: "8.1-38",
  standard: "PS3.3 C.17.2",
  rows: [
    {
      tag: "InstanceNumber",
      vr: "IS",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      errata: ["E56"],
      value: (f) => f.instanceNumber,
    },
    {
      tag: "CompletionFlag",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      fixed: ["COMPLETE"],
      source: ["AUTO"],
    },
    {
      tag: "VerificationFlag",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      fixed: ["UNVERIFIED"],
      source: ["AUTO"],
    },
    {
      tag: "ContentDate",
      vr: "DA",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: (f) => date(f, f.contentMs),
    },
    {
      tag: "ContentTime",
      vr: "TM",
      type: "1",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: (f) => time(f, f.contentMs),
    },
    {
      tag: "CurrentRequestedProcedureEvidenceSequence",
      vr: "SQ",
      type: "1C",
      presence: "ANAP",
      source: ["AUTO"],
      errata: ["E88"],
      items: items((f: ReportFacts) => (f.evidence.length > 0 ? [f] : []), studyRows),
    },
  ],
};
