// C-STORE responses, received and sent (PS3.4 §B.2.3).

import { type Action, type StatusTable, statusRow } from "../../dimse/status.ts";

const FAILED: readonly Action[] = ["abort-association", "fail-job", "log", "report-user"];
const STORED_BUT: readonly Action[] = ["mark-instance-stored", "log", "report-user"];
const E08 = { erratum: ["E08"] };

export const STORE_STATUS: StatusTable = {
  table: "4.2-7",
  operation: "C-STORE response",
  rows: [
    statusRow("0000", "Success", "stored", ["mark-instance-stored"]),
    statusRow("A7xx", "Refused", "out of resources", FAILED),
    statusRow("A9xx", "Error", "data set does not match SOP class", FAILED),
    statusRow("Cxxx", "Error", "cannot understand", FAILED),
    statusRow("B000", "Warning", "stored, data elements coerced", STORED_BUT, E08),
    statusRow("B007", "Warning", "stored, data set does not match SOP class", STORED_BUT, E08),
    statusRow("B006", "Warning", "stored, elements discarded", STORED_BUT, E08),
    // The archive has the instance already (S13).
    statusRow("0111", "Failure", "stored before", ["mark-instance-stored", "log"], {
      added: true,
      erratum: ["E09", "S13"],
    }),
    statusRow("*", "*", "any other", FAILED),
  ],
};

/** The literal reading of the statement: a warning fails the job (storage.warningPolicy "fail"). */
export const STORE_STATUS_STRICT: StatusTable = {
  ...STORE_STATUS,
  rows: STORE_STATUS.rows.map((row) =>
    row.service === "Warning" ? { ...row, actions: FAILED } : row,
  ),
};

export const STORE_ANSWERS: StatusTable = {
  table: "4.2-58",
  operation: "C-STORE response sent",
  rows: [
    statusRow("0000", "Success", "checked and stored", []),
    statusRow("A700", "Refused", "out of local resources", ["log"]),
    statusRow("A900", "Error", "not a valid instance of the SOP class", ["log"]),
    statusRow("C000", "Error", "data set cannot be parsed", ["log"]),
  ],
};
