// Questions to the database, answered at once. Works on the writing connection and on one that only
// reads (the main thread has such a one; a commit is visible to it as soon as it was answered).

import type { RestoreNote } from "../model/backup.ts";
import type { CalibrationRecord } from "../model/calibration.ts";
import type { Exam } from "../model/exam.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { WorklistItem } from "../model/worklist-item.ts";
import { readMaps } from "./calibration-table.ts";
import {
  readCommitment,
  readCommitmentItems,
  readCommitmentsWaiting,
  readDeletable,
  readOpenCommitments,
  readToCommit,
  readUncommitted,
  readUnsaved,
  type ToCommit,
} from "./commitment-table.ts";
import type { Database } from "./database.ts";
import { readRestoreNote } from "./database-copy.ts";
import { readExam, readExams, readSetting, readWorklist, readWorklistItem } from "./exam-table.ts";
import {
  listInstances,
  readInstance,
  readInstancesOfExam,
  readInstancesOfStudy,
  readMissing,
  readMissingToTell,
  readSendStates,
  readSeries,
  readStudies,
} from "./instance-table.ts";
import {
  isStoredAt,
  isStudyInJob,
  type JobItem,
  readJob,
  readJobItems,
  readJobs,
  readUnsent,
  type StoredJob,
} from "./job-table.ts";
import { readMpps } from "./mpps-table.ts";
import type {
  Commitment,
  CommitmentItem,
  CommitmentsWaiting,
  InstanceListing,
  MppsMessage,
  SendState,
  SeriesRecord,
  StudyFilter,
  StudyListing,
} from "./records.ts";

export class StoreReader {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Studies with a readable instance, newest first. */
  studies(filter: StudyFilter = {}): StudyListing[] {
    return readStudies(this.#db, filter);
  }

  study(studyInstanceUid: string): StudyListing | null {
    return readStudies(this.#db, { studyInstanceUid })[0] ?? null;
  }

  series(studyInstanceUid: string): SeriesRecord[] {
    return readSeries(this.#db, studyInstanceUid);
  }

  /** The instance, unless its file is missing. */
  instance(sopInstanceUid: string): InstanceRecord | null {
    return readInstance(this.#db, sopInstanceUid);
  }

  instancesOfStudy(studyInstanceUid: string): InstanceRecord[] {
    return readInstancesOfStudy(this.#db, studyInstanceUid);
  }

  instancesOfExam(examId: string): InstanceRecord[] {
    return readInstancesOfExam(this.#db, examId);
  }

  /** Instances with their send, commit, print and export state. */
  listings(records: readonly InstanceRecord[]): InstanceListing[] {
    return listInstances(this.#db, records);
  }

  /** Instances whose file is gone or short. */
  missing(): string[] {
    return readMissing(this.#db);
  }

  /**
   * Those that somebody should know of; the others a restore left behind, and an archive has them. For a
   * start: 100,000 of them take a quarter of a second.
   */
  missingToTell(): ReturnType<typeof readMissingToTell> {
    return readMissingToTell(this.#db, readRestoreNote(this.#db)?.restoredMs ?? 0);
  }

  /** The last restore; null where there was none. */
  restoreNote(): RestoreNote | null {
    return readRestoreNote(this.#db);
  }

  sendStates(sopInstanceUid: string): SendState[] {
    return readSendStates(this.#db, sopInstanceUid);
  }

  isStoredAt(sopInstanceUid: string, remoteId: string): boolean {
    return isStoredAt(this.#db, sopInstanceUid, remoteId);
  }

  /** Own instances that no job ever took to the remote: for sending by itself after a restart. */
  unsent(remoteId: string): { sopInstanceUid: string; studyInstanceUid: string }[] {
    return readUnsent(this.#db, remoteId);
  }

  /** Calibration maps of every panel, mode and state. */
  calibrationMaps(): CalibrationRecord[] {
    return readMaps(this.#db).map(({ file: _, ...record }) => record);
  }

  exam(id: string): Exam | null {
    return readExam(this.#db, id);
  }

  exams(filter: { state?: Exam["state"]; studyInstanceUid?: string } = {}): Exam[] {
    return readExams(this.#db, filter);
  }

  worklist(): WorklistItem[] {
    return readWorklist(this.#db);
  }

  worklistItem(id: string): WorklistItem | null {
    return readWorklistItem(this.#db, id);
  }

  job(id: string): StoredJob | null {
    return readJob(this.#db, id);
  }

  jobs(): StoredJob[] {
    return readJobs(this.#db);
  }

  jobItems(id: string): JobItem[] {
    return readJobItems(this.#db, id);
  }

  isStudyInJob(studyInstanceUid: string): boolean {
    return isStudyInJob(this.#db, studyInstanceUid);
  }

  commitment(transactionUid: string): Commitment | null {
    return readCommitment(this.#db, transactionUid);
  }

  openCommitments(): Commitment[] {
    return readOpenCommitments(this.#db);
  }

  commitmentItems(transactionUid: string): CommitmentItem[] {
    return readCommitmentItems(this.#db, transactionUid);
  }

  /** Instances the remote is to be asked about now; `again`: also what was asked before. */
  toCommit(
    remoteId: string,
    options: { readonly studyUid?: string | undefined; readonly again: boolean },
  ): ToCommit[] {
    return readToCommit(this.#db, remoteId, options);
  }

  /** What each remote still owes an answer for, and what it refused. */
  commitmentsWaiting(): CommitmentsWaiting[] {
    return readCommitmentsWaiting(this.#db);
  }

  /** Own instances of the study that the remote has not committed. */
  uncommitted(studyInstanceUid: string, remoteId: string): string[] {
    return readUncommitted(this.#db, studyInstanceUid, remoteId);
  }

  /** What is lost with this device's disk: studies, and instances, made here and nowhere else. */
  unsaved(archiveIds: readonly string[]): { studies: number; instances: number } {
    return readUnsaved(this.#db, archiveIds);
  }

  /** Studies that may be deleted for space, oldest first. */
  deletable(archiveIds: readonly string[]): string[] {
    return readDeletable(this.#db, archiveIds);
  }

  mpps(filter: { examId?: string; unfinished?: boolean } = {}): MppsMessage[] {
    return readMpps(this.#db, filter);
  }

  setting(key: string): unknown {
    return readSetting(this.#db, key);
  }

  close(): void {
    this.#db.close();
  }
}
