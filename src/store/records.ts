// What the database keeps besides the records of model/: studies, series, and per instance what
// became of it outside (sent, committed, printed, exported).

import type { Exam } from "../model/exam.ts";
import type { InstanceRecord } from "../model/instance.ts";

/** One study with the patient as its objects name him (PS3.3 C.7.1, C.7.2.1). Empty text: unknown. */
export interface StudyRecord {
  readonly studyInstanceUid: string;
  readonly patientId: string;
  readonly patientName: string;
  readonly birthDate: string;
  readonly sex: string;
  /** DA and TM. */
  readonly studyDate: string;
  readonly studyTime: string;
  readonly studyId: string;
  readonly accessionNumber: string;
  readonly description: string;
}

export interface SeriesRecord {
  readonly seriesInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly modality: string;
  readonly seriesNumber: number;
  readonly description: string;
  readonly bodyPart: string;
}

export interface StudyListing extends StudyRecord {
  readonly createdMs: number;
  readonly modalities: readonly string[];
  readonly numberOfSeries: number;
  readonly numberOfInstances: number;
}

/** Every field given must match. */
export interface StudyFilter {
  readonly studyInstanceUid?: string | undefined;
  /** Whole id; `*` and `?` are wildcards. */
  readonly patientId?: string | undefined;
  /** Without case: a part of the name, or with `*` and `?` a pattern for all of it. */
  readonly name?: string | undefined;
  /** One date, or a range "from-to" with either end left out; YYYYMMDD or YYYY-MM-DD. */
  readonly date?: string | undefined;
}

/** `lost`: the archive said it did not keep it, so it may be sent there again. */
export type SendStateName = "stored" | "warning" | "refused" | "lost";

export interface SendState {
  readonly remoteId: string;
  readonly state: SendStateName;
  /** C-STORE status of the answer that decided (PS3.4 B.2.3). */
  readonly status?: number | undefined;
  readonly atMs: number;
}

export type CommitStateName = "pending" | "committed" | "failed";

export interface CommitState {
  readonly remoteId: string;
  readonly transactionUid: string;
  readonly state: CommitStateName;
  /** Failure Reason (0008,1197), PS3.3 C.14.1.1. */
  readonly failureReason?: number | undefined;
  readonly atMs: number;
  /** Of the transaction; a pending instance of a failed or superseded one waits for nobody. */
  readonly transactionState: Commitment["state"];
  /** Why the transaction failed or was given up. */
  readonly reason?: string | undefined;
}

export interface OutputState {
  readonly kind: "print" | "export";
  /** Printer's id or medium's name. */
  readonly target: string;
  readonly atMs: number;
}

export interface InstanceListing {
  readonly record: InstanceRecord;
  readonly sends: readonly SendState[];
  readonly commits: readonly CommitState[];
  readonly outputs: readonly OutputState[];
}

/** One N-ACTION of storage commitment (PS3.4 J.3.2), kept before it is sent. */
export interface Commitment {
  readonly transactionUid: string;
  readonly remoteId: string;
  readonly studyInstanceUid: string;
  /** open: to be asked; requested: asked, no result yet; superseded: asked again under another UID. */
  readonly state: "open" | "requested" | "answered" | "failed" | "superseded";
  readonly createdMs: number;
  readonly answeredMs?: number | undefined;
  readonly reason?: string | undefined;
}

export interface CommitmentItem {
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly state: CommitStateName;
}

/** What a remote has not committed of what it was asked to. */
export interface CommitmentsWaiting {
  readonly remoteId: string;
  /** Instances asked for, or about to be, and not answered. */
  readonly pending: number;
  /** Since when the longest-waiting one is. */
  readonly oldestMs?: number | undefined;
  /** Instances that were refused, or whose request failed. */
  readonly failed: number;
  /** Why a request failed. */
  readonly reason?: string | undefined;
}

/** An MPPS message that is kept until its server took it (quirk M6). */
export interface MppsMessage {
  readonly number: number;
  readonly sopInstanceUid: string;
  readonly examId: string;
  readonly message: "create" | "set";
  /** The message's content, as its builder wrote it. */
  readonly document: unknown;
  readonly state: "waiting" | "done" | "failed";
  readonly attempts: number;
  readonly createdMs: number;
  readonly reason?: string | undefined;
}

export type NewMppsMessage = Pick<
  MppsMessage,
  "sopInstanceUid" | "examId" | "message" | "document" | "createdMs"
>;

/** Rows that change together with an object, or with each other. */
export type Change =
  | { readonly kind: "exam"; readonly exam: Exam }
  | { readonly kind: "mpps"; readonly message: NewMppsMessage }
  | { readonly kind: "setting"; readonly key: string; readonly value: unknown };
