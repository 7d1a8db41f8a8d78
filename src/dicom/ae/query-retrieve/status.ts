// C-FIND and C-MOVE responses of an archive (PS3.4 §C.4).

import { type Action, type StatusTable, statusRow } from "../../dimse/status.ts";

const PUBLISH: readonly Action[] = ["release-association", "publish-result"];

export const QUERY_STATUS: StatusTable = {
  table: "4.2-46",
  operation: "C-FIND response",
  rows: [
    statusRow("0000", "Success", "matching complete", PUBLISH),
    statusRow("FE00", "Cancel", "matching ended by cancel", PUBLISH),
    statusRow("FF00", "Pending", "a match", ["collect-item"]),
    statusRow("FF01", "Pending", "a match, an optional key is not supported", ["collect-item"]),
    statusRow("*", "*", "any other", ["abort-association", "fail-query", "log", "report-user"]),
  ],
};

export const MOVE_STATUS: StatusTable = {
  table: "4.2-49",
  operation: "C-MOVE response",
  rows: [
    statusRow("0000", "Success", "all sub-operations done", [
      "release-association",
      "complete-job",
    ]),
    statusRow("FE00", "Cancel", "ended by cancel", ["release-association", "cancel-job"], {
      erratum: ["E32"],
    }),
    statusRow("FF00", "Pending", "sub-operations go on", ["continue"]),
    // B000, some sub-operations failed, included.
    statusRow("*", "*", "any other", ["abort-association", "fail-job", "log", "report-user"], {
      erratum: ["E32"],
    }),
  ],
};
