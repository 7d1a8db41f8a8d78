// What a failure of the communication means for a performed procedure step.

import type { FailureTable } from "../../dimse/status.ts";

export const STEP_FAILURES: FailureTable = {
  table: "4.2-38",
  rows: [
    { exception: "timeout", actions: ["abort-association", "fail-mpps", "log", "report-user"] },
    { exception: "aborted", actions: ["fail-mpps", "log", "report-user"] },
  ],
};
