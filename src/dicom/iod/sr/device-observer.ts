// Device Observer Identifying Attributes: Table 8.1-42 of the statement, PS3.16 TID 1004.

import type { ReportContext } from "./context.ts";
import { dcm, type Template } from "./template.ts";

export const deviceObserver: Template<ReportContext> = {
  tid: "1004",
  name: "Device Observer Identifying Attributes",
  table: "8.1-42",
  rows: [
    {
      row: "1",
      level: 0,
      relationship: "HAS OBS CONTEXT",
      valueType: "UIDREF",
      concept: dcm("121012", "Device Observer UID"),
      vm: "1",
      presence: "ALWAYS",
      requirement: "M",
      errata: ["E92", "E89"],
      read: (f) => f.device.deviceUid,
    },
    {
      row: "3",
      level: 0,
      relationship: "HAS OBS CONTEXT",
      valueType: "TEXT",
      concept: dcm("121014", "Device Observer Manufacturer"),
      vm: "1",
      presence: "ANAP",
      requirement: "U",
      errata: ["E92"],
      read: (f) => f.device.manufacturer,
    },
    {
      row: "4",
      level: 0,
      relationship: "HAS OBS CONTEXT",
      valueType: "TEXT",
      concept: dcm("121015", "Device Observer Model Name"),
      vm: "1",
      presence: "ANAP",
      requirement: "U",
      errata: ["E92"],
      read: (f) => f.device.modelName,
    },
    {
      row: "5",
      level: 0,
      relationship: "HAS OBS CONTEXT",
      valueType: "TEXT",
      concept: dcm("121016", "Device Observer Serial Number"),
      vm: "1",
      presence: "ANAP",
      requirement: "U",
      errata: ["E92"],
      read: (f) => f.device.serialNumber,
    },
  ],
};
