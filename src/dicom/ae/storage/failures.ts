// What a failure of the communication means for a send job; the retry is the job's (E09).

import type { FailureTable } from "../../dimse/status.ts";

export const STORE_FAILURES: FailureTable = {
  table: "4.2-8",
  rows: [
    {
      exception: "timeout",
      actions: ["abort-association", "fail-job", "log", "report-user"],
      erratum: ["E09"],
    },
    {
      exception: "aborted",
      actions: ["fail-job", "log", "report-user"],
      erratum: ["E09"],
    },
  ],
};
