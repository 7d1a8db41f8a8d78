// The durable queue. Jobs of one type run one at a time (E07), oldest first; one that failed waits
// its delay while others go on (E09). Every state is in the database before it is told.

import type { Clock, Timer } from "../core/clock.ts";
import { Listeners } from "../core/listeners.ts";
import type { Log } from "../core/log.ts";
import type { Job, JobLogLine, JobParameters, JobState, JobType } from "../model/job.ts";
import { FINISHED_JOBS_MAX, type StoredJob } from "../store/job-table.ts";
import type { StoragePort } from "../store/storage-port.ts";
import { CANCELLED, type JobExecutor, type RunOutcome } from "./job-executor.ts";

/** Lines kept of a job's log; the oldest go first. */
export const JOB_LOG_LINES_MAX = 100;
/** Unfinished jobs that may wait at a time. */
export const JOBS_UNFINISHED_MAX = 5_000;
/** The longest wait that any part gives (storage.retryDelay ends there). */
export const WAIT_MAX_MS = 3_600_000;
/** Wait after a defect in the part that does the job or in the store, before it is tried again. */
const DEFECT_RETRY_MS = 60_000;

export interface JobQueueParts {
  readonly storage: Pick<StoragePort, "reader" | "createJob" | "saveJob">;
  readonly clock: Clock;
  readonly log: Log;
  /** Who does which type; a type without one is refused. */
  readonly executors: Readonly<Partial<Record<JobType, JobExecutor>>>;
}

export type CreateOutcome =
  | { readonly kind: "created"; readonly job: Job }
  | { readonly kind: "unsupported"; readonly type: JobType }
  | { readonly kind: "empty" }
  | { readonly kind: "too-many"; readonly limit: number };

export type ControlOutcome =
  | { readonly kind: "ok"; readonly job: Job }
  | { readonly kind: "unknown-job" }
  /** The job's state allows it not. */
  | { readonly kind: "not-possible"; readonly state: JobState };

interface Active {
  readonly id: string;
  readonly controller: AbortController;
  /** The operator wants it ended for good. */
  cancelled: boolean;
  readonly ended: Promise<void>;
}

const UNFINISHED: ReadonlySet<JobState> = new Set(["queued", "active", "waiting", "failed"]);

export class JobQueue {
  /** Every change of every job, after it is durable. */
  readonly changes = new Listeners<Job>();
  readonly #parts: JobQueueParts;
  readonly #jobs = new Map<string, StoredJob>();
  readonly #active = new Map<JobType, Active>();
  readonly #timers = new Map<JobType, Timer>();
  #running = false;

  constructor(parts: JobQueueParts) {
    this.#parts = parts;
  }

  /** Takes up where the last run of the program ended: what was active is queued again. */
  async start(): Promise<void> {
    for (const job of this.#parts.storage.reader.jobs()) {
      this.#jobs.set(job.id, job);
      if (job.state === "active")
        await this.#save(
          withLine({ ...job, state: "queued" }, "interrupted by a restart", this.#now()),
        );
    }
    this.#running = true;
    this.#pumpAll();
  }

  /** Interrupts what is active, to go on at the next start; resolves when all is saved. */
  async stop(): Promise<void> {
    this.#running = false;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    const active = [...this.#active.values()];
    for (const { controller } of active) controller.abort();
    await Promise.all(active.map(({ ended }) => ended));
  }

  /**
   * Makes a job; when it answers "created" the job is durable. `items` are its instances, in order;
   * a job that counts otherwise gives `total` steps.
   */
  async create(
    parameters: JobParameters,
    items: readonly string[],
    total?: number,
  ): Promise<CreateOutcome> {
    if (this.#parts.executors[parameters.type] === undefined)
      return { kind: "unsupported", type: parameters.type };
    const distinct = [...new Set(items)];
    if (distinct.length === 0 && (total ?? 0) === 0) return { kind: "empty" };
    const unfinished = [...this.#jobs.values()].filter((j) => UNFINISHED.has(j.state)).length;
    if (unfinished >= JOBS_UNFINISHED_MAX) return { kind: "too-many", limit: JOBS_UNFINISHED_MAX };
    const job = await this.#parts.storage.createJob({
      parameters,
      items: distinct,
      total,
      createdMs: this.#now(),
    });
    this.#jobs.set(job.id, job);
    this.changes.emit(job);
    this.#pump(parameters.type);
    return { kind: "created", job };
  }

  /** All jobs kept, newest first. */
  list(): Job[] {
    return [...this.#jobs.values()].sort((a, b) => Number(b.id) - Number(a.id));
  }

  job(id: string): Job | null {
    return this.#jobs.get(id) ?? null;
  }

  /** True while an active job talks to the remote: nobody else should (quirk S16). */
  usesRemote(remoteId: string): boolean {
    return [...this.#active.values()].some(({ id }) => {
      const parameters = this.#jobs.get(id)?.parameters;
      return (
        parameters !== undefined && "remoteId" in parameters && parameters.remoteId === remoteId
      );
    });
  }

  /** Types of the jobs for a remote that are under way, wait, or failed and may be tried again. */
  unfinishedFor(remoteId: string): JobType[] {
    return this.list()
      .filter(
        ({ state, parameters }) =>
          UNFINISHED.has(state) && "remoteId" in parameters && parameters.remoteId === remoteId,
      )
      .map(({ type }) => type);
  }

  /** Ends a job for good. An active one is interrupted; it may still have become done. */
  async cancel(id: string): Promise<ControlOutcome> {
    const job = this.#jobs.get(id);
    if (job === undefined) return { kind: "unknown-job" };
    const active = this.#active.get(job.type);
    if (active?.id === id) {
      active.cancelled = true;
      active.controller.abort(CANCELLED);
      await active.ended;
      const left = this.#jobs.get(id) ?? job;
      // Its attempt had ended before it could be interrupted, and was being saved as a wait.
      return UNFINISHED.has(left.state) ? this.cancel(id) : { kind: "ok", job: left };
    }
    if (job.state === "cancelled") return { kind: "ok", job };
    if (!UNFINISHED.has(job.state)) return { kind: "not-possible", state: job.state };
    const cancelled = cancelledFrom(job, this.#now());
    await this.#save(cancelled);
    this.#pump(job.type);
    return { kind: "ok", job: cancelled };
  }

  /** Tries again now: also what waited for the operator, with a clean count. */
  async retry(id: string): Promise<ControlOutcome> {
    const job = this.#jobs.get(id);
    if (job === undefined) return { kind: "unknown-job" };
    if (job.state === "queued" || job.state === "active") return { kind: "ok", job };
    if (job.state === "done") return { kind: "not-possible", state: job.state };
    const parked = this.#parts.storage.reader
      .jobItems(id)
      .filter((item) => item.state === "parked")
      .map((item) => ({ ...item, state: "pending" as const, refusals: 0 }));
    const { nextAttemptMs: _, reason: __, ...rest } = job;
    const again = withLine(
      { ...rest, state: "queued", postponements: 0 },
      "tried again by the operator",
      this.#now(),
    );
    await this.#save(again, parked);
    this.#pump(job.type);
    return { kind: "ok", job: again };
  }

  // ---- running ----------------------------------------------------------------------------------

  #pumpAll(): void {
    for (const type of Object.keys(this.#parts.executors) as JobType[]) this.#pump(type);
  }

  /** Starts the type's next job if none runs; else sees to it that someone does in time. */
  #pump(type: JobType): void {
    if (!this.#running || this.#active.has(type)) return;
    this.#timers.get(type)?.cancel();
    this.#timers.delete(type);
    const executor = this.#parts.executors[type];
    if (executor === undefined) return;
    const ofType = this.#jobs.values().filter((job) => job.type === type);
    const next = nextJob(ofType, this.#now());
    if (next.kind === "none") return;
    if (next.kind === "later") {
      const delayMs = next.atMs - this.#now();
      this.#timers.set(
        type,
        this.#parts.clock.after(delayMs, () => this.#pump(type)),
      );
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const active: Active = { id: next.job.id, controller, cancelled: false, ended: promise };
    this.#active.set(type, active);
    void this.#run(next.job, executor, active)
      .catch((error: unknown) => this.#storeFailed(next.job, error))
      .finally(() => {
        this.#active.delete(type);
        resolve();
        this.#pump(type);
      });
  }

  async #run(queued: StoredJob, executor: JobExecutor, active: Active): Promise<void> {
    const { signal } = active.controller;
    const { nextAttemptMs: _, reason: __, ...rest } = queued;
    const { id } = queued;
    await this.#save({ ...rest, state: "active", attempts: queued.attempts + 1 });
    const current = () => this.#jobs.get(id) ?? queued;
    const outcome = signal.aborted
      ? ({ kind: "interrupted" } as const)
      : await this.#attempt(executor, {
          get job() {
            return current();
          },
          signal,
          log: (text) => this.#tell(withLine(current(), text, this.#now())),
          progress: (done, total) => {
            const { progress } = current();
            if (progress.done !== done || progress.total !== total)
              this.#tell({ ...current(), progress: { done, total } });
          },
        });
    // An attempt that was interrupted may report the end of its association as a failure.
    const interrupted = signal.aborted && outcome.kind !== "done";
    if (interrupted && active.cancelled) return this.#save(cancelledFrom(current(), this.#now()));
    await this.#settle(current(), interrupted ? { kind: "interrupted" } : outcome);
  }

  async #attempt(
    executor: JobExecutor,
    run: Parameters<JobExecutor["run"]>[0],
  ): Promise<RunOutcome> {
    try {
      return await executor.run(run);
    } catch (error) {
      this.#parts.log.error("job-defect", { job: run.job.id, error });
      const text = error instanceof Error ? error.message : String(error);
      return { kind: "retry", reason: text, delayMs: DEFECT_RETRY_MS, postponed: false };
    }
  }

  async #settle(job: StoredJob, outcome: RunOutcome): Promise<void> {
    switch (outcome.kind) {
      case "done":
        return this.#save({ ...job, state: "done", postponements: 0 });
      case "interrupted":
        return this.#save({ ...job, state: "queued" });
      case "cancelled":
        return this.#save(cancelledFrom(withLine(job, outcome.reason, this.#now()), this.#now()));
      case "failed": {
        this.#parts.log.warn("job-failed", { job: job.id, type: job.type, reason: outcome.reason });
        const failed = { ...job, state: "failed", reason: outcome.reason } as const;
        return this.#save(withLine(failed, outcome.reason, this.#now()));
      }
      case "retry": {
        const { reason, delayMs, postponed } = outcome;
        this.#parts.log.warn("job-waits", { job: job.id, type: job.type, reason, delayMs });
        const waiting = withLine(
          {
            ...job,
            state: "waiting",
            reason,
            nextAttemptMs: this.#now() + delayMs,
            postponements: postponed ? job.postponements + 1 : 0,
          },
          reason,
          this.#now(),
        );
        // E09: shown as failed, then it waits; what the peer put off has not failed (A16).
        if (!postponed)
          this.changes.emit({ ...waiting, state: "failed", nextAttemptMs: undefined });
        return this.#save(waiting);
      }
    }
  }

  /**
   * A state could not be made durable. The job goes back to its last durable state, and waits: a
   * full disk passes, and what the database does not know did not happen.
   */
  #storeFailed(job: StoredJob, error: unknown): void {
    this.#parts.log.error("job-not-saved", { job: job.id, error });
    const text = error instanceof Error ? error.message : String(error);
    const waiting: StoredJob = {
      ...job,
      state: "waiting",
      reason: text,
      nextAttemptMs: this.#now() + DEFECT_RETRY_MS,
    };
    this.#jobs.set(job.id, waiting);
    this.changes.emit(waiting);
  }

  /** Takes the state over, saves it, then tells. */
  async #save(job: StoredJob, items: Parameters<StoragePort["saveJob"]>[1] = []): Promise<void> {
    this.#jobs.set(job.id, job);
    await this.#parts.storage.saveJob(job, items);
    if (!UNFINISHED.has(job.state)) this.#forgetOld();
    this.changes.emit(job);
  }

  /** The database keeps as many finished jobs. */
  #forgetOld(): void {
    const finished = [...this.#jobs.values()].filter((j) => !UNFINISHED.has(j.state));
    for (const { id } of finished
      .sort((a, b) => Number(b.id) - Number(a.id))
      .slice(FINISHED_JOBS_MAX))
      this.#jobs.delete(id);
  }

  /** Progress and log lines of an attempt: told at once, saved with its end. */
  #tell(job: StoredJob): void {
    this.#jobs.set(job.id, job);
    this.changes.emit(job);
  }

  #now(): number {
    return this.#parts.clock.nowMs();
  }
}

type Next =
  | { readonly kind: "job"; readonly job: StoredJob }
  | { readonly kind: "later"; readonly atMs: number }
  | { readonly kind: "none" };

/** Queued jobs first, oldest first; then those whose wait is over, the longest waiting first. */
export function nextJob(jobs: Iterable<StoredJob>, nowMs: number): Next {
  let queued: StoredJob | undefined;
  let waiting: StoredJob | undefined;
  for (const job of jobs)
    if (job.state === "queued") {
      if (queued === undefined || Number(job.id) < Number(queued.id)) queued = job;
    } else if (job.state === "waiting") {
      if (waiting === undefined || waitsShorter(job, waiting)) waiting = job;
    }
  if (queued !== undefined) return { kind: "job", job: queued };
  if (waiting === undefined) return { kind: "none" };
  const atMs = waiting.nextAttemptMs ?? 0;
  // No wait is that long: the clock was set back since.
  const due = atMs <= nowMs || atMs - nowMs > WAIT_MAX_MS;
  return due ? { kind: "job", job: waiting } : { kind: "later", atMs };
}

function waitsShorter(a: StoredJob, b: StoredJob): boolean {
  const differenceMs = (a.nextAttemptMs ?? 0) - (b.nextAttemptMs ?? 0);
  return differenceMs < 0 || (differenceMs === 0 && Number(a.id) < Number(b.id));
}

function cancelledFrom(job: StoredJob, atMs: number): StoredJob {
  const { nextAttemptMs: _, reason: __, ...rest } = job;
  return withLine({ ...rest, state: "cancelled" }, "cancelled", atMs);
}

/**
 * A line more. Of one that comes again and again the first and the newest are kept, which tell since when
 * and whether still: a night without the archive must not push out what was before.
 */
function withLine(job: StoredJob, text: string, atMs: number): StoredJob {
  const repeats = job.log.at(-1)?.text === text && job.log.at(-2)?.text === text;
  const kept: readonly JobLogLine[] = repeats ? job.log.slice(0, -1) : job.log;
  return { ...job, log: [...kept, { atMs, text }].slice(-JOB_LOG_LINES_MAX) };
}
