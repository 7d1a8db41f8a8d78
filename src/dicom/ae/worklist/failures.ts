// What a failure of the communication means for the worklist.

import type { FailureTable } from "../../dimse/status.ts";

export const WORKLIST_FAILURES: FailureTable = {
  table: "4.2-29",
  rows: [
    { exception: "timeout", actions: ["abort-association", "empty-worklist", "log"] },
    { exception: "aborted", actions: ["empty-worklist", "log"] },
  ],
};
