// C-FIND responses of a worklist server (PS3.4 §K.4.1.1.4).

import { type Action, type StatusTable, statusRow } from "../../dimse/status.ts";

const EMPTY: readonly Action[] = ["abort-association", "empty-worklist", "log"];

export const WORKLIST_STATUS: StatusTable = {
  table: "4.2-28",
  operation: "C-FIND response",
  rows: [
    statusRow("0000", "Success", "matching complete", ["publish-worklist"]),
    statusRow("A700", "Refused", "out of resources", EMPTY),
    statusRow("A900", "Failed", "identifier does not match SOP class", EMPTY),
    statusRow("Cxxx", "Failed", "unable to process", EMPTY),
    statusRow("FE00", "Cancel", "matching ended by cancel", ["publish-worklist", "log"]),
    statusRow("FF00", "Pending", "an item", ["collect-item"]),
    statusRow("FF01", "Pending", "an item, an optional key is not supported", ["collect-item"]),
    statusRow("*", "*", "any other", EMPTY),
  ],
};
