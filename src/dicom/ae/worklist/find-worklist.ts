// The worklist query (PS3.4 §K.4.1): one C-FIND with the keys of Table 4.2-30.

import { SopClassUid } from "../../dict/uids.ts";
import type { DimseChannel } from "../../dimse/channel.ts";
import { type FindOptions, type FindOutcome, find } from "../find.ts";
import { WORKLIST_FAILURES } from "./failures.ts";
import { type WorklistFilter, worklistIdentifier } from "./keys.ts";
import { WORKLIST_STATUS } from "./status.ts";

const SERVICE = {
  sopClassUid: SopClassUid.ModalityWorklistFind,
  statuses: WORKLIST_STATUS,
  failures: WORKLIST_FAILURES,
};

/** `timeoutMs` is the wait for the final response, as the parameter's row has it. */
export function findWorklist(
  channel: DimseChannel,
  filter: WorklistFilter,
  options: Omit<FindOptions, "timeoutUntil">,
): Promise<FindOutcome> {
  return find(channel, SERVICE, worklistIdentifier(filter), { ...options, timeoutUntil: "final" });
}
