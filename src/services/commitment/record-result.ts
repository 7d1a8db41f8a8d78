// From an N-EVENT-REPORT to the database (Table 4.2-20). Matched by the Transaction UID alone (S6); a
// report that comes again, names too much or too little does no harm (S9).

import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import {
  type CommitmentResult,
  FAILURE_REASONS,
} from "../../dicom/ae/commitment/serve-commitment.ts";
import { statusCode } from "../../dicom/dimse/status.ts";
import type { CommitmentAnswer } from "../../store/commitment-table.ts";
import type { Commitment, CommitmentItem } from "../../store/records.ts";
import type { StoragePort } from "../../store/storage-port.ts";

export interface RecordResultParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly storage: Pick<StoragePort, "reader" | "recordCommitment">;
}

/** "0112 no such object instance". */
export function describeFailureReason(reason: number): string {
  const meaning = FAILURE_REASONS[reason];
  return meaning === undefined ? statusCode(reason) : `${statusCode(reason)} ${meaning}`;
}

/**
 * Records a result durably; null where the transaction is not known (any more). `calling` is the AE
 * title it came from, for the log only.
 * @throws StoreError when it cannot be kept; the peer is then answered 0110 and may report again.
 */
export async function recordResult(
  { clock, log, storage }: RecordResultParts,
  result: CommitmentResult,
  calling: string,
): Promise<Commitment | null> {
  const { transactionUid } = result;
  const commitment = storage.reader.commitment(transactionUid);
  if (commitment === null) {
    log.warn("commitment-unknown-transaction", { transactionUid, calling });
    return null;
  }
  const { answers, strangers } = answersOf(result, storage.reader.commitmentItems(transactionUid));
  const outcome = await storage.recordCommitment(transactionUid, answers, clock.nowMs());
  if (outcome.kind === "unknown-transaction") return null;
  const { remoteId, studyInstanceUid } = commitment;
  const facts = { remoteId, studyInstanceUid, transactionUid, calling };
  for (const { sopInstanceUid, failureReason } of answers)
    if (failureReason !== null)
      log.warn("commitment-failed", {
        ...facts,
        sopInstanceUid,
        reason: describeFailureReason(failureReason),
      });
  if (strangers.length > 0) log.warn("commitment-of-other-objects", { ...facts, strangers });
  if (outcome.pending > 0)
    log.warn("commitment-incomplete", { ...facts, unanswered: outcome.pending });
  else log.info("commitment-answered", { ...facts, failed: outcome.failed });
  return commitment;
}

/**
 * What the report says of the instances that were asked for. One that stands in both lists has failed;
 * one under another SOP class is another object, and ours stays open.
 */
function answersOf(
  result: CommitmentResult,
  items: readonly CommitmentItem[],
): { answers: CommitmentAnswer[]; strangers: string[] } {
  const asked = new Map(items.map((item) => [item.sopInstanceUid, item.sopClassUid]));
  const failed = new Set(result.failed.map((f) => f.sopInstanceUid));
  const answers: CommitmentAnswer[] = [];
  const strangers: string[] = [];
  for (const { sopInstanceUid, reason } of result.failed)
    if (asked.has(sopInstanceUid)) answers.push({ sopInstanceUid, failureReason: reason });
    else strangers.push(sopInstanceUid);
  for (const { sopInstanceUid, sopClassUid } of result.committed) {
    if (failed.has(sopInstanceUid)) continue;
    if (asked.get(sopInstanceUid) === sopClassUid)
      answers.push({ sopInstanceUid, failureReason: null });
    else strangers.push(sopInstanceUid);
  }
  return { answers, strangers };
}
