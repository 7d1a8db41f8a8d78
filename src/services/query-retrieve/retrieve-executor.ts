// The retrieve job (Tables 4.2-49, 4.2-50): the series of a study one C-MOVE after the other on one
// association, to ourselves. What our Storage SCP received decides whether it is done (Q2, Q3).

import type { Remote } from "../../config/configuration.ts";
import { type MoveOutcome, moveSeries } from "../../dicom/ae/query-retrieve/move-series.ts";
import type { DimseChannel } from "../../dicom/dimse/channel.ts";
import type { JobExecutor, JobRun, RunOutcome } from "../../jobs/job-executor.ts";
import type { RetrieveParameters } from "../../model/job.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import { type ArchiveLinkParts, link, nameOf, textOf } from "./archive-link.ts";
import { queryable } from "./query-service.ts";
import type { ActiveRetrieve, Retrieves } from "./retrieves.ts";
import { type PlannedSeries, planSeries, type SeriesPlan } from "./series-plan.ts";
import type { Turn } from "./turn.ts";

/** After a C-CANCEL the archive has this long for its final response, then A-ABORT (Q6). */
export const CANCEL_WAIT_MS = 3_000;

/** What a technician can do about a status of C-MOVE (PS3.4 §C.4.2.1.5). */
const HINTS: ReadonlyMap<number, string> = new Map([
  [0xa801, "the archive does not know this device; have AE title, host and port entered there"],
  [0xa701, "the archive is out of resources; try again later"],
  [0xa702, "the archive could not send; see whether it reaches this device's DICOM port"],
  [0xb000, "some images could not be sent"],
]);

export interface RetrieveParts extends ArchiveLinkParts {
  readonly turn: Turn;
  readonly retrieves: Retrieves;
  readonly storage: Pick<StoragePort, "reader">;
}

/** What one move came to: go on, or the end of the job. */
type Moved = { readonly kind: "moved"; readonly lack: string | null } | RunOutcome;

export class RetrieveExecutor implements JobExecutor {
  readonly #parts: RetrieveParts;

  constructor(parts: RetrieveParts) {
    this.#parts = parts;
  }

  async run(run: JobRun): Promise<RunOutcome> {
    const { parameters } = run.job;
    if (parameters.type !== "retrieve")
      return { kind: "failed", reason: "this is no retrieve job" };
    const { configuration, turn, states } = this.#parts;
    const remote = queryable(configuration().remotes, parameters.remoteId);
    if (remote === undefined)
      return {
        kind: "failed",
        reason: `the configuration has no remote ${parameters.remoteId} with the service query-retrieve; add it or cancel the job`,
      };
    const done = await turn.take("retrieve");
    const free = states.occupy(remote.id);
    try {
      if (run.signal.aborted) return { kind: "interrupted" };
      return await this.#retrieve(run, remote, parameters);
    } finally {
      free();
      done();
    }
  }

  async #retrieve(
    run: JobRun,
    remote: Remote,
    parameters: RetrieveParameters,
  ): Promise<RunOutcome> {
    const plan = await this.#plan(run, remote, parameters);
    if (run.signal.aborted) return { kind: "interrupted" };
    if (plan.kind === "failed") return plan;
    for (const remark of plan.remarks) run.log(remark);
    if (plan.series.length === 0)
      return {
        kind: "failed",
        reason: `${nameOf(remote)} has no images of the study that this device can take`,
      };
    const { retrieves, configuration } = this.#parts;
    const active = retrieves.begin({
      studyInstanceUid: parameters.studyInstanceUid,
      seriesInstanceUids: plan.series.map((s) => s.seriesInstanceUid),
      aeTitle: configuration().local.aeTitle,
    });
    const skipped = this.#skipped(run, parameters, plan.series);
    const tell = () => run.progress(...progressOf(plan.series, active, skipped));
    const untold = active.arrived.add(tell);
    tell();
    try {
      const todo = plan.series.filter((s) => !skipped.has(s.seriesInstanceUid));
      return todo.length === 0
        ? { kind: "done" }
        : await this.#moveAll(run, remote, parameters.studyInstanceUid, todo, active);
    } finally {
      retrieves.end(active);
      untold();
      tell();
    }
  }

  /** On an association of its own, released before the moves begin. */
  async #plan(run: JobRun, remote: Remote, parameters: RetrieveParameters): Promise<SeriesPlan> {
    const linked = await link(this.#parts, remote, run.signal);
    if (linked.kind === "no-link") return { kind: "failed", reason: linked.text };
    const { channel } = linked;
    const stop = this.#abortLate(channel, run.signal);
    try {
      const plan = await planSeries(this.#parts, remote, channel, parameters, run.signal);
      if (channel.association.end === null) await channel.release();
      return plan;
    } finally {
      stop();
    }
  }

  /** A further attempt leaves out what an earlier one brought completely. */
  #skipped(
    run: JobRun,
    { studyInstanceUid }: RetrieveParameters,
    series: readonly PlannedSeries[],
  ): ReadonlySet<string> {
    if (run.job.attempts <= 1) return new Set();
    const here = this.#parts.storage.reader.instancesOfStudy(studyInstanceUid);
    const count = (uid: string) => here.filter((i) => i.seriesInstanceUid === uid).length;
    return new Set(
      series
        .filter((s) => s.expected !== null && count(s.seriesInstanceUid) >= s.expected)
        .map((s) => s.seriesInstanceUid),
    );
  }

  async #moveAll(
    run: JobRun,
    remote: Remote,
    studyInstanceUid: string,
    series: readonly PlannedSeries[],
    active: ActiveRetrieve,
  ): Promise<RunOutcome> {
    const linked = await link(this.#parts, remote, run.signal);
    if (run.signal.aborted && linked.kind === "no-link") return { kind: "interrupted" };
    if (linked.kind === "no-link") return { kind: "failed", reason: linked.text };
    const { channel } = linked;
    const stop = this.#abortLate(channel, run.signal);
    const lacks: string[] = [];
    try {
      for (const [at, one] of series.entries()) {
        const last = at === series.length - 1 && lacks.length === 0;
        const moved = await this.#move(run, remote, channel, studyInstanceUid, one, active, last);
        if (moved.kind !== "moved") return moved;
        if (moved.lack !== null) lacks.push(moved.lack);
      }
    } finally {
      if (channel.association.end === null) await channel.release();
      stop();
    }
    return lacks.length === 0
      ? { kind: "done" }
      : { kind: "failed", reason: `not everything arrived: ${lacks.join("; ")}` };
  }

  async #move(
    run: JobRun,
    remote: Remote,
    channel: DimseChannel,
    studyInstanceUid: string,
    { seriesInstanceUid, expected }: PlannedSeries,
    active: ActiveRetrieve,
    last: boolean,
  ): Promise<Moved> {
    if (run.signal.aborted) return { kind: "interrupted" };
    const { configuration } = this.#parts;
    const outcome = await moveSeries(
      channel,
      { studyInstanceUid, seriesInstanceUid },
      {
        destination: configuration().local.aeTitle,
        text: textOf(remote, configuration()),
        timeoutMs: configuration().qr.cMoveTimeout * 1000,
        arrivals: active.arrivals,
        onRequest: (messageId) => active.addMove(messageId),
        signal: run.signal,
      },
    );
    // Some archives say the last word while an instance is still on its way (Q2).
    if (outcome.kind === "success" || outcome.kind === "cancelled") await active.idle(run.signal);
    const received = active.receivedOf(seriesInstanceUid);
    const arrived = `${received} of ${expected ?? "an unknown number of"} images of series ${seriesInstanceUid} arrived`;
    run.log(arrived);
    const lack = lackOf(outcome, received, expected);
    switch (outcome.kind) {
      case "success":
        return { kind: "moved", lack: lack === null ? null : `${arrived}${lack}` };
      case "cancelled":
        // E32: the job is complete when nothing was left to come.
        if (lack === null && last) return { kind: "moved", lack: null };
        return run.signal.aborted
          ? { kind: "interrupted" }
          : { kind: "cancelled", reason: `${nameOf(remote)} ended the retrieve: ${arrived}` };
      default: {
        if (run.signal.aborted) return { kind: "interrupted" };
        const hint = outcome.kind === "refused" ? HINTS.get(outcome.status) : undefined;
        const reason = `${nameOf(remote)}: ${outcome.text}${hint === undefined ? "" : ` (${hint})`}; ${arrived} and stay`;
        this.#parts.log.warn("retrieve-failed", { remote: remote.id, reason });
        if (outcome.kind === "timeout" || outcome.kind === "aborted")
          this.#parts.states.failed(remote.id, reason);
        return { kind: "failed", reason };
      }
    }
  }

  /** Aborts an association some time after the signal, unless it is over; call the answer then. */
  #abortLate(channel: DimseChannel, signal: AbortSignal): () => void {
    let timer: { cancel(): void } | null = null;
    const onAbort = () => {
      timer = this.#parts.clock.after(CANCEL_WAIT_MS, () => {
        if (channel.association.end === null) channel.association.abort();
      });
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    return () => {
      signal.removeEventListener("abort", onAbort);
      timer?.cancel();
    };
  }
}

/** What is missing of a series, in words; null: nothing. What the archive counts is believed last. */
function lackOf(outcome: MoveOutcome, received: number, expected: number | null): string | null {
  const failed = outcome.counts.failed ?? 0;
  const said = failed > 0 ? `, the archive speaks of ${failed} failures` : "";
  if (expected !== null) return received >= expected ? null : said;
  return received === 0 || failed > 0 ? said : null;
}

/** Instances here and instances expected; a series of unknown number counts as what has come. */
function progressOf(
  series: readonly PlannedSeries[],
  active: ActiveRetrieve,
  skipped: ReadonlySet<string>,
): [done: number, total: number] {
  let done = 0;
  let total = 0;
  for (const { seriesInstanceUid, expected } of series) {
    const received = skipped.has(seriesInstanceUid)
      ? (expected ?? 0)
      : active.receivedOf(seriesInstanceUid);
    done += received;
    total += Math.max(expected ?? 0, received);
  }
  return [done, Math.max(total, 1)];
}
