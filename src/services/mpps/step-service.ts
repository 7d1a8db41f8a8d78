// Performed procedure steps (§4.2.4, PS3.4 Annex F): created after the first stored image, set when the
// exam ends. Every message is a row before it is sent and keeps its place behind the one before it, so
// a restart at any point goes on where the other ended. One association at a time, one message each.

import type { Configuration, Remote } from "../../config/configuration.ts";
import type { Timer } from "../../core/clock.ts";
import { Listeners } from "../../core/listeners.ts";
import { MissingValue } from "../../dicom/ae/attribute-rows.ts";
import { proposedContexts } from "../../dicom/ae/contexts.ts";
import { MPPS_PROPOSED } from "../../dicom/ae/mpps/presentation-contexts.ts";
import { createStep, type StepOutcome, setStep } from "../../dicom/ae/mpps/step-exchange.ts";
import type { OutputCharacterSet } from "../../dicom/data/charset/output-character-set.ts";
import type { DataSet } from "../../dicom/data/data-set.ts";
import { encodeDataSet } from "../../dicom/data/encode.ts";
import { tagText } from "../../dicom/dict/dictionary.ts";
import { DimseChannel } from "../../dicom/dimse/channel.ts";
import { STATUS } from "../../dicom/dimse/status.ts";
import type { Association } from "../../dicom/ul/association.ts";
import type { Exam } from "../../model/exam.ts";
import type { InstanceRecord } from "../../model/instance.ts";
import type { MppsMessage, NewMppsMessage } from "../../store/records.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import { StoreError } from "../../store/store-error.ts";
import { associate, type ConnectDependencies, describeFailure } from "../remotes/connect.ts";
import type { RemoteStates } from "../remotes/remote-states.ts";
import { type KeptDocument, keptDocument, restoredDocument } from "./kept-document.ts";
import {
  createDocument,
  type EndedExam,
  isImage,
  type PerformingStation,
  type StepDocument,
  setDocument,
} from "./step-document.ts";
import { type StepView, stepView } from "./step-view.ts";

export interface StepParts extends ConnectDependencies {
  readonly storage: Pick<StoragePort, "reader" | "apply" | "saveMpps">;
  readonly states: RemoteStates;
}

/** Messages that wait for their server are tried again so often (mpps.queueWhenUnreachable). */
export const QUEUE_RETRY_MS = 60_000;

export type ResendAnswer = "sending" | "no-server" | "nothing-failed";

/** What became of one try. */
type Verdict =
  | {
      readonly kind: "done";
      readonly warning?: string | undefined;
      /** What had to be written as something else: characters of a name, so not for the log. */
      readonly note?: string | undefined;
    }
  /** `lost`: no answer came; nobody knows whether the message was carried out. */
  | { readonly kind: "failed"; readonly text: string; readonly lost: boolean }
  | { readonly kind: "unreachable"; readonly text: string }
  | { readonly kind: "stopped" };

export class StepService {
  /** Ids of exams whose step is in another state than before. */
  readonly changes = new Listeners<string>();
  readonly #parts: StepParts;
  /** Exams whose N-CREATE is a row, or about to be one. */
  readonly #begun = new Map<string, Promise<boolean>>();
  /** Exams whose N-SET is a row, or about to be one: a start and an end may come together. */
  readonly #ended = new Set<string>();
  readonly #stop = new AbortController();
  #association: Association | null = null;
  #running: Promise<void> | null = null;
  #again = false;
  #retry: Timer | null = null;

  constructor(parts: StepParts) {
    this.#parts = parts;
    parts.states.changes.add(({ remoteId, reachable }) => {
      const waiting = this.#retry !== null;
      if (reachable && waiting && remoteId === stepServer(parts.configuration())?.id) this.#kick();
    });
  }

  /** Makes the messages that a crash prevented and sends what waits. */
  async start(): Promise<void> {
    const { reader } = this.#parts.storage;
    const steps = Map.groupBy(reader.mpps(), (m) => m.examId);
    for (const [examId, messages] of steps) {
      this.#begun.set(examId, Promise.resolve(true));
      if (messages.some((m) => m.message === "set")) continue;
      const exam = reader.exam(examId);
      if (exam !== null) await this.onEnded(exam);
    }
    for (const exam of reader.exams({ state: "open" }))
      if (!steps.has(exam.id)) await this.#begin(exam);
    this.#kick();
  }

  /** Breaks off the message in hand, which is sent again by the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#retry?.cancel();
    this.#retry = null;
    this.#association?.abort();
    await Promise.all(this.#begun.values());
    await this.#running;
  }

  /** The configuration changed: perhaps there is a server now. */
  configured(): void {
    this.#kick();
  }

  // ---- the exam's news ----------------------------------------------------------------------------

  /** An object of an exam became durable: the first image begins the step. */
  async onInstance(exam: Exam, record: InstanceRecord): Promise<void> {
    if (!isImage(record)) return;
    if (await this.#begin(exam)) this.#kick();
  }

  /** An exam ended, its objects are durable. Without an image there was no step and is none. */
  async onEnded(exam: Exam): Promise<void> {
    const { reader } = this.#parts.storage;
    if (!isEnded(exam) || !(await this.#begin(exam))) return;
    if (this.#ended.has(exam.id)) return;
    this.#ended.add(exam.id);
    if (reader.mpps({ examId: exam.id }).some((m) => m.message === "set")) return;
    const instances = reader.instancesOfExam(exam.id);
    const document = () => setDocument(exam, instances, this.#station());
    // What could not be kept is made by the next start.
    if (!(await this.#enqueue(exam, "set", document))) this.#ended.delete(exam.id);
    this.#kick();
  }

  /** How the step stands, for whoever looks at the exam. */
  state(exam: Exam): StepView {
    const { storage, configuration } = this.#parts;
    const hasServer = stepServer(configuration()) !== undefined;
    const messages = storage.reader.mpps({ examId: exam.id });
    return stepView(exam, messages, hasServer);
  }

  /** The operator wants a failed step sent again, with the same SOP Instance UID (E27). */
  async resend(examId: string): Promise<ResendAnswer> {
    const { storage, configuration } = this.#parts;
    if (stepServer(configuration()) === undefined) return "no-server";
    const unfinished = storage.reader.mpps({ examId, unfinished: true });
    if (unfinished.length === 0) return "nothing-failed";
    for (const message of unfinished.filter((m) => m.state === "failed"))
      await storage.saveMpps({ ...message, state: "waiting", reason: undefined });
    this.changes.emit(examId);
    this.#kick();
    return "sending";
  }

  // ---- making messages ----------------------------------------------------------------------------

  /** True when the exam has a step: its N-CREATE is a row. */
  #begin(exam: Exam): Promise<boolean> {
    const before = this.#begun.get(exam.id);
    if (before !== undefined) return before;
    const { storage, configuration } = this.#parts;
    if (storage.reader.mpps({ examId: exam.id }).length > 0) return Promise.resolve(true);
    const due =
      stepServer(configuration()) !== undefined &&
      storage.reader.instancesOfExam(exam.id).some(isImage);
    if (!due) return Promise.resolve(false);
    const begun = this.#enqueue(exam, "create", () => createDocument(exam, this.#station()));
    this.#begun.set(exam.id, begun);
    // The next image tries again what could not be kept.
    void begun.then((kept) => {
      if (!kept) this.#begun.delete(exam.id);
    });
    return begun;
  }

  /** True when the message is durable. */
  async #enqueue(
    exam: Exam,
    message: MppsMessage["message"],
    build: () => StepDocument,
  ): Promise<boolean> {
    const { storage, clock, log } = this.#parts;
    try {
      const { dataSet, truncated } = build();
      if (truncated.length > 0)
        log.warn("mpps-text-cut", { exam: exam.id, attributes: truncated.map(tagText) });
      const row: NewMppsMessage = {
        sopInstanceUid: exam.mppsSopInstanceUid,
        examId: exam.id,
        message,
        document: keptDocument(dataSet),
        createdMs: clock.nowMs(),
      };
      await storage.apply([{ kind: "mpps", message: row }]);
    } catch (error) {
      // The disk is full, or a value is missing: the exam goes on, the log tells.
      if (!(error instanceof MissingValue || error instanceof StoreError)) throw error;
      log.error("mpps-not-kept", { exam: exam.id, message, error });
      return false;
    }
    this.changes.emit(exam.id);
    return true;
  }

  #station(): PerformingStation {
    const { local, device } = this.#parts.configuration();
    const { stationName, timeZone } = device;
    return { aeTitle: local.aeTitle, stationName, timeZone };
  }

  // ---- sending ------------------------------------------------------------------------------------

  #kick(): void {
    if (this.#stop.signal.aborted) return;
    this.#retry?.cancel();
    this.#retry = null;
    this.#again = true;
    this.#running ??= this.#sendAll()
      .catch((error: unknown) => this.#parts.log.error("mpps-not-recorded", { error }))
      .finally(() => {
        this.#running = null;
        if (this.#again) this.#kick();
      });
  }

  /** The first unfinished message of every step, again and again until none is left to try. */
  async #sendAll(): Promise<void> {
    const postponed = new Set<number>();
    while (this.#again) {
      this.#again = false;
      const remote = stepServer(this.#parts.configuration());
      if (remote === undefined) return;
      for (const message of this.#heads()) {
        if (this.#stop.signal.aborted) return;
        if (postponed.has(message.number)) continue;
        const kept = await this.#deliver(remote, message);
        if (kept === "waits") postponed.add(message.number);
        if (kept === "server-away") return this.#retryLater();
        if (kept === "done") this.#again = true;
      }
    }
    if (postponed.size > 0) this.#retryLater();
  }

  #heads(): MppsMessage[] {
    const unfinished = this.#parts.storage.reader.mpps({ unfinished: true });
    const first = new Map<string, MppsMessage>();
    for (const m of unfinished) if (!first.has(m.sopInstanceUid)) first.set(m.sopInstanceUid, m);
    return [...first.values()].filter((m) => m.state === "waiting");
  }

  #retryLater(): void {
    if (this.#stop.signal.aborted) return;
    this.#retry?.cancel();
    this.#retry = this.#parts.clock.after(QUEUE_RETRY_MS, () => this.#kick());
  }

  /** Sends one message and records what came of it. */
  async #deliver(
    remote: Remote,
    message: MppsMessage,
  ): Promise<"done" | "failed" | "waits" | "server-away"> {
    const { states, configuration } = this.#parts;
    const free = states.occupy(remote.id);
    let verdict: Verdict;
    try {
      verdict = await this.#send(remote, message);
    } finally {
      free();
    }
    const fields = { exam: message.examId, message: message.message, remote: remote.id };
    const queue = configuration().mpps.queueWhenUnreachable;
    switch (verdict.kind) {
      case "stopped":
        return "server-away";
      case "done":
        if (verdict.warning !== undefined)
          this.#parts.log.warn("mpps-warning", { ...fields, text: verdict.warning });
        if (verdict.note !== undefined) this.#parts.log.warn("mpps-text-replaced", fields);
        await this.#record(message, "done", both(verdict.warning, verdict.note));
        return "done";
      case "unreachable":
        return (await this.#missed(message, verdict.text, queue)) ? "server-away" : "failed";
      case "failed":
        // M6: what may have been lost waits; what was refused does not get better by itself.
        return (await this.#missed(message, verdict.text, queue && verdict.lost, !verdict.lost))
          ? "waits"
          : "failed";
      default:
        return verdict satisfies never;
    }
  }

  /** Records a try that did not work; true when the message goes on waiting. */
  async #missed(
    message: MppsMessage,
    text: string,
    wait: boolean,
    refused = false,
  ): Promise<boolean> {
    const { log } = this.#parts;
    const fields = { exam: message.examId, message: message.message, text };
    if (wait) log.warn("mpps-waits", fields);
    else log.error("mpps-failed", fields);
    await this.#record(message, wait ? "waiting" : "failed", text, refused);
    return wait;
  }

  /**
   * Attempts count what was sent and, of an N-SET, not answered: only where an answer was lost may a
   * later "already final" count as success (M2), whatever was refused in between.
   */
  async #record(
    message: MppsMessage,
    state: MppsMessage["state"],
    reason: string | undefined,
    refused = false,
  ): Promise<void> {
    const { storage } = this.#parts;
    const now = storage.reader.mpps({ examId: message.examId });
    const sent = now.find((m) => m.number === message.number)?.attempts ?? message.attempts;
    const attempts = refused && message.message === "set" ? message.attempts : sent;
    await storage.saveMpps({ number: message.number, state, attempts, reason });
    this.changes.emit(message.examId);
  }

  async #send(remote: Remote, message: MppsMessage): Promise<Verdict> {
    const verdict = await this.#exchange(remote, message);
    if (verdict.kind !== "refused") return verdict;
    const lost = message.message === "set" && verdict.status === STATUS.noSuchObjectInstance;
    if (!lost || !this.#parts.configuration().mpps.recreateLostStep) return failed(verdict.text);
    // M2: create it again, then set it once more.
    this.#parts.log.warn("mpps-created-again", { exam: message.examId, remote: remote.id });
    const create = this.#parts.storage.reader
      .mpps({ examId: message.examId })
      .find((m) => m.message === "create");
    if (create === undefined) return failed(verdict.text);
    const created = await this.#exchange(remote, create);
    if (created.kind === "refused") return failed(created.text);
    if (created.kind !== "done") return created;
    const second = await this.#exchange(remote, message);
    return second.kind === "refused" ? failed(second.text) : second;
  }

  /** One message on an association of its own. */
  async #exchange(
    remote: Remote,
    message: MppsMessage,
  ): Promise<
    Verdict | { readonly kind: "refused"; readonly status: number; readonly text: string }
  > {
    const { states, configuration, storage } = this.#parts;
    const who = `${remote.id} (${remote.aeTitle})`;
    const outcome = await associate(
      this.#parts,
      remote,
      proposedContexts(MPPS_PROPOSED.rows),
      this.#stop.signal,
    );
    if (outcome.kind !== "accepted") {
      if (this.#stop.signal.aborted) return { kind: "stopped" };
      const text = describeFailure(remote, outcome);
      states.failed(remote.id, text);
      return { kind: "unreachable", text };
    }
    const { association } = outcome;
    this.#association = association;
    try {
      states.alive(remote.id);
      if (this.#stop.signal.aborted) return { kind: "stopped" };
      const channel = new DimseChannel(association, this.#parts);
      const { attempts, number, state, reason } = message;
      // Durable before it is sent: after a crash it is a repeated one (M1).
      await storage.saveMpps({ number, state, reason, attempts: attempts + 1 });
      const { local, mpps } = configuration();
      const characterSet = remote.characterSet ?? local.characterSet;
      const dataSet = restoredDocument(message.document as KeptDocument);
      const create = message.message === "create";
      const answer = await (create ? createStep : setStep)(
        channel,
        { sopInstanceUid: message.sopInstanceUid, dataSet, repeated: attempts > 0 },
        {
          timeoutMs: (create ? mpps.nCreateTimeout : mpps.nSetTimeout) * 1000,
          text: { characterSet },
        },
      );
      if (this.#stop.signal.aborted) return { kind: "stopped" };
      if (association.end === null) await channel.release();
      if (answer.kind === "timeout" || answer.kind === "aborted")
        states.failed(remote.id, `${who}: ${answer.text}`);
      return verdictOf(who, answer, substituted(dataSet, characterSet));
    } finally {
      this.#association = null;
      if (association.end === null) association.abort();
    }
  }
}

/** The MPPS server: the first remote with that service. */
export function stepServer(configuration: Configuration): Remote | undefined {
  return configuration.remotes.find((r) => r.services.includes("mpps"));
}

const failed = (text: string): Verdict => ({ kind: "failed", text, lost: false });

function verdictOf(
  who: string,
  answer: StepOutcome,
  note: string | undefined,
): Verdict | { readonly kind: "refused"; readonly status: number; readonly text: string } {
  switch (answer.kind) {
    case "success": {
      return { kind: "done", warning: answer.warning ? `${who}: ${answer.text}` : undefined, note };
    }
    case "refused":
      return { kind: "refused", status: answer.status, text: `${who}: ${answer.text}` };
    case "not-supported":
      return failed(`${who}: ${answer.text}`);
    case "timeout":
    case "aborted":
      return { kind: "failed", text: `${who}: ${answer.text}`, lost: true };
    default:
      return answer satisfies never;
  }
}

function both(first: string | undefined, second: string | undefined): string | undefined {
  return first === undefined || second === undefined ? (first ?? second) : `${first}; ${second}`;
}

/** Characters that the server's character set does not have, in words for the operator. */
function substituted(dataSet: DataSet, characterSet: OutputCharacterSet): string | undefined {
  const substitutions: { tag: number; character: string }[] = [];
  encodeDataSet(dataSet, { explicitVr: true, characterSet, substitutions });
  const characters = new Set(substitutions.map((s) => s.character));
  if (characters.size === 0) return undefined;
  return `characters the server's character set does not have were written as others: ${[...characters].join(" ")}`;
}

function isEnded(exam: Exam): exam is EndedExam {
  return exam.state !== "open";
}
