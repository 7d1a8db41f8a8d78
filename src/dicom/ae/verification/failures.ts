// What a failure of the communication means for verification.

import type { FailureTable } from "../../dimse/status.ts";

export const ECHO_FAILURES: FailureTable = {
  table: "4.2-86",
  rows: [
    {
      exception: "timeout",
      actions: ["abort-association", "mark-remote-failed", "log", "report-user"],
    },
    {
      exception: "aborted",
      actions: ["mark-remote-failed", "log", "report-user"],
      erratum: ["E43"],
    },
  ],
};
