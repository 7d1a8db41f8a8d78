// Storage commitment (PS3.4 Annex J): transactions, which are kept before they are sent, and what
// the archive answered for each instance. Deleting asks here.

import type { Database } from "./database.ts";
import { saveSendState, unfinishedJobOf } from "./job-table.ts";
import type { Commitment, CommitmentItem, CommitmentsWaiting } from "./records.ts";

/** What an N-EVENT-REPORT says of one instance; a failure with its reason (PS3.3 C.14.1.1). */
export interface CommitmentAnswer {
  readonly sopInstanceUid: string;
  readonly failureReason: number | null;
}

interface CommitmentRow {
  readonly transaction_uid: string;
  readonly remote_id: string;
  readonly study_uid: string;
  readonly state: Commitment["state"];
  readonly created_ms: number;
  readonly answered_ms: number | null;
  readonly reason: string | null;
}

function commitmentOf(r: CommitmentRow): Commitment {
  return {
    transactionUid: r.transaction_uid,
    remoteId: r.remote_id,
    studyInstanceUid: r.study_uid,
    state: r.state,
    createdMs: r.created_ms,
    answeredMs: r.answered_ms ?? undefined,
    reason: r.reason ?? undefined,
  };
}

/** Keeps a new transaction with all its instances pending. */
export function insertCommitment(
  db: Database,
  c: Pick<Commitment, "transactionUid" | "remoteId" | "studyInstanceUid" | "createdMs">,
  sopUids: readonly string[],
): void {
  db.query(
    `INSERT INTO commitments VALUES ($transactionUid, $remoteId, $studyInstanceUid, 'open',
       $createdMs, NULL, NULL)`,
  ).run({
    transactionUid: c.transactionUid,
    remoteId: c.remoteId,
    studyInstanceUid: c.studyInstanceUid,
    createdMs: c.createdMs,
  });
  for (const sopUid of sopUids)
    db.query("INSERT INTO commit_states VALUES ($uid, $sopUid, 'pending', NULL, $atMs)").run({
      uid: c.transactionUid,
      sopUid,
      atMs: c.createdMs,
    });
}

export function saveCommitmentState(
  db: Database,
  transactionUid: string,
  state: Commitment["state"],
  reason?: string,
): void {
  db.query(
    `UPDATE commitments SET state = $state, reason = $reason WHERE transaction_uid = $transactionUid
       AND state NOT IN ('answered', 'superseded')`,
  ).run({ transactionUid, state, reason: reason ?? null });
}

export function readCommitment(db: Database, transactionUid: string): Commitment | null {
  const row = db
    .query<CommitmentRow, { uid: string }>("SELECT * FROM commitments WHERE transaction_uid = $uid")
    .get({ uid: transactionUid });
  return row === null ? null : commitmentOf(row);
}

/** Transactions without a complete answer, oldest first. */
export function readOpenCommitments(db: Database): Commitment[] {
  return db
    .query<CommitmentRow, []>(
      `SELECT * FROM commitments WHERE state IN ('open', 'requested') ORDER BY rowid`,
    )
    .all()
    .map(commitmentOf);
}

export function readCommitmentItems(db: Database, transactionUid: string): CommitmentItem[] {
  return db
    .query<
      { sop_uid: string; sop_class_uid: string; state: CommitmentItem["state"] },
      { uid: string }
    >(
      `SELECT sop_uid, sop_class_uid, state FROM commit_states JOIN instances USING (sop_uid)
       WHERE transaction_uid = $uid ORDER BY commit_states.rowid`,
    )
    .all({ uid: transactionUid })
    .map((r) => ({
      sopInstanceUid: r.sop_uid,
      sopClassUid: r.sop_class_uid,
      state: r.state,
    }));
}

export type CommitmentOutcome =
  | { readonly kind: "unknown-transaction" }
  /** Instances that the report did not name stay pending (quirk S9). */
  | { readonly kind: "recorded"; readonly pending: number; readonly failed: number };

/**
 * Records a report, the same one twice without harm. A failed instance counts as lost at the remote
 * and may be sent there again; one already committed stays so.
 */
export function saveCommitmentAnswers(
  db: Database,
  transactionUid: string,
  answers: readonly CommitmentAnswer[],
  atMs: number,
): CommitmentOutcome {
  const commitment = readCommitment(db, transactionUid);
  if (commitment === null) return { kind: "unknown-transaction" };
  for (const { sopInstanceUid: sopUid, failureReason } of answers) {
    const changed = db
      .query(
        `UPDATE commit_states SET state = $state, failure_reason = $failureReason, at_ms = $atMs
         WHERE transaction_uid = $transactionUid AND sop_uid = $sopUid AND state <> 'committed'
           AND NOT (state = 'failed' AND $state = 'failed')`,
      )
      .run({
        transactionUid,
        sopUid,
        state: failureReason === null ? "committed" : "failed",
        failureReason,
        atMs,
      });
    if (changed.changes === 0) continue;
    if (failureReason === null)
      db.query(
        `UPDATE send_states SET state = 'stored', at_ms = $atMs
         WHERE sop_uid = $sopUid AND remote_id = $remoteId AND state = 'lost'`,
      ).run({ sopUid, remoteId: commitment.remoteId, atMs });
    else
      saveSendState(db, {
        sopUid,
        remoteId: commitment.remoteId,
        state: "lost",
        status: null,
        atMs,
      });
  }
  const left = db
    .query<{ pending: number; failed: number }, { uid: string }>(
      `SELECT count(*) FILTER (WHERE state = 'pending') AS pending,
         count(*) FILTER (WHERE state = 'failed') AS failed
       FROM commit_states WHERE transaction_uid = $uid`,
    )
    .get({ uid: transactionUid }) ?? { pending: 0, failed: 0 };
  if (left.pending === 0)
    db.query(
      `UPDATE commitments SET state = 'answered', answered_ms = coalesce(answered_ms, $atMs),
         reason = NULL WHERE transaction_uid = $uid`,
    ).run({ uid: transactionUid, atMs });
  return { kind: "recorded", ...left };
}

/** Gives up on every transaction of the remote that is not answered; they are asked again as new. */
export function supersedeCommitments(db: Database, remoteId: string, reason: string): void {
  db.query(
    `UPDATE commitments SET state = 'superseded', reason = $reason
     WHERE remote_id = $remoteId AND state IN ('open', 'requested', 'failed')`,
  ).run({ remoteId, reason });
}

export interface ToCommit {
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
}

/**
 * Instances made here that the remote is to be asked about. First asked: when their exam has ended and
 * every readable object of it was stored there, unless a transaction is under way or failed. `again`
 * adds what was asked before and is not committed: never answered, or answered with a failure.
 */
export function readToCommit(
  db: Database,
  remoteId: string,
  options: { readonly studyUid?: string | undefined; readonly again: boolean },
): ToCommit[] {
  return db
    .query<
      { sop_uid: string; study_uid: string },
      { remoteId: string; studyUid: string | null; again: number }
    >(
      `SELECT sop_uid, study_uid FROM instances i
       WHERE is_local = 1 AND ${options.studyUid === undefined ? "$studyUid IS NULL" : "study_uid = $studyUid"}
         AND (SELECT s.state FROM send_states s
           WHERE s.sop_uid = i.sop_uid AND s.remote_id = $remoteId)
           IN ('stored', 'warning', 'lost')
         AND NOT EXISTS (SELECT 1 FROM commit_states s JOIN commitments c USING (transaction_uid)
           WHERE s.sop_uid = i.sop_uid AND c.remote_id = $remoteId AND (s.state = 'committed'
             OR (s.state = 'pending' AND c.state IN ('open', 'requested', 'failed'))))
         AND (($again = 1 AND EXISTS (SELECT 1 FROM commit_states s
             JOIN commitments c USING (transaction_uid)
             WHERE s.sop_uid = i.sop_uid AND c.remote_id = $remoteId))
           OR ((SELECT s.state FROM send_states s
               WHERE s.sop_uid = i.sop_uid AND s.remote_id = $remoteId) <> 'lost'
             AND NOT EXISTS (SELECT 1 FROM exams e WHERE e.id = i.exam_id AND e.state = 'open')
             AND NOT EXISTS (SELECT 1 FROM instances o WHERE o.study_uid = i.study_uid
               AND o.exam_id IS i.exam_id AND o.is_local = 1 AND o.file_state = 'stored'
               AND NOT EXISTS (SELECT 1 FROM send_states t WHERE t.sop_uid = o.sop_uid
                 AND t.remote_id = $remoteId AND t.state IN ('stored', 'warning', 'lost')))))
       ORDER BY created_ms, sop_uid`,
    )
    .all({ remoteId, studyUid: options.studyUid ?? null, again: options.again ? 1 : 0 })
    .map((r) => ({ sopInstanceUid: r.sop_uid, studyInstanceUid: r.study_uid }));
}

/** Per remote: instances without an answer, and transactions that failed. */
export function readCommitmentsWaiting(db: Database): CommitmentsWaiting[] {
  return db
    .query<
      {
        remote_id: string;
        pending: number;
        oldest_ms: number | null;
        failed: number;
        reason: string | null;
      },
      []
    >(
      `SELECT c.remote_id,
         count(*) FILTER (WHERE s.state = 'pending' AND c.state <> 'failed') AS pending,
         min(CASE WHEN s.state = 'pending' AND c.state <> 'failed' THEN c.created_ms END) AS oldest_ms,
         count(*) FILTER (WHERE s.state = 'failed' OR c.state = 'failed') AS failed,
         max(c.reason) FILTER (WHERE c.state = 'failed') AS reason
       FROM commitments c JOIN commit_states s USING (transaction_uid)
       WHERE s.state <> 'committed' AND c.state <> 'superseded'
         AND NOT EXISTS (SELECT 1 FROM commit_states t JOIN commitments d USING (transaction_uid)
           WHERE t.sop_uid = s.sop_uid AND d.remote_id = c.remote_id
             AND (t.state = 'committed' OR (d.state <> 'superseded' AND d.rowid > c.rowid)))
       GROUP BY c.remote_id ORDER BY c.remote_id`,
    )
    .all()
    .map((r) => ({
      remoteId: r.remote_id,
      pending: r.pending,
      oldestMs: r.oldest_ms ?? undefined,
      failed: r.failed,
      reason: r.reason ?? undefined,
    }));
}

/** Instances of the study made here that the remote has not committed. */
export function readUncommitted(db: Database, studyUid: string, remoteId: string): string[] {
  return db
    .query<{ sop_uid: string }, { studyUid: string; remoteId: string }>(
      `SELECT sop_uid FROM instances i WHERE study_uid = $studyUid AND is_local = 1
         AND NOT EXISTS (SELECT 1 FROM commit_states s JOIN commitments c USING (transaction_uid)
           WHERE s.sop_uid = i.sop_uid AND c.remote_id = $remoteId AND s.state = 'committed')
       ORDER BY created_ms, sop_uid`,
    )
    .all({ studyUid, remoteId })
    .map((r) => r.sop_uid);
}

/**
 * Studies with instances made here that are nowhere else, and those instances: committed by every
 * archive is elsewhere; without an archive, stored at some remote or written to a medium is.
 */
export function readUnsaved(
  db: Database,
  archiveIds: readonly string[],
): { studies: number; instances: number } {
  const elsewhere =
    archiveIds.length > 0
      ? `NOT EXISTS (SELECT 1 FROM json_each($archives) a
           WHERE NOT EXISTS (SELECT 1 FROM commit_states t JOIN commitments c USING (transaction_uid)
             WHERE t.sop_uid = i.sop_uid AND c.remote_id = a.value AND t.state = 'committed'))`
      : `EXISTS (SELECT 1 FROM send_states s
             WHERE s.sop_uid = i.sop_uid AND s.state IN ('stored', 'warning') AND $archives = '[]')
         OR EXISTS (SELECT 1 FROM output_states o WHERE o.sop_uid = i.sop_uid AND o.kind = 'export')`;
  const found = db
    .query<{ studies: number; instances: number }, { archives: string }>(
      `SELECT count(DISTINCT study_uid) AS studies, count(*) AS instances FROM instances i
       WHERE is_local = 1 AND NOT (${elsewhere})`,
    )
    .get({ archives: JSON.stringify(archiveIds) });
  return found ?? { studies: 0, instances: 0 };
}

/**
 * Studies that may go when space runs low, oldest first, at most `limit`: every instance made here
 * committed by every archive (of which there must be one), no open exam, no unfinished job, a file here.
 */
export function readDeletable(
  db: Database,
  archiveIds: readonly string[],
  limit = Number.MAX_SAFE_INTEGER,
): string[] {
  return db
    .query<{ study_uid: string }, { archives: string; limit: number }>(
      `SELECT study_uid FROM studies s
       WHERE EXISTS (SELECT 1 FROM instances i
           WHERE i.study_uid = s.study_uid AND i.file_state = 'stored')
         AND NOT EXISTS (SELECT 1 FROM instances i JOIN json_each($archives) a
           WHERE i.study_uid = s.study_uid AND i.is_local = 1
             AND NOT EXISTS (SELECT 1 FROM commit_states t JOIN commitments c USING (transaction_uid)
               WHERE t.sop_uid = i.sop_uid AND c.remote_id = a.value AND t.state = 'committed'))
         AND ($archives <> '[]' OR NOT EXISTS (SELECT 1 FROM instances i
           WHERE i.study_uid = s.study_uid AND i.is_local = 1))
         AND NOT EXISTS (SELECT 1 FROM exams e WHERE e.study_uid = s.study_uid AND e.state = 'open')
         AND NOT EXISTS (${unfinishedJobOf("s.study_uid")})
       ORDER BY created_ms, study_uid LIMIT $limit`,
    )
    .all({ archives: JSON.stringify(archiveIds), limit })
    .map((r) => r.study_uid);
}
