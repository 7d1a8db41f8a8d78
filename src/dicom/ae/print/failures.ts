// What a failure of the communication means for a print job.

import type { FailureTable } from "../../dimse/status.ts";

export const PRINT_FAILURES: FailureTable = {
  table: "4.2-66",
  rows: [
    { exception: "timeout", actions: ["abort-association", "fail-job", "log", "report-user"] },
    { exception: "aborted", actions: ["fail-job", "log", "report-user"] },
  ],
};
