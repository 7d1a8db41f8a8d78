// General Study module: Table 8.1-8 of the statement, PS3.3 C.7.2.1.

import type { ObjectFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { date, time } from "../values.ts";

export const generalStudy: Module<ObjectFacts> = {
  name: "General Study",
  table: "8.1-8",
  standard: "PS3.3 C.7.2.1",
  rows: [
    {
      tag: "StudyInstanceUID",
      vr: "UI",
      type: "1",
      presence: "ALWAYS",
      source: ["MWL", "AUTO"],
      errata: ["E56"],
      value: (f) => f.exam.studyInstanceUid,
    },
    {
      tag: "StudyDate",
      vr: "DA",
      type: "2",
      presence: "VNAP",
      source: ["AUTO"],
      errata: ["E51"],
      value: (f) => date(f, f.exam.studyStartedMs),
    },
    {
      tag: "StudyTime",
      vr: "TM",
      type: "2",
      presence: "VNAP",
      source: ["AUTO"],
      errata: ["E51"],
      value: (f) => time(f, f.exam.studyStartedMs),
    },
    {
      tag: "ReferringPhysicianName",
      vr: "PN",
      type: "2",
      presence: "VNAP",
      source: ["MWL", "USER"],
      errata: ["E24"],
      value: (f) => f.exam.referringPhysician,
    },
    {
      tag: "StudyDescription",
      vr: "LO",
      type: "3",
      presence: "ALWAYS",
      source: ["MWL", "USER"],
      value: (f) => f.exam.studyDescription,
    },
    {
      tag: "StudyID",
      vr: "SH",
      type: "2",
      presence: "VNAP",
      source: ["AUTO"],
      errata: ["E51"],
      value: (f) => f.exam.studyId,
    },
    {
      tag: "AccessionNumber",
      vr: "SH",
      type: "2",
      presence: "VNAP",
      source: ["MWL", "AUTO"],
      value: (f) => f.exam.accessionNumber,
    },
    {
      tag: "RequestingService",
      vr: "LO",
      type: null,
      presence: "VNAP",
      source: ["MWL"],
      errata: ["E63", "E22"],
      value: (f) => f.exam.worklistItem?.requestingService,
    },
  ],
};
