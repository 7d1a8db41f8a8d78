// Sending by itself: after each acquisition or at the end of an exam, as each remote is configured. A
// crash between an object and its job must not lose the job: the start catches up with what no job
// ever took, from the moment on at which the remote was first configured to get it. Held exams go
// nowhere by themselves until they are released (M7).

import type { Configuration, Remote } from "../config/configuration.ts";
import type { Clock } from "../core/clock.ts";
import { Listeners } from "../core/listeners.ts";
import type { Log } from "../core/log.ts";
import type { JobQueue } from "../jobs/job-queue.ts";
import type { Exam } from "../model/exam.ts";
import type { Job } from "../model/job.ts";
import type { StoragePort } from "../store/storage-port.ts";
import { isHeld, wasHeld } from "./held-exams.ts";

export interface AutoSendParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly configuration: () => Configuration;
  readonly storage: Pick<StoragePort, "reader" | "apply">;
  readonly jobs: Pick<JobQueue, "create" | "list" | "cancel">;
}

export type ReleaseOutcome =
  | { readonly kind: "released"; readonly exam: Exam }
  | { readonly kind: "unknown-exam" }
  | { readonly kind: "not-held" };

/** Jobs that may still send something. */
const UNFINISHED: ReadonlySet<Job["state"]> = new Set(["queued", "active", "waiting", "failed"]);

export class AutoSend {
  /** A held exam was released; durable. */
  readonly released = new Listeners<Exam>();
  readonly #parts: AutoSendParts;
  /** Something could not be queued. */
  #behind = false;

  constructor(parts: AutoSendParts) {
    this.#parts = parts;
  }

  /**
   * Notes since when each remote sends by itself, and makes the jobs that a crash prevented.
   * @throws StoreError
   */
  async catchUp(): Promise<void> {
    const { storage } = this.#parts;
    await this.#noteRemotes();
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
    for (const exam of storage.reader.exams({ state: "discontinued" }).filter(wasHeld))
      if (isHeld(exam)) await this.#withdraw(exam);
      else await this.#sendReleased(exam);
  }

  /** Called when the configuration changed: a remote that newly sends by itself begins now. */
  noteRemotes(): Promise<void> {
    return this.#kept(() => this.#noteRemotes());
  }

  async #noteRemotes(): Promise<void> {
    const { clock, storage, configuration } = this.#parts;
    for (const remote of configuration().remotes) {
      const automatic = remote.send !== "manual" && remote.services.includes("storage");
      if (automatic === (this.#sinceMs(remote) !== null)) continue;
      const value = automatic ? clock.nowMs() : null;
      await storage.apply([{ kind: "setting", key: settingKey(remote), value }]);
    }
  }

  /** An object of the exam became durable. */
  onInstance(exam: Exam, sopInstanceUid: string): Promise<void> {
    return this.#kept(async () => {
      if (isHeld(exam)) return;
      for (const remote of this.#automatic())
        if (remote.send === "on-acquisition")
          await this.#send(remote, exam.studyInstanceUid, [sopInstanceUid]);
    });
  }

  /** An exam ended; all its objects are durable. */
  onEnded(exam: Exam): Promise<void> {
    return this.#kept(async () => {
      if (isHeld(exam)) return this.#withdraw(exam);
      const all = this.#objectsOf(exam);
      for (const remote of this.#automatic())
        if (remote.send === "on-completion") await this.#send(remote, exam.studyInstanceUid, all);
    });
  }

  /** A full disk keeps a job from being made: said, and made good when the next one can be. */
  async #kept(work: () => Promise<void>): Promise<void> {
    try {
      if (this.#behind) await this.catchUp();
      this.#behind = false;
      await work();
    } catch (error) {
      this.#behind = true;
      this.#parts.log.error("not-queued-for-sending", { error });
    }
  }

  /**
   * The operator lets a held exam go: durable, then its objects go their usual way.
   * @throws StoreError when that cannot be kept
   */
  async release(examId: string): Promise<ReleaseOutcome> {
    const { storage, clock, log } = this.#parts;
    const exam = storage.reader.exam(examId);
    if (exam === null) return { kind: "unknown-exam" };
    if (!isHeld(exam)) return { kind: "not-held" };
    // An exam that has ended is written by nobody else.
    const released: Exam = { ...exam, releasedMs: clock.nowMs() };
    await storage.apply([{ kind: "exam", exam: released }]);
    log.info("exam-released", { examId });
    this.released.emit(released);
    await this.#sendReleased(released);
    return { kind: "released", exam: released };
  }

  /** What a released exam still owes the remotes, less what a job took since the release. */
  async #sendReleased(exam: Exam): Promise<void> {
    const { jobs, storage } = this.#parts;
    const since = exam.releasedMs ?? Number.POSITIVE_INFINITY;
    for (const remote of this.#automatic()) {
      const taken = new Set(
        jobs
          .list()
          .flatMap((job) =>
            job.createdMs >= since && isSendTo(job, remote.id)
              ? job.parameters.sopInstanceUids
              : [],
          ),
      );
      const left = this.#objectsOf(exam).filter(
        (uid) => !taken.has(uid) && !storage.reader.isStoredAt(uid, remote.id),
      );
      await this.#send(remote, exam.studyInstanceUid, left);
    }
  }

  /** Takes back what was to be sent by itself; what the operator asked for stays. */
  async #withdraw(exam: Exam): Promise<void> {
    const { jobs, log } = this.#parts;
    const own = new Set(this.#objectsOf(exam));
    for (const job of jobs.list()) {
      if (!UNFINISHED.has(job.state) || !isSend(job) || job.parameters.automatic !== true) continue;
      if (!job.parameters.sopInstanceUids.every((uid) => own.has(uid))) continue;
      log.info("job-withdrawn", { job: job.id, examId: exam.id });
      await jobs.cancel(job.id);
    }
  }

  #objectsOf(exam: Exam): string[] {
    return this.#parts.storage.reader.instancesOfExam(exam.id).map((i) => i.sopInstanceUid);
  }

  #automatic(): Remote[] {
    return this.#parts
      .configuration()
      .remotes.filter((r) => r.send !== "manual" && r.services.includes("storage"));
  }

  #due(remote: Remote, examId: string | null): boolean {
    const exam = examId === null ? null : this.#parts.storage.reader.exam(examId);
    // What was held is looked at as a whole.
    if (exam === null || wasHeld(exam)) return false;
    return remote.send === "on-acquisition" || exam.state !== "open";
  }

  async #send(
    remote: Remote,
    studyInstanceUid: string,
    sopInstanceUids: readonly string[],
  ): Promise<void> {
    if (sopInstanceUids.length === 0) return;
    await this.#parts.jobs.create(
      { type: "send", remoteId: remote.id, studyInstanceUid, sopInstanceUids, automatic: true },
      sopInstanceUids,
    );
  }

  #sinceMs(remote: Remote): number | null {
    const value = this.#parts.storage.reader.setting(settingKey(remote));
    return typeof value === "number" ? value : null;
  }
}

type SendJob = Job & { readonly parameters: { readonly type: "send" } };

function isSend(job: Job): job is SendJob {
  return job.parameters.type === "send";
}

function isSendTo(job: Job, remoteId: string): job is SendJob {
  return isSend(job) && job.parameters.remoteId === remoteId;
}

const settingKey = (remote: Remote) => `auto-send.since.${remote.id}`;
