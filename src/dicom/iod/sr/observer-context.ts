// Observer Context: Table 8.1-41 of the statement, PS3.16 TID 1002.

import type { ReportContext } from "./context.ts";
import { deviceObserver } from "./device-observer.ts";
import { dcm, include, type Template } from "./template.ts";

export const observerContext: Template<ReportContext> = {
  tid: "1002",
  name: "Observer Context",
  table: "8.1-41",
  rows: [
    {
      row: "1",
      level: 0,
      relationship: "HAS OBS CONTEXT",
      valueType: "CODE",
      concept: dcm("121005", "Observer Type"),
      vm: "1",
      presence: "ALWAYS",
      requirement: "MC",
      codes: [dcm("121007", "Device")],
      contextGroup: "270",
    },
    {
      row: "3",
      level: 0,
      relationship: "HAS OBS CONTEXT",
      valueType: "INCLUDE",
      include: include(deviceObserver, (f) => [f]),
      vm: "1",
      presence: "ALWAYS",
      requirement: "MC",
    },
  ],
};
