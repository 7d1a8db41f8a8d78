// The store: one database and the object files beside it, with one writer. Every method that changes
// something has changed it durably when it returns or resolves (WAL, FULL).

import type { Log } from "../core/log.ts";
import type { CalibrationRecord } from "../model/calibration.ts";
import type { WorklistItem } from "../model/worklist-item.ts";
import {
  CalibrationFiles,
  type LoadedMaps,
  type LoadOrder,
  type NewMap,
} from "./calibration-files.ts";
import type { MapScope } from "./calibration-table.ts";
import { applyChange } from "./changes.ts";
import {
  type CommitmentAnswer,
  type CommitmentOutcome,
  insertCommitment,
  readDeletable,
  saveCommitmentAnswers,
  saveCommitmentState,
  supersedeCommitments,
} from "./commitment-table.ts";
import { type Database, damaged, isDatabaseError, isDatabaseFull } from "./database.ts";
import { DiskError, type DiskPort } from "./disk.ts";
import {
  keepWorklist,
  madeStudyUid,
  readExams,
  saveWorklistItem,
  takeNumbers,
} from "./exam-table.ts";
import {
  forgetRemoval,
  readFileBytes,
  removeStudy,
  saveOutputState,
  studyExists,
} from "./instance-table.ts";
import {
  insertJob,
  type JobItem,
  type NewJob,
  type SendResult,
  type StoredJob,
  saveJob,
  saveJobItem,
  saveSendResult,
} from "./job-table.ts";
import { saveMpps } from "./mpps-table.ts";
import { type DiskFull, ObjectFiles } from "./object-files.ts";
import {
  type AppendOutcome,
  type BeginOutcome,
  type IncomingCommit,
  type ObjectWrite,
  ObjectWriter,
  type PixelRef,
  type RunBegin,
  type RunFinish,
  type UnaskedCommit,
  type WholeCommit,
  type WriteOutcome,
} from "./object-writer.ts";
import { type HeaderReader, type Reconciliation, reconcile } from "./reconcile.ts";
import type { Change, Commitment, MppsMessage, OutputState } from "./records.ts";
import { StoreError } from "./store-error.ts";
import { StoreReader } from "./store-reader.ts";

export interface StoreParts {
  readonly db: Database;
  readonly disk: DiskPort;
  readonly readHeader: HeaderReader;
  readonly log: Log;
  /** Stamp of rows that this start makes, epoch ms. */
  readonly nowMs: number;
  /** The shared memory that pixel references point into. */
  readonly memory?: ArrayBufferLike | undefined;
  /** Space kept free; DISK_RESERVE_BYTES unless told. */
  readonly reserveBytes?: number | undefined;
}

export type DeleteOutcome =
  | { readonly kind: "deleted"; readonly instances: number }
  | { readonly kind: "unknown-study" }
  | { readonly kind: "open-exam"; readonly examId: string };

export type DeleteCommittedOutcome =
  | {
      readonly kind: "deleted";
      readonly studyInstanceUid: string;
      readonly instances: number;
      /** Of its files. */
      readonly bytes: number;
    }
  /** An object that a peer sent unasked: the first to go. */
  | { readonly kind: "unasked"; readonly bytes: number }
  /** No study may go. */
  | { readonly kind: "none" };

export class Store {
  readonly reader: StoreReader;
  /** What the start found. */
  readonly reconciliation: Reconciliation;
  readonly #db: Database;
  readonly #files: ObjectFiles;
  readonly #writer: ObjectWriter;
  readonly #calibration: CalibrationFiles;
  readonly #log: Log;

  private constructor(parts: StoreParts, files: ObjectFiles, reconciliation: Reconciliation) {
    this.#db = parts.db;
    this.#files = files;
    this.#log = parts.log;
    this.#writer = new ObjectWriter(parts.db, files, parts.memory ?? null);
    this.#calibration = new CalibrationFiles(parts.db, parts.disk, parts.memory ?? null);
    this.#calibration.tidy();
    this.reader = new StoreReader(parts.db);
    this.reconciliation = reconciliation;
  }

  /** Brings files and rows together, then is ready. @throws StoreError */
  static async open(parts: StoreParts): Promise<Store> {
    try {
      const files = new ObjectFiles(parts.disk, parts.reserveBytes);
      const found = await reconcile(parts.db, files, parts.readHeader, parts.nowMs, parts.log);
      return new Store(parts, files, found);
    } catch (error) {
      if (error instanceof DiskError)
        throw new StoreError(
          `the object store cannot be opened: ${error.message}; check the disk and its permissions`,
          { cause: error },
        );
      // Damage in the middle of the file shows only when it is read.
      throw damaged(error, parts.db.filename) ?? error;
    }
  }

  close(): void {
    this.#writer.close();
    this.#db.close();
  }

  // ---- objects ----------------------------------------------------------------------------------

  writeObject(object: ObjectWrite): Promise<WriteOutcome> {
    return this.#writer.write(object);
  }

  beginRun(begin: RunBegin): Promise<BeginOutcome> {
    return this.#writer.beginRun(begin);
  }

  appendRun(runId: number, pixels: PixelRef): Promise<AppendOutcome> {
    return this.#writer.appendRun(runId, pixels);
  }

  finishRun(finish: RunFinish): Promise<WriteOutcome> {
    return this.#writer.finishRun(finish);
  }

  abandonRun(runId: number): void {
    this.#writer.abandonRun(runId);
  }

  /** A passing name for a file that the caller writes himself, or how much space lacks for it. */
  reserveIncoming(
    sopInstanceUid: string,
    expectedBytes: number,
  ): { readonly kind: "reserved"; readonly partPath: string } | DiskFull {
    return (
      this.#files.lackOf(expectedBytes) ?? {
        kind: "reserved",
        partPath: this.#files.partPath(sopInstanceUid),
      }
    );
  }

  commitIncoming(incoming: IncomingCommit): Promise<WriteOutcome> {
    return this.#writer.commitIncoming(incoming);
  }

  /** The same for one that was received into memory, written here as well. */
  commitWhole(whole: WholeCommit): Promise<WriteOutcome> {
    return this.#writer.commitWhole(whole);
  }

  /** Keeps a received file that nobody asked for, unlisted, until its space is wanted. */
  commitUnasked(unasked: UnaskedCommit): Promise<{ readonly kind: "kept" } | DiskFull> {
    return this.#writer.commitUnasked(unasked);
  }

  /** Null when so many bytes can be stored: asked before an exposure is allowed. */
  canStore(bytes: number): DiskFull | null {
    return this.#files.lackOf(bytes);
  }

  /**
   * Deletes a study with its objects, for good. Whether it may go (committed, PIN) is the caller's
   * business; only an open exam refuses.
   */
  deleteStudy(studyInstanceUid: string): DeleteOutcome {
    const open = readExams(this.#db, { studyInstanceUid, state: "open" })[0];
    if (open !== undefined) return { kind: "open-exam", examId: open.id };
    if (!studyExists(this.#db, studyInstanceUid)) return { kind: "unknown-study" };
    const paths = this.#transact(() => removeStudy(this.#db, studyInstanceUid));
    try {
      this.#files.remove(paths);
      this.#transact(() => {
        for (const path of paths) forgetRemoval(this.#db, path);
      });
    } catch (error) {
      // The rows are gone and the files are noted: the next start removes them.
      if (!(error instanceof DiskError)) throw error;
      this.#log.error("files-left-after-delete", { studyInstanceUid, error });
    }
    return { kind: "deleted", instances: paths.length };
  }

  /**
   * Deletes what nobody asked for, the oldest object first; then, a call each, the oldest study that
   * every archive has committed: of no open exam and no unfinished job.
   * Looked up and deleted in one go, so that no job can come in between.
   */
  deleteCommitted(archiveIds: readonly string[]): DeleteCommittedOutcome {
    const unaskedBytes = this.#files.unasked.dropOldest();
    if (unaskedBytes !== null) return { kind: "unasked", bytes: unaskedBytes };
    const studyInstanceUid = readDeletable(this.#db, archiveIds, 1)[0];
    if (studyInstanceUid === undefined) return { kind: "none" };
    const bytes = readFileBytes(this.#db, studyInstanceUid);
    const outcome = this.deleteStudy(studyInstanceUid);
    return outcome.kind === "deleted"
      ? { kind: "deleted", studyInstanceUid, instances: outcome.instances, bytes }
      : { kind: "none" };
  }

  markOutput(sopInstanceUids: readonly string[], output: OutputState): void {
    this.#transact(() => {
      for (const uid of sopInstanceUids) saveOutputState(this.#db, uid, output);
    });
  }

  // ---- exams, worklist, numbers -----------------------------------------------------------------

  /** Several rows at once: all of them or none. */
  apply(changes: readonly Change[]): void {
    this.#transact(() => {
      for (const change of changes) applyChange(this.#db, change);
    });
  }

  saveWorklist(items: readonly WorklistItem[], nowMs: number): void {
    this.#transact(() => {
      for (const item of items) saveWorklistItem(this.#db, item, nowMs);
    });
  }

  /** Drops every worklist item but those named. */
  keepWorklist(ids: readonly string[]): void {
    this.#transact(() => keepWorklist(this.#db, ids));
  }

  madeStudyUid(
    order: { readonly accessionNumber: string; readonly requestedProcedureId: string },
    candidate: string,
  ): string {
    return this.#transact(() => madeStudyUid(this.#db, order, candidate));
  }

  /** `count` fresh numbers of a counter from the one returned on; never given again. */
  takeNumbers(counter: string, count: number): number {
    return this.#transact(() => takeNumbers(this.#db, counter, count));
  }

  // ---- jobs -------------------------------------------------------------------------------------

  createJob(job: NewJob): StoredJob {
    return this.#transact(() => insertJob(this.#db, job));
  }

  saveJob(job: StoredJob, items: readonly JobItem[] = []): void {
    this.#transact(() => {
      for (const item of items) saveJobItem(this.#db, job.id, item);
      saveJob(this.#db, job);
    });
  }

  /** Records one C-STORE answer: what is acknowledged here is never sent there again. */
  recordSend(result: SendResult): void {
    this.#transact(() => saveSendResult(this.#db, result));
  }

  // ---- calibration ------------------------------------------------------------------------------

  /** Keeps new maps beside those in use, until they are accepted or discarded. */
  saveCalibration(maps: readonly NewMap[]): Promise<readonly CalibrationRecord[]> {
    return this.#calibration.save(maps);
  }

  acceptCalibration(): void {
    this.#transacted(() => this.#calibration.accept());
  }

  discardCalibration(): void {
    this.#transacted(() => this.#calibration.discard());
  }

  /** The maps before the last accepted ones come into use again; false where there are none. */
  undoCalibration(scope: MapScope): boolean {
    return this.#transacted(() => this.#calibration.undo(scope));
  }

  /** Reads the maps in use of a mode into the shared memory. */
  loadCalibration(order: LoadOrder): LoadedMaps {
    return this.#calibration.load(order);
  }

  // ---- commitment, MPPS -------------------------------------------------------------------------

  createCommitment(
    commitment: Pick<Commitment, "transactionUid" | "remoteId" | "studyInstanceUid" | "createdMs">,
    sopInstanceUids: readonly string[],
  ): void {
    this.#transact(() => insertCommitment(this.#db, commitment, sopInstanceUids));
  }

  setCommitmentState(transactionUid: string, state: Commitment["state"], reason?: string): void {
    this.#transact(() => saveCommitmentState(this.#db, transactionUid, state, reason));
  }

  /** Gives up on the remote's transactions without an answer; their instances are asked for anew. */
  supersedeCommitments(remoteId: string, reason: string): void {
    this.#transact(() => supersedeCommitments(this.#db, remoteId, reason));
  }

  recordCommitment(
    transactionUid: string,
    answers: readonly CommitmentAnswer[],
    atMs: number,
  ): CommitmentOutcome {
    return this.#transact(() => saveCommitmentAnswers(this.#db, transactionUid, answers, atMs));
  }

  saveMpps(message: Pick<MppsMessage, "number" | "state" | "attempts" | "reason">): void {
    this.#transact(() => saveMpps(this.#db, message));
  }

  /** All or nothing, durable when it returns. @throws StoreError */
  #transact<T>(act: () => T): T {
    return this.#transacted(this.#db.transaction(act));
  }

  /** The same for what makes its own transaction. */
  #transacted<T>(act: () => T): T {
    try {
      return act();
    } catch (cause) {
      if (!isDatabaseError(cause)) throw cause;
      throw new StoreError(
        isDatabaseFull(cause)
          ? "the disk is full: nothing was changed; delete studies or free space"
          : `the database was not changed: ${cause.message}; check the disk`,
        { cause },
      );
    }
  }
}
