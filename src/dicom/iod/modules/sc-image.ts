// SC Image module: Table 8.1-28 of the statement, PS3.3 C.8.6.2.

import type { CaptureFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { date, time } from "../values.ts";

export const scImage: Module<CaptureFacts> = {
  name: "SC Image",
  table: "8.1-28",
  standard: "PS3.3 C.8.6.2",
  rows: [
    {
      tag: "DateOfSecondaryCapture",
      vr: "DA",
      type: "3",
      presence: "ANAP",
      source: ["AUTO"],
      value: (f) => date(f, f.contentMs),
    },
    {
      tag: "TimeOfSecondaryCapture",
      vr: "TM",
      type: "3",
      presence: "ANAP",
      source: ["AUTO"],
      value: (f) => time(f, f.contentMs),
    },
  ],
};
