// Storage commitment: the result (N-EVENT-REPORT, PS3.4 §J.3.3), taken in on any association at any
// time and matched by its Transaction UID alone (S1, S6). Recording it is the caller's; it must bear
// repeated and incomplete reports (S9).

import type { SopReference } from "../../../model/code.ts";
import type { DataSet } from "../../data/data-set.ts";
import { Tag } from "../../dict/attributes.ts";
import { SopClassUid } from "../../dict/uids.ts";
import { type Action, STATUS } from "../../dimse/status.ts";
import { type EventService, eventRow } from "../event-reports.ts";
import { COMMITMENT_EVENTS } from "./status.ts";

export interface FailedReference extends SopReference {
  /** Failure Reason (0008,1197), PS3.3 §C.14.1.1; 0 where the peer gave none. */
  readonly reason: number;
}

export interface CommitmentResult {
  readonly transactionUid: string;
  readonly eventTypeId: 1 | 2;
  /** May be fewer than asked for: the others stay open. */
  readonly committed: readonly SopReference[];
  readonly failed: readonly FailedReference[];
  readonly actions: readonly Action[];
}

/** Meanings of Failure Reason (PS3.3 §C.14.1.1), for the log and the operator. */
export const FAILURE_REASONS: Readonly<Record<number, string>> = {
  272: "processing failure", // 0110H
  274: "no such object instance", // 0112H
  275: "no such event type", // 0113H
  281: "class and instance conflict", // 0119H
  290: "SOP class not supported", // 0122H
  305: "transaction UID already in use", // 0131H
  531: "resource limitation", // 0213H
};

/**
 * The event service of storage commitment. `record` stores the result durably; a transaction it does
 * not know is its own affair (logged there) and answered with success (E14). When it rejects the
 * report is answered 0110 and the peer may send it again.
 */
export function commitmentEvents(
  record: (result: CommitmentResult) => Promise<void>,
): EventService {
  return {
    sopClassUid: SopClassUid.StorageCommitmentPushModel,
    async take(command, dataSet) {
      // C9: without an Event Type ID the content tells which of the two it is.
      const told = dataSet.items(Tag.FailedSOPSequence).length > 0 ? 2 : 1;
      const eventTypeId = command.eventTypeId ?? told;
      const row = eventRow(COMMITMENT_EVENTS, eventTypeId);
      if (row === undefined || (eventTypeId !== 1 && eventTypeId !== 2))
        return { status: STATUS.noSuchEventType, eventTypeId };
      const transactionUid = dataSet.string(Tag.TransactionUID);
      if (transactionUid === undefined) {
        const errorComment = "Transaction UID is missing";
        return { status: STATUS.processingFailure, eventTypeId, errorComment };
      }
      const committed = references(dataSet, Tag.ReferencedSOPSequence);
      const failed = references(dataSet, Tag.FailedSOPSequence);
      await record({ transactionUid, eventTypeId, committed, failed, actions: row.actions });
      return { status: STATUS.success, eventTypeId };
    },
  };
}

/** Items without a class or an instance name nothing and are passed over. */
function references(dataSet: DataSet, sequence: number): FailedReference[] {
  const found: FailedReference[] = [];
  for (const item of dataSet.items(sequence)) {
    const sopClassUid = item.string(Tag.ReferencedSOPClassUID);
    const sopInstanceUid = item.string(Tag.ReferencedSOPInstanceUID);
    if (sopClassUid === undefined || sopInstanceUid === undefined) continue;
    found.push({ sopClassUid, sopInstanceUid, reason: item.number(Tag.FailureReason) ?? 0 });
  }
  return found;
}
