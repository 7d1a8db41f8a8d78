// Sending by itself: after each acquisition or at the end of an exam, as each remote is configured. A
// crash between an object and its job must not lose the job: the start catches up with what no job
// ever took, from the moment on at which the remote was first configured to get it.

import type { Configuration, Remote } from "../config/configuration.ts";
import type { Clock } from "../core/clock.ts";
import type { JobQueue } from "../jobs/job-queue.ts";
import type { Exam } from "../model/exam.ts";
import type { StoragePort } from "../store/storage-port.ts";

export interface AutoSendParts {
  readonly clock: Clock;
  readonly configuration: () => Configuration;
  readonly storage: Pick<StoragePort, "reader" | "apply">;
  readonly jobs: Pick<JobQueue, "create">;
}

/** CID 9300: the wrong worklist entry was chosen; its images wait for the operator (M7). */
export const WRONG_WORKLIST_ENTRY = "110514";

export class AutoSend {
  readonly #parts: AutoSendParts;

  constructor(parts: AutoSendParts) {
    this.#parts = parts;
  }

  /** Notes since when each remote sends by itself, and makes the jobs that a crash prevented. */
  async catchUp(): Promise<void> {
    const { storage } = this.#parts;
    await this.noteRemotes();
    for (const remote of this.#automatic()) {
      const sinceMs = this.#sinceMs(remote) ?? Number.POSITIVE_INFINITY;
      const byStudy = Map.groupBy(
        storage.reader.unsent(remote.id).filter(({ sopInstanceUid }) => {
          const record = storage.reader.instance(sopInstanceUid);
          return record !== null && record.createdMs >= sinceMs && this.#due(remote, record.examId);
        }),
        ({ studyInstanceUid }) => studyInstanceUid,
      );
      for (const [study, instances] of byStudy)
        await this.#send(
          remote,
          study,
          instances.map((i) => i.sopInstanceUid),
        );
    }
  }

  /** Called when the configuration changed: a remote that newly sends by itself begins now. */
  async noteRemotes(): Promise<void> {
    const { clock, storage, configuration } = this.#parts;
    for (const remote of configuration().remotes) {
      const automatic = remote.send !== "manual" && remote.services.includes("storage");
      if (automatic === (this.#sinceMs(remote) !== null)) continue;
      const value = automatic ? clock.nowMs() : null;
      await storage.apply([{ kind: "setting", key: settingKey(remote), value }]);
    }
  }

  /** An object of an open exam became durable. */
  async onInstance(studyInstanceUid: string, sopInstanceUid: string): Promise<void> {
    for (const remote of this.#automatic())
      if (remote.send === "on-acquisition")
        await this.#send(remote, studyInstanceUid, [sopInstanceUid]);
  }

  /** An exam ended; all its objects are durable. */
  async onEnded(exam: Exam): Promise<void> {
    if (isHeld(exam)) return;
    const all = this.#parts.storage.reader.instancesOfExam(exam.id).map((i) => i.sopInstanceUid);
    for (const remote of this.#automatic())
      if (remote.send === "on-completion") await this.#send(remote, exam.studyInstanceUid, all);
  }

  #automatic(): Remote[] {
    return this.#parts
      .configuration()
      .remotes.filter((r) => r.send !== "manual" && r.services.includes("storage"));
  }

  #due(remote: Remote, examId: string | null): boolean {
    const exam = examId === null ? null : this.#parts.storage.reader.exam(examId);
    if (exam === null || isHeld(exam)) return false;
    return remote.send === "on-acquisition" || exam.state !== "open";
  }

  async #send(
    remote: Remote,
    studyInstanceUid: string,
    sopInstanceUids: readonly string[],
  ): Promise<void> {
    if (sopInstanceUids.length === 0) return;
    await this.#parts.jobs.create(
      { type: "send", remoteId: remote.id, studyInstanceUid, sopInstanceUids },
      sopInstanceUids,
    );
  }

  #sinceMs(remote: Remote): number | null {
    const value = this.#parts.storage.reader.setting(settingKey(remote));
    return typeof value === "number" ? value : null;
  }
}

/** Images of an exam opened from the wrong worklist entry are held. */
export function isHeld(exam: Exam): boolean {
  return exam.state === "discontinued" && exam.discontinuationReason === WRONG_WORKLIST_ENTRY;
}

const settingKey = (remote: Remote) => `auto-send.since.${remote.id}`;
