// What a failure of the communication means for a commitment request.

import type { FailureTable } from "../../dimse/status.ts";

export const COMMITMENT_FAILURES: FailureTable = {
  table: "4.2-17",
  rows: [
    {
      exception: "timeout",
      actions: ["abort-association", "log", "report-user", "retry-at-startup"],
    },
    { exception: "aborted", actions: ["log", "report-user", "retry-at-startup"] },
  ],
};
