// Studies, series and instances: rows in, records and listings out.

import type { InstanceRecord } from "../model/instance.ts";
import type { Database } from "./database.ts";
import type {
  CommitState,
  CommitStateName,
  InstanceListing,
  OutputState,
  SendState,
  SendStateName,
  SeriesRecord,
  StudyFilter,
  StudyListing,
  StudyRecord,
} from "./records.ts";
import { dateRange, folded, likePattern } from "./search.ts";

/** Studies that one listing holds at most, newest first. */
export const STUDIES_LISTED_MAX = 1_000;

export function saveStudy(db: Database, study: StudyRecord, nowMs: number): void {
  db.query(
    `INSERT INTO studies VALUES ($studyInstanceUid, $patientId, $patientName, $folded, $birthDate,
       $sex, $studyDate, $studyTime, $studyId, $accessionNumber, $description, $nowMs)
     ON CONFLICT (study_uid) DO UPDATE SET patient_id = excluded.patient_id,
       patient_name = excluded.patient_name, name_folded = excluded.name_folded,
       birth_date = excluded.birth_date, sex = excluded.sex, study_date = excluded.study_date,
       study_time = excluded.study_time, study_id = excluded.study_id,
       accession_number = excluded.accession_number, description = excluded.description`,
  ).run({ ...study, folded: folded(study.patientName), nowMs });
}

export function saveSeries(db: Database, series: SeriesRecord): void {
  db.query(
    `INSERT INTO series VALUES ($seriesInstanceUid, $studyInstanceUid, $modality, $seriesNumber,
       $description, $bodyPart)
     ON CONFLICT (series_uid) DO UPDATE SET description = excluded.description,
       body_part = excluded.body_part`,
  ).run({ ...series });
}

interface InstanceRow {
  readonly sop_uid: string;
  readonly series_uid: string;
  readonly study_uid: string;
  readonly sop_class_uid: string;
  readonly transfer_syntax_uid: string;
  readonly modality: string;
  readonly series_number: number;
  readonly instance_number: number;
  readonly number_of_frames: number;
  readonly row_count: number;
  readonly column_count: number;
  readonly path: string;
  readonly file_bytes: number;
  readonly pixel_offset: number;
  readonly pixel_bytes: number;
  readonly created_ms: number;
  readonly exam_id: string | null;
  readonly irradiation_event_uid: string | null;
  readonly is_local: number;
  readonly file_state: "stored" | "missing";
}

/** Inserts the instance, or replaces one whose file went missing. */
export function saveInstance(db: Database, r: InstanceRecord): void {
  db.query("DELETE FROM pending_removals WHERE path = $path").run({ path: r.path });
  db.query(
    `INSERT INTO instances VALUES ($sopInstanceUid, $seriesInstanceUid, $studyInstanceUid,
       $sopClassUid, $transferSyntaxUid, $modality, $seriesNumber, $instanceNumber,
       $numberOfFrames, $rows, $columns, $path, $fileBytes, $pixelOffset, $pixelBytes, $createdMs,
       $examId, $irradiationEventUid, $local, 'stored')
     ON CONFLICT (sop_uid) DO UPDATE SET path = excluded.path, file_bytes = excluded.file_bytes,
       pixel_offset = excluded.pixel_offset, pixel_bytes = excluded.pixel_bytes,
       transfer_syntax_uid = excluded.transfer_syntax_uid, file_state = 'stored'`,
  ).run({ ...r, local: r.local ? 1 : 0 });
}

function recordOf(row: InstanceRow): InstanceRecord {
  return {
    sopInstanceUid: row.sop_uid,
    sopClassUid: row.sop_class_uid,
    transferSyntaxUid: row.transfer_syntax_uid,
    studyInstanceUid: row.study_uid,
    seriesInstanceUid: row.series_uid,
    modality: row.modality,
    seriesNumber: row.series_number,
    instanceNumber: row.instance_number,
    numberOfFrames: row.number_of_frames,
    rows: row.row_count,
    columns: row.column_count,
    path: row.path,
    fileBytes: row.file_bytes,
    pixelOffset: row.pixel_offset,
    pixelBytes: row.pixel_bytes,
    createdMs: row.created_ms,
    examId: row.exam_id,
    irradiationEventUid: row.irradiation_event_uid,
    local: row.is_local === 1,
  };
}

/** The instance, unless its file is missing. */
export function readInstance(db: Database, sopUid: string): InstanceRecord | null {
  const row = db
    .query<InstanceRow, { sopUid: string }>(
      "SELECT * FROM instances WHERE sop_uid = $sopUid AND file_state = 'stored'",
    )
    .get({ sopUid });
  return row === null ? null : recordOf(row);
}

/** Readable instances of a study in the order they were made. */
export function readInstancesOfStudy(db: Database, studyUid: string): InstanceRecord[] {
  return db
    .query<InstanceRow, { studyUid: string }>(
      `SELECT * FROM instances WHERE study_uid = $studyUid AND file_state = 'stored'
       ORDER BY series_number, instance_number, created_ms, sop_uid`,
    )
    .all({ studyUid })
    .map(recordOf);
}

export function readInstancesOfExam(db: Database, examId: string): InstanceRecord[] {
  return db
    .query<InstanceRow, { examId: string }>(
      `SELECT * FROM instances WHERE exam_id = $examId AND file_state = 'stored'
       ORDER BY created_ms, series_number, instance_number`,
    )
    .all({ examId })
    .map(recordOf);
}

export interface FileRow {
  readonly sopInstanceUid: string;
  readonly path: string;
  readonly fileBytes: number;
  readonly missing: boolean;
}

/** Every instance's file, readable or not. */
export function readFileRows(db: Database): FileRow[] {
  return db
    .query<Pick<InstanceRow, "sop_uid" | "path" | "file_bytes" | "file_state">, []>(
      "SELECT sop_uid, path, file_bytes, file_state FROM instances",
    )
    .all()
    .map((r) => ({
      sopInstanceUid: r.sop_uid,
      path: r.path,
      fileBytes: r.file_bytes,
      missing: r.file_state === "missing",
    }));
}

export function setFileState(db: Database, sopUid: string, state: "stored" | "missing"): void {
  db.query("UPDATE instances SET file_state = $state WHERE sop_uid = $sopUid").run({
    sopUid,
    state,
  });
}

export function readMissing(db: Database): string[] {
  return db
    .query<{ sop_uid: string }, []>("SELECT sop_uid FROM instances WHERE file_state = 'missing'")
    .all()
    .map((r) => r.sop_uid);
}

/**
 * Missing files that somebody should know of: of those made before `restoredMs`, which a restore could not
 * bring back, only what nobody else is known to have.
 */
export function readMissingToTell(
  db: Database,
  restoredMs: number,
): { readonly sopInstanceUid: string; readonly studyInstanceUid: string }[] {
  return db
    .query<{ sop_uid: string; study_uid: string }, { restoredMs: number }>(
      `SELECT sop_uid, study_uid FROM instances i WHERE file_state = 'missing'
         AND (created_ms >= $restoredMs OR (is_local = 1
           AND NOT EXISTS (SELECT 1 FROM send_states s
             WHERE s.sop_uid = i.sop_uid AND s.state IN ('stored', 'warning'))
           AND NOT EXISTS (SELECT 1 FROM commit_states s
             WHERE s.sop_uid = i.sop_uid AND s.state = 'committed')))`,
    )
    .all({ restoredMs })
    .map((row) => ({ sopInstanceUid: row.sop_uid, studyInstanceUid: row.study_uid }));
}

interface StudyRow {
  readonly study_uid: string;
  readonly patient_id: string;
  readonly patient_name: string;
  readonly birth_date: string;
  readonly sex: string;
  readonly study_date: string;
  readonly study_time: string;
  readonly study_id: string;
  readonly accession_number: string;
  readonly description: string;
  readonly created_ms: number;
  readonly modalities: string;
  readonly series_count: number;
  readonly instance_count: number;
}

type FilterValue = "studyUid" | "patientId" | "name" | "group" | "from" | "to";

/** Studies with a readable instance, newest first, at most {@link STUDIES_LISTED_MAX}. */
export function readStudies(db: Database, filter: StudyFilter): StudyListing[] {
  const where = ["i.file_state = 'stored'"];
  const values: { [K in FilterValue]?: string } = {};
  if (filter.studyInstanceUid !== undefined) {
    where.push("s.study_uid = $studyUid");
    values.studyUid = filter.studyInstanceUid;
  }
  if (filter.patientId !== undefined && filter.patientId !== "") {
    where.push("s.patient_id LIKE $patientId ESCAPE '\\'");
    values.patientId = likePattern(filter.patientId);
  }
  if (filter.name !== undefined && filter.name !== "") {
    const name = folded(filter.name);
    const wild = /[*?]/.test(name);
    where.push("(s.name_folded LIKE $name ESCAPE '\\' OR s.name_folded LIKE $group ESCAPE '\\')");
    values.name = wild ? likePattern(name) : `%${likePattern(name)}%`;
    values.group = `%=${likePattern(name)}`;
  }
  const range = filter.date === undefined ? null : dateRange(filter.date);
  if (range !== null) {
    where.push("s.study_date BETWEEN $from AND $to");
    values.from = range.from;
    values.to = range.to;
  }
  return db
    .query<StudyRow, { [K in FilterValue]?: string }>(
      `SELECT s.*, group_concat(DISTINCT i.modality) AS modalities,
         count(DISTINCT i.series_uid) AS series_count, count(*) AS instance_count
       FROM studies s JOIN instances i USING (study_uid)
       WHERE ${where.join(" AND ")} GROUP BY s.study_uid
       ORDER BY s.study_date DESC, s.study_time DESC, s.study_uid LIMIT ${STUDIES_LISTED_MAX}`,
    )
    .all(values)
    .map((r) => ({
      studyInstanceUid: r.study_uid,
      patientId: r.patient_id,
      patientName: r.patient_name,
      birthDate: r.birth_date,
      sex: r.sex,
      studyDate: r.study_date,
      studyTime: r.study_time,
      studyId: r.study_id,
      accessionNumber: r.accession_number,
      description: r.description,
      createdMs: r.created_ms,
      modalities: r.modalities.split(",").sort(),
      numberOfSeries: r.series_count,
      numberOfInstances: r.instance_count,
    }));
}

export function readSeries(db: Database, studyUid: string): SeriesRecord[] {
  return db
    .query<
      {
        series_uid: string;
        study_uid: string;
        modality: string;
        series_number: number;
        description: string;
        body_part: string;
      },
      { studyUid: string }
    >("SELECT * FROM series WHERE study_uid = $studyUid ORDER BY series_number, series_uid")
    .all({ studyUid })
    .map((r) => ({
      seriesInstanceUid: r.series_uid,
      studyInstanceUid: r.study_uid,
      modality: r.modality,
      seriesNumber: r.series_number,
      description: r.description,
      bodyPart: r.body_part,
    }));
}

/** The instances with what became of each outside. */
export function listInstances(db: Database, records: readonly InstanceRecord[]): InstanceListing[] {
  return records.map((record) => ({
    record,
    sends: readSendStates(db, record.sopInstanceUid),
    commits: readCommitStates(db, record.sopInstanceUid),
    outputs: readOutputStates(db, record.sopInstanceUid),
  }));
}

export function readSendStates(db: Database, sopUid: string): SendState[] {
  return db
    .query<
      { remote_id: string; state: SendStateName; status: number | null; at_ms: number },
      { sopUid: string }
    >("SELECT * FROM send_states WHERE sop_uid = $sopUid ORDER BY remote_id")
    .all({ sopUid })
    .map((r) => ({
      remoteId: r.remote_id,
      state: r.state,
      status: r.status ?? undefined,
      atMs: r.at_ms,
    }));
}

/** The state that counts per remote: committed by any transaction, else of the newest. */
export function readCommitStates(db: Database, sopUid: string): CommitState[] {
  return db
    .query<
      {
        remote_id: string;
        transaction_uid: string;
        state: CommitStateName;
        failure_reason: number | null;
        at_ms: number;
        transaction_state: CommitState["transactionState"];
        reason: string | null;
      },
      { sopUid: string }
    >(
      `SELECT remote_id, transaction_uid, s.state, failure_reason, at_ms,
         c.state AS transaction_state, c.reason,
         max(CASE s.state WHEN 'committed' THEN 9e15 ELSE c.rowid END)
       FROM commit_states s JOIN commitments c USING (transaction_uid)
       WHERE sop_uid = $sopUid GROUP BY remote_id ORDER BY remote_id`,
    )
    .all({ sopUid })
    .map((r) => ({
      remoteId: r.remote_id,
      transactionUid: r.transaction_uid,
      state: r.state,
      failureReason: r.failure_reason ?? undefined,
      atMs: r.at_ms,
      transactionState: r.transaction_state,
      reason: r.reason ?? undefined,
    }));
}

function readOutputStates(db: Database, sopUid: string): OutputState[] {
  return db
    .query<{ kind: "print" | "export"; target: string; at_ms: number }, { sopUid: string }>(
      "SELECT kind, target, at_ms FROM output_states WHERE sop_uid = $sopUid ORDER BY at_ms",
    )
    .all({ sopUid })
    .map((r) => ({ kind: r.kind, target: r.target, atMs: r.at_ms }));
}

export function saveOutputState(db: Database, sopUid: string, output: OutputState): void {
  db.query(
    `INSERT INTO output_states VALUES ($sopUid, $kind, $target, $atMs)
     ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms`,
  ).run({ sopUid, ...output });
}

/** True when something of the study was made here. */
export function hasLocalInstance(db: Database, studyUid: string): boolean {
  return (
    db
      .query("SELECT 1 FROM instances WHERE study_uid = $studyUid AND is_local = 1 LIMIT 1")
      .get({ studyUid }) !== null
  );
}

/** True for a study of which only received instances are known. */
export function isReceived(db: Database, studyUid: string): boolean {
  return studyExists(db, studyUid) && !hasLocalInstance(db, studyUid);
}

/** True for a database that has seen no exam and no instance yet. */
export function isEmpty(db: Database): boolean {
  return db.query("SELECT 1 FROM instances UNION ALL SELECT 1 FROM exams LIMIT 1").get() === null;
}

export function studyExists(db: Database, studyUid: string): boolean {
  return db.query("SELECT 1 FROM studies WHERE study_uid = $studyUid").get({ studyUid }) !== null;
}

/** Bytes of the files of a study that are there. */
export function readFileBytes(db: Database, studyUid: string): number {
  return (
    db
      .query<{ bytes: number | null }, { studyUid: string }>(
        `SELECT sum(file_bytes) AS bytes FROM instances WHERE study_uid = $studyUid
           AND file_state = 'stored'`,
      )
      .get({ studyUid })?.bytes ?? 0
  );
}

/** Takes a study's rows out and notes its files for removal. */
export function removeStudy(db: Database, studyUid: string): string[] {
  const paths = db
    .query<{ path: string }, { studyUid: string }>(
      "SELECT path FROM instances WHERE study_uid = $studyUid",
    )
    .all({ studyUid })
    .map((r) => r.path);
  for (const path of paths)
    db.query("INSERT OR IGNORE INTO pending_removals VALUES ($path)").run({ path });
  db.query("DELETE FROM commitments WHERE study_uid = $studyUid").run({ studyUid });
  db.query("DELETE FROM studies WHERE study_uid = $studyUid").run({ studyUid });
  return paths;
}

export function readPendingRemovals(db: Database): string[] {
  return db
    .query<{ path: string }, []>("SELECT path FROM pending_removals")
    .all()
    .map((r) => r.path);
}

export function forgetRemoval(db: Database, path: string): void {
  db.query("DELETE FROM pending_removals WHERE path = $path").run({ path });
}
