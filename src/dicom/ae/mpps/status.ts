// N-CREATE and N-SET responses of a performed procedure step (PS3.4 §F.7.2, PS3.7 Annex C).

import { type Action, type StatusTable, statusRow } from "../../dimse/status.ts";

const FAILED: readonly Action[] = ["abort-association", "fail-mpps", "log", "report-user"];
const E27 = { erratum: ["E27"] };

export const STEP_STATUS: StatusTable = {
  table: "4.2-37",
  operation: "N-CREATE / N-SET response",
  rows: [
    statusRow("0000", "Success", "step created or updated", ["continue"], E27),
    statusRow("0110", "Failure", "step may no longer be updated", FAILED, E27),
    statusRow(
      "0116",
      "Warning",
      "attribute value out of range",
      ["continue", "log", "report-user"],
      E27,
    ),
    // Counts only where the N-CREATE was sent before with the same UID (M1); see createStep.
    statusRow("0111", "Failure", "step was created before", ["continue", "log"], {
      added: true,
      ...E27,
    }),
    // Attribute list error: a warning like 0116 (M8).
    statusRow("0107", "Warning", "attribute list error", ["continue", "log", "report-user"], {
      added: true,
      ...E27,
    }),
    statusRow("*", "*", "any other", FAILED, E27),
  ],
};
