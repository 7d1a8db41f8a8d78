// The store as the rest of the device sees it: every change is a promise that resolves when the
// change is durable, every question is answered at once. Behind it is a worker thread, or the same
// thread in a simulation.

import type { ByteSource } from "../core/byte-source.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { IncomingFile } from "./incoming-file.ts";
import type { Reconciliation } from "./reconcile.ts";
import type { Store } from "./store.ts";
import type { StoreReader } from "./store-reader.ts";

/** Methods of the store that change something or need its disk, called across threads. */
export const STORAGE_METHODS = [
  "writeObject",
  "beginRun",
  "appendRun",
  "finishRun",
  "abandonRun",
  "reserveIncoming",
  "commitIncoming",
  "commitWhole",
  "commitUnasked",
  "canStore",
  "deleteStudy",
  "deleteCommitted",
  "markOutput",
  "apply",
  "saveWorklist",
  "keepWorklist",
  "madeStudyUid",
  "takeNumbers",
  "createJob",
  "saveJob",
  "recordSend",
  "createCommitment",
  "setCommitmentState",
  "supersedeCommitments",
  "recordCommitment",
  "saveMpps",
  "saveCalibration",
  "acceptCalibration",
  "discardCalibration",
  "undoCalibration",
  "loadCalibration",
] as const satisfies readonly (keyof Store)[];

export type StorageMethod = (typeof STORAGE_METHODS)[number];

/** What a method answers, once the promise around it is gone. */
export type StorageResult<K extends StorageMethod> = Awaited<ReturnType<Store[K]>>;

export type StorageCalls = {
  readonly [K in StorageMethod]: (...args: Parameters<Store[K]>) => Promise<StorageResult<K>>;
};

export interface StoragePort extends StorageCalls {
  /** Answers from the last durable state. */
  readonly reader: StoreReader;
  readonly reconciliation: Reconciliation;
  /** Absolute path of an instance's file. */
  filePath(record: InstanceRecord): string;
  /** Bytes of an instance's file, all of them unless told. Whoever asks closes the source. */
  source(record: InstanceRecord, offset?: number, byteLength?: number): ByteSource;
  /** Opens a name of `reserveIncoming` for writing. @throws StoreError */
  openIncoming(partPath: string): Promise<IncomingFile>;
  /** Resolves when everything asked for before is done and the database is closed. */
  close(): Promise<void>;
}
