// Storage commitment: answers to N-ACTION, events of N-EVENT-REPORT and our answers (PS3.4 §J.3).

import { type StatusTable, statusRow } from "../../dimse/status.ts";
import type { EventTable } from "../event-reports.ts";

export const COMMITMENT_REQUEST_STATUS: StatusTable = {
  table: "4.2-16",
  operation: "N-ACTION response",
  rows: [
    statusRow("0000", "Success", "request accepted", ["mark-request-sent"]),
    statusRow("*", "*", "any other", [
      "abort-association",
      "log",
      "report-user",
      "retry-at-startup",
    ]),
  ],
};

export const COMMITMENT_EVENTS: EventTable = {
  table: "4.2-20",
  operation: "N-EVENT-REPORT received",
  rows: [
    { eventTypeId: 1, event: "every instance is committed", actions: ["mark-committed"] },
    {
      eventTypeId: 2,
      event: "done, some instances failed",
      actions: ["mark-committed", "mark-commit-failed", "log", "report-user", "retry-at-startup"],
    },
  ],
};

export const COMMITMENT_ANSWERS: StatusTable = {
  table: "4.2-21",
  operation: "N-EVENT-REPORT response sent",
  rows: [
    statusRow("0000", "Success", "result taken in", [], { erratum: ["E14"] }),
    statusRow("0113", "Failure", "no such event type", ["log"], { added: true, erratum: ["E14"] }),
    statusRow("0110", "Failure", "result not readable or not recorded", ["log"], {
      added: true,
      erratum: ["E14"],
    }),
  ],
};
