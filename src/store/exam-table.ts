// Exams, worklist items, settings and counters: records kept as JSON beside the columns that are
// searched.

import type { Exam } from "../model/exam.ts";
import type { WorklistItem } from "../model/worklist-item.ts";
import type { Database } from "./database.ts";

/** Exams and worklist items that one listing holds at most. */
export const LISTED_MAX = 10_000;

export function saveExam(db: Database, exam: Exam): void {
  db.query(
    `INSERT INTO exams VALUES ($id, $state, $studyUid, $patientId, $startedMs, $record)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, study_uid = excluded.study_uid,
       patient_id = excluded.patient_id, record = excluded.record`,
  ).run({
    id: exam.id,
    state: exam.state,
    studyUid: exam.studyInstanceUid,
    patientId: exam.patient.patientId,
    startedMs: exam.startedMs,
    record: JSON.stringify(exam),
  });
}

export function readExam(db: Database, id: string): Exam | null {
  const row = db
    .query<{ record: string }, { id: string }>("SELECT record FROM exams WHERE id = $id")
    .get({ id });
  return row === null ? null : parsed<Exam>(row.record);
}

/** Exams newest first; of one study or in one state where asked. */
export function readExams(
  db: Database,
  filter: { readonly state?: Exam["state"] | undefined; readonly studyInstanceUid?: string },
): Exam[] {
  return db
    .query<{ record: string }, { state: string | null; studyUid: string | null }>(
      `SELECT record FROM exams WHERE ($state IS NULL OR state = $state)
         AND ($studyUid IS NULL OR study_uid = $studyUid)
       ORDER BY started_ms DESC, id DESC LIMIT ${LISTED_MAX}`,
    )
    .all({ state: filter.state ?? null, studyUid: filter.studyInstanceUid ?? null })
    .map((r) => parsed<Exam>(r.record));
}

export function saveWorklistItem(db: Database, item: WorklistItem, nowMs: number): void {
  db.query(
    `INSERT INTO worklist_items VALUES ($id, $patientId, $accessionNumber, $requestedProcedureId,
       $stepId, $date, $nowMs, $record)
     ON CONFLICT (id) DO UPDATE SET patient_id = excluded.patient_id,
       accession_number = excluded.accession_number,
       requested_procedure_id = excluded.requested_procedure_id, step_id = excluded.step_id,
       scheduled_date = excluded.scheduled_date, updated_ms = excluded.updated_ms,
       record = excluded.record`,
  ).run({
    id: item.id,
    patientId: item.patient.patientId,
    accessionNumber: item.accessionNumber,
    requestedProcedureId: item.requestedProcedureId,
    stepId: item.scheduledProcedureStepId,
    date: item.scheduledDate,
    nowMs,
    record: JSON.stringify(item),
  });
}

/** All items kept, by scheduled time; those without one last (quirk W14). */
export function readWorklist(db: Database): WorklistItem[] {
  return db
    .query<{ record: string }, []>(
      `SELECT record FROM worklist_items
       ORDER BY scheduled_date = '', scheduled_date, json_extract(record, '$.scheduledTime') = '',
         json_extract(record, '$.scheduledTime'), id LIMIT ${LISTED_MAX}`,
    )
    .all()
    .map((r) => parsed<WorklistItem>(r.record));
}

export function readWorklistItem(db: Database, id: string): WorklistItem | null {
  const row = db
    .query<{ record: string }, { id: string }>("SELECT record FROM worklist_items WHERE id = $id")
    .get({ id });
  return row === null ? null : parsed<WorklistItem>(row.record);
}

/** Removes every item but those named. */
export function keepWorklist(db: Database, ids: readonly string[]): void {
  db.query("DELETE FROM worklist_items WHERE id NOT IN (SELECT value FROM json_each($ids))").run({
    ids: JSON.stringify(ids),
  });
}

/**
 * The Study Instance UID made for an order that came without one (quirk W4): the one kept, else
 * `candidate`, which is kept from now on.
 */
export function madeStudyUid(
  db: Database,
  order: { readonly accessionNumber: string; readonly requestedProcedureId: string },
  candidate: string,
): string {
  db.query(
    "INSERT OR IGNORE INTO made_study_uids VALUES ($accessionNumber, $requestedProcedureId, $candidate)",
  ).run({ ...order, candidate });
  const row = db
    .query<{ study_uid: string }, { accessionNumber: string; requestedProcedureId: string }>(
      `SELECT study_uid FROM made_study_uids WHERE accession_number = $accessionNumber
         AND requested_procedure_id = $requestedProcedureId`,
    )
    .get({ ...order });
  return row?.study_uid ?? candidate;
}

export function saveSetting(db: Database, key: string, value: unknown): void {
  db.query(
    "INSERT INTO settings VALUES ($key, $value) ON CONFLICT DO UPDATE SET value = excluded.value",
  ).run({ key, value: JSON.stringify(value ?? null) });
}

/** The value as it was given, null when there is none. */
export function readSetting(db: Database, key: string): unknown {
  const row = db
    .query<{ value: string }, { key: string }>("SELECT value FROM settings WHERE key = $key")
    .get({ key });
  return row === null ? null : parsed<unknown>(row.value);
}

/** Takes `count` numbers of a counter that starts at 1 and never gives one twice; the first of them. */
export function takeNumbers(db: Database, name: string, count: number): number {
  const row = db
    .query<{ next: number }, { name: string; count: number }>(
      `INSERT INTO counters VALUES ($name, 1 + $count)
       ON CONFLICT DO UPDATE SET next = next + $count RETURNING next`,
    )
    .get({ name, count });
  return (row?.next ?? count + 1) - count;
}

/** JSON that this program wrote itself. */
function parsed<T>(json: string): T {
  return JSON.parse(json) as T;
}
