// What a failure of the communication means for queries and moves.

import type { FailureRow, FailureTable } from "../../dimse/status.ts";

const ROWS: readonly FailureRow[] = [
  { exception: "timeout", actions: ["abort-association", "log", "report-user"] },
  { exception: "aborted", actions: ["log", "report-user"] },
];

export const QUERY_FAILURES: FailureTable = { table: "4.2-47", operation: "C-FIND", rows: ROWS };
export const MOVE_FAILURES: FailureTable = { table: "4.2-50", operation: "C-MOVE", rows: ROWS };
