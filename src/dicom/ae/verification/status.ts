// C-ECHO responses, received and sent (PS3.4 Annex A, PS3.7 §9.1.5).

import { type StatusTable, statusRow } from "../../dimse/status.ts";

export const ECHO_STATUS: StatusTable = {
  table: "4.2-85",
  operation: "C-ECHO response",
  rows: [
    statusRow("0000", "Success", "peer is alive", ["mark-remote-alive"]),
    statusRow(
      "*",
      "*",
      "any other",
      ["abort-association", "mark-remote-failed", "log", "report-user"],
      { added: true, erratum: ["E43"] },
    ),
  ],
};

/** The statement prints no table for what the Verification SCP answers. */
export const ECHO_ANSWERS: StatusTable = {
  table: "4.2-C-ECHO",
  operation: "C-ECHO response sent",
  rows: [statusRow("0000", "Success", "this device is alive", [], { added: true })],
};
