// What the queue asks of the part that does one type of job, and what it is told.

import type { StoredJob } from "../store/job-table.ts";

/** Reason of the signal when the operator ended the job for good; otherwise the device stops. */
export const CANCELLED = "cancelled";

/** One attempt at a job. */
export interface JobRun {
  /** The job as it stands now. */
  readonly job: StoredJob;
  /**
   * Aborted when the operator cancels (its reason is then {@link CANCELLED}) or the device stops: end
   * soon, with "interrupted".
   */
  readonly signal: AbortSignal;
  /** Adds a line to the job's log, which the operator reads. */
  log(text: string): void;
  /** Tells how far it is. */
  progress(done: number, total: number): void;
}

export type RunOutcome =
  | { readonly kind: "done" }
  /** Tried again by itself after `delayMs`; `postponed`: the peer asked for later, nothing failed. */
  | {
      readonly kind: "retry";
      readonly reason: string;
      readonly delayMs: number;
      readonly postponed: boolean;
    }
  /** The operator must do something, then retry. */
  | { readonly kind: "failed"; readonly reason: string }
  /** The peer ended it before all was done. */
  | { readonly kind: "cancelled"; readonly reason: string }
  /** Ended because of the signal. */
  | { readonly kind: "interrupted" };

export interface JobExecutor {
  run(run: JobRun): Promise<RunOutcome>;
}
