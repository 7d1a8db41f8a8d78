// What really happened on a simulated day, seen from outside the program: what became durable, what was
// acknowledged, what the beam did. The checks at the end compare it with what others were told.

import type { Exam } from "../../src/model/exam.ts";
import type { ExposureReport } from "../../src/model/exposure.ts";
import type { InstanceRecord } from "../../src/model/instance.ts";
import type { CommitmentAnswer } from "../../src/store/commitment-table.ts";
import type { NewJob, SendResult } from "../../src/store/job-table.ts";
import type { Change } from "../../src/store/records.ts";
import type { StorageMethod, StoragePort } from "../../src/store/storage-port.ts";
import type { Observer } from "./machine.ts";

export class Ledger implements Observer {
  /** Instances that were ever durable, by SOP Instance UID. */
  readonly made = new Map<string, InstanceRecord>();
  /** The newest record of each exam. */
  readonly exams = new Map<string, Exam>();
  /** Instances whose storage at the archive is recorded, and the answer will not be forgotten. */
  readonly acknowledged = new Set<string>();
  /** Instances that the archive acknowledged and disowned afterwards (commitment failure). */
  readonly #disowned = new Set<string>();
  /** When somebody asked for such an instance to be sent again, by SOP Instance UID. */
  readonly askedAgainMs = new Map<string, number>();
  readonly beams: ExposureReport[] = [];
  /** Studies deleted, with the instances they had. */
  readonly deleted = new Map<string, readonly string[]>();
  readonly cutsMs: number[] = [];
  readonly #nowMs: () => number;
  readonly #mayGo: (record: InstanceRecord) => string | null;
  readonly #complain: (what: string) => void;
  #storage: StoragePort | null = null;

  /** `mayGo` tells why an instance must not be deleted, or null. */
  constructor(
    nowMs: () => number,
    mayGo: (record: InstanceRecord) => string | null,
    complain: (what: string) => void,
  ) {
    this.#nowMs = nowMs;
    this.#mayGo = mayGo;
    this.#complain = complain;
  }

  started(storage: StoragePort): void {
    this.#storage = storage;
    this.#take(storage);
    for (const uid of this.made.keys())
      if (storage.reader.isStoredAt(uid, "archive")) this.acknowledged.add(uid);
    const { missing } = storage.reconciliation;
    if (missing.length > 0) this.#complain(`missing at the start: ${missing}`);
    for (const record of this.made.values())
      if (!this.#isDeleted(record) && storage.reader.instance(record.sopInstanceUid) === null)
        this.#lostOrDeleted(record);
  }

  stored(method: StorageMethod, args: readonly unknown[], result: unknown): void {
    switch (method) {
      case "writeObject":
      case "finishRun":
      case "commitIncoming": {
        const { kind, record } = result as { kind: string; record?: InstanceRecord };
        if (kind === "stored" && record !== undefined) this.made.set(record.sopInstanceUid, record);
        this.#changes((args[0] as { changes?: readonly Change[] }).changes ?? []);
        break;
      }
      case "apply":
        this.#changes(args[0] as readonly Change[]);
        break;
      case "recordSend": {
        const { item, sendState } = args[0] as SendResult;
        if (sendState === "stored" || sendState === "warning")
          this.acknowledged.add(item.sopInstanceUid);
        break;
      }
      case "recordCommitment":
        for (const { sopInstanceUid, failureReason } of args[1] as readonly CommitmentAnswer[])
          if (failureReason === null) this.#disowned.delete(sopInstanceUid);
          else if (this.acknowledged.has(sopInstanceUid)) this.#disowned.add(sopInstanceUid);
        break;
      case "createJob": {
        const { parameters, items } = args[0] as NewJob;
        if (parameters.type !== "send") break;
        for (const uid of items)
          if (this.#disowned.delete(uid)) {
            this.acknowledged.delete(uid);
            this.askedAgainMs.set(uid, this.#nowMs());
          }
        break;
      }
      case "deleteStudy":
      case "deleteCommitted": {
        const { kind, studyInstanceUid } = result as { kind: string; studyInstanceUid?: string };
        if (kind === "deleted") this.#gone(studyInstanceUid ?? String(args[0]));
        break;
      }
    }
  }

  beam(report: ExposureReport): void {
    this.beams.push(report);
  }

  cut(): void {
    this.cutsMs.push(this.#nowMs());
  }

  /** A stop breaks off what is being sent, as a cut does. */
  stopped(): void {
    this.cutsMs.push(this.#nowMs());
  }

  /** Exams and instances as they lie there now. */
  #take({ reader }: StoragePort): void {
    for (const exam of reader.exams()) {
      this.exams.set(exam.id, exam);
      for (const record of reader.instancesOfStudy(exam.studyInstanceUid))
        this.made.set(record.sopInstanceUid, record);
    }
  }

  #changes(changes: readonly Change[]): void {
    for (const change of changes)
      if (change.kind === "exam") this.exams.set(change.exam.id, change.exam);
  }

  #isDeleted(record: InstanceRecord): boolean {
    return this.deleted.get(record.studyInstanceUid)?.includes(record.sopInstanceUid) ?? false;
  }

  /** A deletion may have been cut short before anybody heard of it. */
  #lostOrDeleted(record: InstanceRecord): void {
    const study = record.studyInstanceUid;
    if (this.#storage?.reader.study(study) !== null)
      this.#complain(`${record.sopInstanceUid} was durable and is not there after a start`);
    else this.#gone(study);
  }

  #gone(study: string): void {
    const records = [...this.made.values()].filter(
      (r) => r.studyInstanceUid === study && !this.#isDeleted(r),
    );
    for (const record of records) {
      const why = this.#mayGo(record);
      if (why !== null) this.#complain(`${record.sopInstanceUid} was deleted, but ${why}`);
    }
    this.deleted.set(study, [
      ...(this.deleted.get(study) ?? []),
      ...records.map((r) => r.sopInstanceUid),
    ]);
  }
}
