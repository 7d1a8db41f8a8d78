// Jobs and their items. Whatever a job did is a row before its next step begins.

import type { Job, JobLogLine, JobParameters, JobState, JobType } from "../model/job.ts";
import type { Database } from "./database.ts";
import type { SendStateName } from "./records.ts";

/** Finished jobs kept for the operator to look at. */
export const FINISHED_JOBS_MAX = 500;

/** pending: still to do; parked: waits for the operator; gone: deleted here before it was done. */
export type JobItemState = "pending" | "done" | "parked" | "gone";

/** One instance of a job. */
export interface JobItem {
  readonly sopInstanceUid: string;
  readonly state: JobItemState;
  /** Times it was refused for its own sake, counted up to parking. */
  readonly refusals: number;
  readonly status?: number | undefined;
}

/** A job as it is kept: with the count that its back-off depends on. */
export interface StoredJob extends Job {
  /** Consecutive attempts that the peer put off (A-ASSOCIATE-RJ, transient). */
  readonly postponements: number;
}

export interface NewJob {
  readonly parameters: JobParameters;
  /** Instances, in the order they are worked on; none for a job that counts otherwise. */
  readonly items: readonly string[];
  /** Of a job without items: how many steps it has. */
  readonly total?: number | undefined;
  readonly createdMs: number;
}

/** One answer for one instance of a send job (PS3.4 B.2.3), recorded before the next is sent. */
export interface SendResult {
  readonly jobId: string;
  readonly remoteId: string;
  readonly item: JobItem;
  /** What the answer says of the instance at the remote; null where it says nothing. */
  readonly sendState: SendStateName | null;
  readonly atMs: number;
}

interface JobRow {
  readonly number: number;
  readonly type: JobType;
  readonly state: JobState;
  readonly created_ms: number;
  readonly done: number;
  readonly total: number;
  readonly attempts: number;
  readonly postponements: number;
  readonly next_attempt_ms: number | null;
  readonly reason: string | null;
  readonly log: string;
  readonly parameters: string;
}

function jobOf(row: JobRow): StoredJob {
  return {
    id: String(row.number),
    type: row.type,
    state: row.state,
    createdMs: row.created_ms,
    progress: { done: row.done, total: row.total },
    attempts: row.attempts,
    postponements: row.postponements,
    nextAttemptMs: row.next_attempt_ms ?? undefined,
    reason: row.reason ?? undefined,
    log: JSON.parse(row.log) as JobLogLine[],
    parameters: JSON.parse(row.parameters) as JobParameters,
  };
}

/**
 * Makes a queued job. Instances that the remote already acknowledged are done from the start: what
 * was answered with success is never sent there again (quirk S13).
 */
export function insertJob(db: Database, job: NewJob): StoredJob {
  const remoteId = "remoteId" in job.parameters ? job.parameters.remoteId : null;
  const made = db
    .query<{ number: number }, Record<string, string | number | null>>(
      `INSERT INTO jobs (type, state, remote_id, created_ms, done, total, attempts, postponements,
         log, parameters)
       VALUES ($type, 'queued', $remoteId, $createdMs, 0, $total, 0, 0, '[]', $parameters)
       RETURNING number`,
    )
    .get({
      type: job.parameters.type,
      remoteId,
      createdMs: job.createdMs,
      total: job.items.length > 0 ? job.items.length : (job.total ?? 0),
      parameters: JSON.stringify(job.parameters),
    });
  const number = made?.number ?? 0;
  job.items.forEach((sopUid, position) => {
    const there =
      job.parameters.type === "send" && remoteId !== null && isStoredAt(db, sopUid, remoteId);
    db.query("INSERT INTO job_items VALUES ($number, $position, $sopUid, $state, 0, NULL)").run({
      number,
      position,
      sopUid,
      state: there ? "done" : "pending",
    });
  });
  countDone(db, number);
  const stored = readJob(db, String(number));
  if (stored === null) throw new Error("a job just inserted is not there");
  return stored;
}

export function saveJob(db: Database, job: StoredJob): void {
  db.query(
    `UPDATE jobs SET state = $state, done = $done, total = $total, attempts = $attempts,
       postponements = $postponements, next_attempt_ms = $nextAttemptMs, reason = $reason,
       log = $log WHERE number = $number`,
  ).run({
    number: Number(job.id),
    state: job.state,
    done: job.progress.done,
    total: job.progress.total,
    attempts: job.attempts,
    postponements: job.postponements,
    nextAttemptMs: job.nextAttemptMs ?? null,
    reason: job.reason ?? null,
    log: JSON.stringify(job.log),
  });
  if (job.state === "done" || job.state === "cancelled") forgetOldJobs(db);
}

export function readJob(db: Database, id: string): StoredJob | null {
  if (!/^\d{1,15}$/.test(id)) return null;
  const row = db
    .query<JobRow, { number: number }>("SELECT * FROM jobs WHERE number = $number")
    .get({ number: Number(id) });
  return row === null ? null : jobOf(row);
}

/** All jobs kept, oldest first. */
export function readJobs(db: Database): StoredJob[] {
  return db.query<JobRow, []>("SELECT * FROM jobs ORDER BY number").all().map(jobOf);
}

export function readJobItems(db: Database, id: string): JobItem[] {
  return db
    .query<
      { sop_uid: string; state: JobItemState; refusals: number; status: number | null },
      { number: number }
    >(
      `SELECT sop_uid, state, refusals, status FROM job_items WHERE job_number = $number
       ORDER BY position`,
    )
    .all({ number: Number(id) })
    .map((r) => ({
      sopInstanceUid: r.sop_uid,
      state: r.state,
      refusals: r.refusals,
      status: r.status ?? undefined,
    }));
}

export function saveJobItem(db: Database, id: string, item: JobItem): void {
  db.query(
    `UPDATE job_items SET state = $state, refusals = $refusals, status = $status
     WHERE job_number = $number AND sop_uid = $sopUid`,
  ).run({
    number: Number(id),
    sopUid: item.sopInstanceUid,
    state: item.state,
    refusals: item.refusals,
    status: item.status ?? null,
  });
  countDone(db, Number(id));
}

/**
 * Records one answer: the item's row, the instance's state at the remote, the job's progress. What is
 * acknowledged is done for every job that was to bring it there: should the archive disown it later, it
 * goes again only where somebody asks for it after that.
 */
export function saveSendResult(db: Database, result: SendResult): void {
  const { jobId, remoteId, item, sendState } = result;
  saveJobItem(db, jobId, item);
  if (sendState === null) return;
  saveSendState(db, {
    sopUid: item.sopInstanceUid,
    remoteId,
    state: sendState,
    status: item.status ?? null,
    atMs: result.atMs,
  });
  if (sendState === "stored" || sendState === "warning")
    db.query(
      `UPDATE job_items SET state = 'done' WHERE sop_uid = $sopUid AND state = 'pending'
         AND job_number IN (SELECT number FROM jobs WHERE type = 'send' AND remote_id = $remoteId)`,
    ).run({ sopUid: item.sopInstanceUid, remoteId });
}

/** What is acknowledged stays so; only a commitment failure (`lost`) takes it back. */
export function saveSendState(
  db: Database,
  state: {
    readonly sopUid: string;
    readonly remoteId: string;
    readonly state: SendStateName;
    readonly status: number | null;
    readonly atMs: number;
  },
): void {
  db.query(
    `INSERT INTO send_states SELECT $sopUid, $remoteId, $state, $status, $atMs
       WHERE EXISTS (SELECT 1 FROM instances WHERE sop_uid = $sopUid)
     ON CONFLICT DO UPDATE SET state = excluded.state, status = excluded.status,
       at_ms = excluded.at_ms
     WHERE state NOT IN ('stored', 'warning') OR excluded.state <> 'refused'`,
  ).run({ ...state });
}

/** True when the remote acknowledged the instance: success or a warning. */
export function isStoredAt(db: Database, sopUid: string, remoteId: string): boolean {
  return (
    db
      .query(
        `SELECT 1 FROM send_states WHERE sop_uid = $sopUid AND remote_id = $remoteId
           AND state IN ('stored', 'warning')`,
      )
      .get({ sopUid, remoteId }) !== null
  );
}

/**
 * Instances made here that were never acknowledged by the remote and wait in no job that brings them
 * there. What it acknowledged and disowned afterwards is sent again by the operator, not by itself.
 */
export function readUnsent(
  db: Database,
  remoteId: string,
): { sopInstanceUid: string; studyInstanceUid: string }[] {
  return db
    .query<{ sop_uid: string; study_uid: string }, { remoteId: string }>(
      `SELECT sop_uid, study_uid FROM instances i WHERE is_local = 1 AND file_state = 'stored'
         AND NOT EXISTS (SELECT 1 FROM send_states s WHERE s.sop_uid = i.sop_uid
           AND s.remote_id = $remoteId AND s.state IN ('stored', 'warning', 'lost'))
         AND NOT EXISTS (SELECT 1 FROM job_items t JOIN jobs j ON j.number = t.job_number
           WHERE t.sop_uid = i.sop_uid AND j.type = 'send' AND j.remote_id = $remoteId)
       ORDER BY created_ms, sop_uid`,
    )
    .all({ remoteId })
    .map((r) => ({ sopInstanceUid: r.sop_uid, studyInstanceUid: r.study_uid }));
}

/** SQL that finds an unfinished job that still needs an instance of the study, or brings some. */
export const unfinishedJobOf = (study: string): string =>
  `SELECT 1 FROM instances i JOIN job_items t ON t.sop_uid = i.sop_uid
     JOIN jobs j ON j.number = t.job_number
   WHERE i.study_uid = ${study} AND t.state IN ('pending', 'parked')
     AND j.state IN ('queued', 'active', 'waiting', 'failed')
   UNION ALL SELECT 1 FROM jobs WHERE type = 'retrieve'
     AND state IN ('queued', 'active', 'waiting')
     AND json_extract(parameters, '$.studyInstanceUid') = ${study}`;

/** True while such a job exists. */
export function isStudyInJob(db: Database, studyUid: string): boolean {
  return (
    db
      .query<{ found: number }, { studyUid: string }>(
        `SELECT EXISTS (${unfinishedJobOf("$studyUid")}) AS found`,
      )
      .get({ studyUid })?.found === 1
  );
}

function countDone(db: Database, number: number): void {
  db.query(
    `UPDATE jobs SET done = (SELECT count(*) FROM job_items WHERE job_number = $number
         AND state IN ('done', 'gone'))
     WHERE number = $number AND EXISTS (SELECT 1 FROM job_items WHERE job_number = $number)`,
  ).run({ number });
}

function forgetOldJobs(db: Database): void {
  db.query(
    `DELETE FROM jobs WHERE number IN (SELECT number FROM jobs
       WHERE state IN ('done', 'cancelled') ORDER BY number DESC LIMIT -1 OFFSET ${FINISHED_JOBS_MAX})`,
  ).run();
}
