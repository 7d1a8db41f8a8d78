// The send job (statement 4.2.1): instances of one study to one remote over one association. Every
// answer is durable before the next instance goes out, so that what was acknowledged is never sent
// again (quirks S12, S13).

import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { JobItem } from "../store/job-table.ts";
import type { StoragePort } from "../store/storage-port.ts";
import type { JobExecutor, JobRun, RunOutcome } from "./job-executor.ts";
import { backoffMs } from "./retry-delay.ts";
import {
  type AssociationOutcome,
  afterAnswer,
  type InstanceAnswer,
  sendOrder,
  verdict,
} from "./send-policy.ts";

export interface SendRequest {
  readonly remoteId: string;
  /** In the order to be sent, all of one study (quirk S17). */
  readonly instances: readonly InstanceRecord[];
  readonly signal: AbortSignal;
}

/** Opens one association and sends instances over it one after the other (dicom/ae/storage). */
export interface StorageSender {
  /**
   * Calls `onAnswer` after each instance and waits for it before the next. A refusal ends the sending
   * with the outcome "stopped", as its row says (Table 4.2-7). Never rejects for what a peer or the
   * network does.
   */
  send(
    request: SendRequest,
    onAnswer: (sopInstanceUid: string, answer: InstanceAnswer) => Promise<void>,
  ): Promise<AssociationOutcome>;
}

export interface SendJobParts {
  readonly storage: Pick<StoragePort, "reader" | "recordSend" | "saveJob">;
  readonly sender: StorageSender;
  readonly clock: Clock;
  readonly random: Random;
  /** storage.retryDelay, in ms, as configured now. */
  readonly retryDelayMs: () => number;
}

export class SendJobExecutor implements JobExecutor {
  readonly #parts: SendJobParts;

  constructor(parts: SendJobParts) {
    this.#parts = parts;
  }

  async run(run: JobRun): Promise<RunOutcome> {
    const { parameters } = run.job;
    if (parameters.type !== "send") return { kind: "failed", reason: "this is no send job" };
    const { remoteId } = parameters;
    const items = await this.#itemsNow(run, remoteId);
    const instances = sendOrder([...items.values()]).flatMap(
      (item) => this.#parts.storage.reader.instance(item.sopInstanceUid) ?? [],
    );
    let lastRefusal: string | null = null;
    const outcome: AssociationOutcome =
      instances.length === 0
        ? { kind: "finished" }
        : await this.#parts.sender.send(
            { remoteId, instances, signal: run.signal },
            async (sopInstanceUid, answer) => {
              const item = items.get(sopInstanceUid);
              if (item === undefined) return;
              const step = afterAnswer(item, answer);
              await this.#parts.storage.recordSend({
                jobId: run.job.id,
                remoteId,
                item: step.item,
                sendState: step.sendState,
                atMs: this.#parts.clock.nowMs(),
              });
              items.set(sopInstanceUid, step.item);
              if (answer.kind !== "stored") lastRefusal = step.line;
              if (step.line !== null) run.log(`${sopInstanceUid}: ${step.line}`);
              run.progress(doneOf(items), items.size);
            },
          );
    return this.#outcome(run, outcome, [...items.values()], lastRefusal);
  }

  /** The items, less those that lie at the remote by now or were deleted here. */
  async #itemsNow(run: JobRun, remoteId: string): Promise<Map<string, JobItem>> {
    const { reader } = this.#parts.storage;
    const items = new Map(reader.jobItems(run.job.id).map((i) => [i.sopInstanceUid, i]));
    const missing = new Set(reader.missing());
    const changed: JobItem[] = [];
    for (const [uid, item] of items) {
      if (item.state !== "pending") continue;
      let state = item.state as JobItem["state"];
      if (reader.isStoredAt(uid, remoteId)) state = "done";
      else if (missing.has(uid)) state = "parked";
      else if (reader.instance(uid) === null) state = "gone";
      if (state === item.state) continue;
      changed.push({ ...item, state });
      items.set(uid, { ...item, state });
      if (state === "parked") run.log(`${uid}: its file is missing or damaged`);
      if (state === "gone") run.log(`${uid}: was deleted before it was sent`);
    }
    run.progress(doneOf(items), items.size);
    if (changed.length > 0) await this.#parts.storage.saveJob(run.job, changed);
    return items;
  }

  #outcome(
    run: JobRun,
    outcome: AssociationOutcome,
    items: readonly JobItem[],
    lastRefusal: string | null,
  ): RunOutcome {
    const { postponements } = run.job;
    const next = verdict(outcome, items, lastRefusal, postponements);
    const baseMs = this.#parts.retryDelayMs();
    switch (next.kind) {
      case "done":
        return { kind: "done" };
      case "retry":
        return { kind: "retry", reason: next.reason, delayMs: baseMs, postponed: false };
      case "postpone":
        return {
          kind: "retry",
          reason: next.reason,
          delayMs: backoffMs(baseMs, postponements, this.#parts.random),
          postponed: true,
        };
      case "operator":
        return { kind: "failed", reason: next.reason };
      case "interrupted":
        return { kind: "interrupted" };
    }
  }
}

function doneOf(items: ReadonlyMap<string, JobItem>): number {
  let done = 0;
  for (const { state } of items.values()) if (state === "done" || state === "gone") done++;
  return done;
}
