// Synchronization module: sent where the clock follows an outside reference (E90). Not in the
// statement, which has no such clock; PS3.3 C.7.4.2.

import type { ReportFacts } from "../facts.ts";
import type { Module } from "../row.ts";

/** The well-known frame of reference of UTC (PS3.6 Annex A). */
const UTC_FRAME_OF_REFERENCE = "1.2.840.10008.15.1.1";

export const synchronization: Module<ReportFacts> = {
  name: "Synchronization",
  table: "C.7.4.2",
  standard: "PS3.3 C.7.4.2",
  rows: [
    {
      tag: "SynchronizationFrameOfReferenceUID",
      vr: "UI",
      type: "1",
      presence: "ALWAYS",
      fixed: [UTC_FRAME_OF_REFERENCE],
      source: ["AUTO"],
      errata: ["E90"],
    },
    {
      tag: "SynchronizationTrigger",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      fixed: ["NO TRIGGER"],
      source: ["AUTO"],
      errata: ["E90"],
    },
    {
      tag: "AcquisitionTimeSynchronized",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      enum: ["Y", "N"],
      source: ["AUTO"],
      errata: ["E90"],
      value: (f) => (f.synchronization?.acquisitionTimeSynchronized ? "Y" : "N"),
    },
    {
      tag: "TimeDistributionProtocol",
      vr: "CS",
      type: "3",
      presence: "ALWAYS",
      enum: ["NTP", "SNTP"],
      source: ["AUTO"],
      errata: ["E90"],
      value: (f) => f.synchronization?.protocol,
    },
  ],
};
