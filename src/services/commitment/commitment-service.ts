// Storage Commitment SCU (PS3.4 Annex J, statement 4.2.2). Asks each archive once for what an ended exam
// left there, one association at a time; takes results in from any association. Everything is derived
// from the database, so a start goes on where the last one ended: what is unanswered, failed or was
// never asked is asked for again, under a new Transaction UID.

import type { Remote } from "../../config/configuration.ts";
import type { Timer } from "../../core/clock.ts";
import { Listeners } from "../../core/listeners.ts";
import type { Random } from "../../core/random.ts";
import { commitmentEvents } from "../../dicom/ae/commitment/serve-commitment.ts";
import { serveEventReports } from "../../dicom/ae/event-reports.ts";
import type { RequestHandlers } from "../../dicom/dimse/message.ts";
import type { Association } from "../../dicom/ul/association.ts";
import { backoffMs } from "../../jobs/retry-delay.ts";
import type { Job } from "../../model/job.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import type { ConnectDependencies } from "../remotes/connect.ts";
import type { RemoteStates } from "../remotes/remote-states.ts";
import { archivesOf, fingerprintOf } from "./archives.ts";
import { recordResult } from "./record-result.ts";
import { sendCommitmentRequest } from "./send-request.ts";

/** Wait after the store could not keep something. */
const STORE_RETRY_MS = 60_000;
/**
 * What archives owe is counted anew after this many times as long as the last count took: most take
 * less than 1 ms, 20,000 unanswered objects take 50 ms.
 */
const COUNT_PAUSE = 20;
/** A study that is deleted tells nobody here, so that the count is not older than this. */
const COUNT_AGE_MAX_MS = 60_000;

export interface CommitmentParts extends ConnectDependencies {
  readonly storage: Pick<
    StoragePort,
    | "reader"
    | "createCommitment"
    | "setCommitmentState"
    | "supersedeCommitments"
    | "recordCommitment"
    | "apply"
  >;
  readonly states: RemoteStates;
  readonly random: Random;
  /** Makes Transaction UIDs. */
  readonly uids: { next(): string };
}

/** Something changed about what a remote has committed of a study. */
export interface CommitmentNews {
  readonly remoteId: string;
  readonly studyInstanceUid: string;
}

/** How an archive stands, for the operator. */
export interface ArchiveCommitment {
  /** False: it refused the presentation context, and is not asked until its address or title changes. */
  readonly supported: boolean;
  /** Objects that it still owes an answer for. */
  readonly pending: number;
  readonly oldestMs?: number | undefined;
  /** Objects it refused, or whose request failed: asked for again at the next start. */
  readonly failed: number;
  readonly reason?: string | undefined;
}

/** What is to be looked at: one study at a remote, or all of them. */
interface Due {
  readonly remoteId: string;
  readonly studyUid?: string | undefined;
  /** Also what was asked before. */
  readonly again: boolean;
}

/** Transactions that wait for their N-ACTION to one remote. */
interface Line {
  readonly remoteId: string;
  readonly transactions: string[];
  /** Times in a row that it was not reached. */
  attempts: number;
  timer: Timer | null;
  /** Why it waits. */
  reason?: string | undefined;
}

export class CommitmentService {
  /** After each change is durable. */
  readonly changes = new Listeners<CommitmentNews>();
  readonly #parts: CommitmentParts;
  #due: Due[] = [];
  readonly #lines = new Map<string, Line>();
  /** Archive → fingerprint when last looked at. */
  readonly #known = new Map<string, string>();
  #waiting = new Map<string, Omit<ArchiveCommitment, "supported">>();
  /** Monotonic; when #waiting was counted. */
  #countedMs = Number.NEGATIVE_INFINITY;
  #countTookMs = 0;
  #stale = true;
  #stopping = new AbortController();
  #working: Promise<void> | null = null;
  #running = false;
  #storeTimer: Timer | null = null;
  /** Objects that an unfinished send job had brought when it was last looked at, by job. */
  readonly #brought = new Map<string, number>();
  /** Archives switched off are being forgotten. */
  #forgetting: Promise<void> = Promise.resolve();
  /** The transaction whose association stands. */
  #current: { readonly uid: string; readonly answered: AbortController } | null = null;

  constructor(parts: CommitmentParts) {
    this.#parts = parts;
  }

  /** Asks for everything that is not committed and may be (E13). */
  start(): void {
    for (const remote of this.#archives()) {
      this.#known.set(remote.id, fingerprintOf(remote));
      this.#due.push({ remoteId: remote.id, again: true });
    }
    this.#stopping = new AbortController();
    this.#running = true;
    this.#pump();
  }

  /** Ends what is under way; it is asked for again at the next start. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#storeTimer?.cancel();
    for (const line of this.#lines.values()) line.timer?.cancel();
    this.#stopping.abort();
    await this.#working;
  }

  /** A job changed: an attempt that ended may have brought the last object to an archive. */
  onJob({ id, parameters, state, progress }: Job): void {
    if (parameters.type !== "send" || state === "queued" || state === "active") return;
    // An archive that is away for hours ends attempt after attempt; those brought nothing.
    const brought = progress.done !== this.#brought.get(id);
    if (state === "done" || state === "cancelled") this.#brought.delete(id);
    else this.#brought.set(id, progress.done);
    if (!brought && state !== "done") return;
    // It is there again: what waits for it need not wait any longer.
    if (state === "done") this.#wake(parameters.remoteId);
    this.#look({
      remoteId: parameters.remoteId,
      studyUid: parameters.studyInstanceUid,
      again: false,
    });
  }

  /** An exam of the study ended; its objects may all be there already. */
  onExamEnded(studyUid: string): void {
    for (const { id } of this.#archives()) this.#look({ remoteId: id, studyUid, again: false });
  }

  /** An archive that is new, or has another address or title, is asked for everything. */
  onConfiguration(): void {
    const archives = this.#archives();
    for (const id of [...this.#known.keys()])
      if (!archives.some((r) => r.id === id)) {
        this.#known.delete(id);
        this.#forgetting = this.#forgetting
          .then(() => this.#forgetRefusal(id))
          .catch((error: unknown) => this.#parts.log.error("commitment-not-kept", { error }));
      }
    for (const remote of archives) {
      const fingerprint = fingerprintOf(remote);
      if (this.#known.get(remote.id) === fingerprint) continue;
      this.#known.set(remote.id, fingerprint);
      this.#lines.get(remote.id)?.timer?.cancel();
      this.#lines.delete(remote.id);
      this.#look({ remoteId: remote.id, again: true });
    }
  }

  /** Handlers of N-EVENT-REPORT for one association, whoever opened it and for whatever (S1, S4). */
  handlers(association: Pick<Association, "calling" | "called" | "requestor">): RequestHandlers {
    const { log, configuration } = this.#parts;
    const peer = association.requestor ? association.called : association.calling;
    const service = commitmentEvents(async (result) => {
      const commitment = await recordResult(this.#parts, result, peer);
      if (commitment === null) return;
      if (this.#current?.uid === result.transactionUid) this.#current.answered.abort();
      this.#tell(commitment);
    });
    return {
      "N-EVENT-REPORT-RQ": serveEventReports([service], {
        fallbackCharacterSet: configuration().local.fallbackCharacterSet,
        onFailure: (reason) => log.warn("commitment-report-refused", { peer, reason }),
      }),
    };
  }

  /** How the archive stands; undefined for a remote that is none. */
  archive(remoteId: string): ArchiveCommitment | undefined {
    const remote = this.#archives().find((r) => r.id === remoteId);
    if (remote === undefined) return undefined;
    const waiting = this.#counted().get(remoteId) ?? { pending: 0, failed: 0 };
    const reason = waiting.reason ?? this.#lines.get(remoteId)?.reason;
    return { ...waiting, reason, supported: this.#refusal(remote) === null };
  }

  // ---- asking -----------------------------------------------------------------------------------

  #archives(): Remote[] {
    return archivesOf(this.#parts.configuration());
  }

  #look(due: Due): void {
    if (!this.#running || this.#due.some((d) => sameDue(d, due))) return;
    this.#due.push(due);
    this.#pump();
  }

  /** One thing after the other: the AE has one association at a time (Table 4.4-2). */
  #pump(): void {
    if (!this.#running || this.#working !== null) return;
    this.#working = this.#work().finally(() => {
      this.#working = null;
      // what came in after the last look
      if (this.#next() !== null) this.#pump();
    });
  }

  #next(): (() => Promise<void>) | null {
    if (!this.#running || this.#storeTimer !== null) return null;
    if (this.#due.length > 0) return () => this.#planFirst();
    for (const line of this.#lines.values())
      if (line.timer === null && line.transactions.length > 0) return () => this.#send(line);
    return null;
  }

  async #work(): Promise<void> {
    for (let step = this.#next(); step !== null; step = this.#next())
      try {
        await step();
      } catch (error) {
        if (!this.#running) return;
        this.#parts.log.error("commitment-not-kept", { error });
        this.#storeTimer = this.#parts.clock.after(STORE_RETRY_MS, () => {
          this.#storeTimer = null;
          this.#pump();
        });
      }
  }

  /** Taken off the list first: what comes in meanwhile is looked at once more. */
  async #planFirst(): Promise<void> {
    const due = this.#due.shift();
    if (due === undefined) return;
    try {
      await this.#forgetting;
      await this.#plan(due);
    } catch (error) {
      this.#due.unshift(due);
      throw error;
    }
  }

  /** Makes the transactions, durable before anything is sent. */
  async #plan({ remoteId, studyUid, again }: Due): Promise<void> {
    const { storage, uids, clock, log } = this.#parts;
    const remote = this.#archives().find((r) => r.id === remoteId);
    if (remote === undefined || this.#refusal(remote) !== null) return;
    if (again) await storage.supersedeCommitments(remoteId, "asked for again");
    const wanted = storage.reader.toCommit(remoteId, { studyUid, again });
    for (const [studyInstanceUid, instances] of Map.groupBy(wanted, (w) => w.studyInstanceUid)) {
      const transactionUid = uids.next();
      await storage.createCommitment(
        { transactionUid, remoteId, studyInstanceUid, createdMs: clock.nowMs() },
        instances.map((i) => i.sopInstanceUid),
      );
      this.#line(remoteId).transactions.push(transactionUid);
      log.info("commitment-planned", { remoteId, transactionUid, instances: instances.length });
      this.#tell({ remoteId, studyInstanceUid });
    }
  }

  #line(remoteId: string): Line {
    const line = this.#lines.get(remoteId) ?? {
      remoteId,
      transactions: [],
      attempts: 0,
      timer: null,
    };
    this.#lines.set(remoteId, line);
    return line;
  }

  /** Sends the first transaction of the line, and sees what the line does then. */
  async #send(line: Line): Promise<void> {
    const { storage, log } = this.#parts;
    const [transactionUid = ""] = line.transactions;
    const remote = this.#archives().find((r) => r.id === line.remoteId);
    const commitment = storage.reader.commitment(transactionUid);
    const instances = storage.reader
      .commitmentItems(transactionUid)
      .filter((item) => item.state === "pending");
    // Gone meanwhile: the archive, the study, or the question.
    if (remote === undefined || commitment?.state !== "open" || instances.length === 0) {
      line.transactions.shift();
      return;
    }
    // The other archives' turn comes next.
    if (this.#lines.delete(line.remoteId)) this.#lines.set(line.remoteId, line);
    const facts = { remoteId: remote.id, transactionUid };
    const answered = new AbortController();
    this.#current = { uid: transactionUid, answered };
    const outcome = await sendCommitmentRequest(
      { ...this.#parts, handlers: (association) => this.handlers(association) },
      remote,
      { transactionUid, instances },
      {
        signal: this.#stopping.signal,
        answered: answered.signal,
        onTaken: async () => {
          await storage.setCommitmentState(transactionUid, "requested");
          log.info("commitment-requested", facts);
          this.#tell(commitment);
        },
      },
    ).finally(() => {
      this.#current = null;
    });
    line.reason = undefined;
    switch (outcome.kind) {
      case "sent":
        line.transactions.shift();
        line.attempts = 0;
        return;
      case "failed":
        await storage.setCommitmentState(transactionUid, "failed", outcome.text);
        log.warn("commitment-request-failed", { ...facts, reason: outcome.text });
        line.transactions.shift();
        this.#pause(line, outcome.text);
        break;
      case "not-reached":
        log.warn("commitment-postponed", { ...facts, reason: outcome.text });
        this.#pause(line, outcome.text);
        break;
      case "not-supported":
        await this.#refused(remote, line, outcome.text);
        break;
      case "interrupted":
        return;
      default:
        outcome satisfies never;
    }
    this.#tell(commitment);
  }

  #wake(remoteId: string): void {
    const line = this.#lines.get(remoteId);
    if (line === undefined) return;
    line.timer?.cancel();
    line.timer = null;
    this.#pump();
  }

  /** The next of the line waits, longer each time in a row (A16). */
  #pause(line: Line, reason: string): void {
    const { configuration, clock, random } = this.#parts;
    const baseMs = configuration().storage.retryDelay * 1000;
    line.reason = reason;
    line.timer = clock.after(backoffMs(baseMs, line.attempts++, random), () => {
      line.timer = null;
      this.#pump();
    });
  }

  // ---- archives without commitment -----------------------------------------------------------------

  /** E13: kept beyond a restart; the transactions are given up, nothing waits for them. */
  async #refused(remote: Remote, line: Line, text: string): Promise<void> {
    const { storage, log, clock } = this.#parts;
    const refusal = { fingerprint: fingerprintOf(remote), atMs: clock.nowMs() };
    await storage.apply([{ kind: "setting", key: refusalKey(remote.id), value: refusal }]);
    await storage.supersedeCommitments(remote.id, text);
    line.transactions.splice(0);
    log.warn("commitment-not-supported", { remoteId: remote.id, reason: text });
  }

  /** Since when the archive, as it is configured now, is known not to support commitment. */
  #refusal(remote: Remote): number | null {
    const kept = this.#parts.storage.reader.setting(refusalKey(remote.id));
    if (typeof kept !== "object" || kept === null) return null;
    if (!("fingerprint" in kept) || kept.fingerprint !== fingerprintOf(remote)) return null;
    return "atMs" in kept && typeof kept.atMs === "number" ? kept.atMs : 0;
  }

  async #forgetRefusal(remoteId: string): Promise<void> {
    const { storage } = this.#parts;
    if (storage.reader.setting(refusalKey(remoteId)) === null) return;
    await storage.apply([{ kind: "setting", key: refusalKey(remoteId), value: null }]);
  }

  // ---- telling ----------------------------------------------------------------------------------

  #tell({ remoteId, studyInstanceUid }: CommitmentNews): void {
    this.#stale = true;
    this.changes.emit({ remoteId, studyInstanceUid });
  }

  #counted(): ReadonlyMap<string, Omit<ArchiveCommitment, "supported">> {
    const { clock, storage } = this.#parts;
    const startMs = clock.monotonicMs();
    const waitMs = this.#stale ? COUNT_PAUSE * this.#countTookMs : COUNT_AGE_MAX_MS;
    if (startMs - this.#countedMs >= waitMs) {
      this.#stale = false;
      this.#waiting = new Map(
        storage.reader.commitmentsWaiting().map(({ remoteId, ...waiting }) => [remoteId, waiting]),
      );
      this.#countedMs = clock.monotonicMs();
      this.#countTookMs = this.#countedMs - startMs;
    }
    return this.#waiting;
  }
}

const refusalKey = (remoteId: string) => `commitment.refusal.${remoteId}`;

function sameDue(a: Due, b: Due): boolean {
  return a.remoteId === b.remoteId && a.studyUid === b.studyUid && a.again === b.again;
}
