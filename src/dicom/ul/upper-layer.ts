// The shell of the state machine: performs its effects on a connection, feeds it what arrives, and
// is the association that DIMSE sees. The same for both sides; requestor.ts and acceptor.ts tell
// it what to do while the association is being made.

import { assert } from "../../core/assert.ts";
import type { ByteSource } from "../../core/byte-source.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Connection } from "../../core/connection.ts";
import type { Log } from "../../core/log.ts";
import {
  type AcceptedContext,
  type Association,
  type AssociationEnd,
  AssociationEnded,
  describeEnd,
  type Pdv,
  type PeerIdentity,
  type UpperLayerTimeouts,
} from "./association.ts";
import { ABORT_LINGER_MS, CLOSE_DRAIN_MS, RECEIVE_QUEUE_BYTES_MAX } from "./limits.ts";
import { MessageSender } from "./message-sender.ts";
import {
  ABORT_REASON,
  ABORT_SOURCE,
  type AssociateAccept,
  type AssociateReject,
  type AssociateRequest,
  PDU_TYPE,
  type Pdu,
  type UserItem,
} from "./pdu.ts";
import { PduStream, type StreamItem } from "./pdu-stream.ts";
import type { MalformedPdu } from "./read-pdu.ts";
import { type Effect, type Event, next, type State } from "./state-machine.ts";
import { Watchdog } from "./watchdog.ts";
import { writePdu } from "./write-pdu.ts";

/** What was agreed on; known once the association stands. */
export interface Agreement {
  readonly calling: string;
  readonly called: string;
  readonly peer: PeerIdentity;
  readonly contexts: readonly AcceptedContext[];
}

/** What the two sides do with the PDUs that make an association. */
export interface Establishment {
  /** A-ASSOCIATE-RQ, -AC or -RJ arrived in the state that waits for it. */
  onAssociatePdu(pdu: AssociateRequest | AssociateAccept | AssociateReject): void;
  /** An A-ASSOCIATE-RQ arrived that cannot be read. */
  onMalformedRequest(error: MalformedPdu): void;
  /** It is over before it stood. */
  onFailed(end: AssociationEnd): void;
}

export interface UpperLayerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly connection: Connection;
  readonly requestor: boolean;
  /** Largest P-DATA-TF PDU announced to the peer; 0: no limit. */
  readonly maxPduLength: number;
  readonly timeouts: UpperLayerTimeouts;
}

export class UpperLayer implements Association {
  readonly requestor: boolean;
  readonly remoteAddress: string;
  readonly ended: Promise<AssociationEnd>;
  end: AssociationEnd | null = null;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #connection: Connection;
  readonly #timeouts: UpperLayerTimeouts;
  readonly #establishment: Establishment;
  readonly #stream: PduStream;
  readonly #resolveEnded: (end: AssociationEnd) => void;
  readonly #dataWatch: Watchdog;
  readonly #idleWatch: Watchdog;
  readonly #writeWatch: Watchdog;
  #state: State = "Sta1";
  /** Condition of AE-6. */
  #acceptable = true;
  #agreement: Agreement | null = null;
  #contextIds: ReadonlySet<number> = new Set();
  #artim: Timer | null = null;
  #releaseTimer: Timer | null = null;
  #closed: { readonly cause: Error | null } | null = null;
  #handler: ((pdv: Pdv) => void | Promise<void>) | null = null;
  /** A PDV that waits for a handler. */
  #held: Pdv | null = null;
  /** The handler has not yet settled. */
  #busy = false;
  #paused = false;
  /** Between the first and the last fragment of a message part. */
  #insideMessage = false;
  #sender: MessageSender | null = null;
  #sending: Promise<void> = Promise.resolve();
  #writesInFlight = 0;
  /** The PDU that the next send effect writes. */
  #outgoing: Pdu | null = null;
  /** Reason of the A-ABORT that AA-7 and AA-8 send, PS3.8 table 9-26. */
  #abortReason: number = ABORT_REASON.notSpecified;

  constructor(
    options: UpperLayerOptions,
    makeEstablishment: (upperLayer: UpperLayer) => Establishment,
  ) {
    const { clock, log, connection, timeouts } = options;
    this.requestor = options.requestor;
    this.remoteAddress = connection.remoteAddress;
    this.#clock = clock;
    this.#log = log.with({ peer: `${connection.remoteAddress}:${connection.remotePort}` });
    this.#connection = connection;
    this.#timeouts = timeouts;
    this.#stream = new PduStream(options.maxPduLength);
    const { promise, resolve } = Promise.withResolvers<AssociationEnd>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#dataWatch = this.#watch("data", timeouts.dataMs);
    this.#idleWatch = new Watchdog(clock, timeouts.idleMs, () => this.#onIdle());
    this.#writeWatch = this.#watch("write", timeouts.writeMs);
    this.#establishment = makeEstablishment(this);
    if (this.requestor) this.dispatch("Evt1");
    else this.dispatch("Evt5");
    connection.onClose((cause) => this.#onClose(cause));
    connection.onData((chunk) => this.#onData(chunk));
  }

  // --- the association as DIMSE sees it

  get calling(): string {
    return this.#agreed().calling;
  }

  get called(): string {
    return this.#agreed().called;
  }

  get peer(): PeerIdentity {
    return this.#agreed().peer;
  }

  get contexts(): readonly AcceptedContext[] {
    return this.#agreed().contexts;
  }

  send(
    contextId: number,
    command: boolean,
    body: readonly (Uint8Array | ByteSource)[],
  ): Promise<void> {
    assert(this.#contextIds.has(contextId), `presentation context ${contextId} is not accepted`);
    const sent = this.#sending.then(() => this.#sendNow(contextId, command, body));
    this.#sending = sent.catch(() => {});
    return sent;
  }

  async #sendNow(
    contextId: number,
    command: boolean,
    body: readonly (Uint8Array | ByteSource)[],
  ): Promise<void> {
    this.#assertMaySend();
    assert(this.#sender !== null, "the association is not established");
    try {
      await this.#sender.send(contextId, command, body);
    } catch (error) {
      // half a message cannot be taken back (C4)
      if (!(error instanceof AssociationEnded)) this.abort();
      throw error;
    }
  }

  onPdv(handler: (pdv: Pdv) => void | Promise<void>): void {
    this.#handler = handler;
    this.#pump();
  }

  async release(): Promise<AssociationEnd> {
    await this.#sending;
    // in any other state a release or an end is under way already
    if (this.end === null && this.#state === "Sta6") this.dispatch("Evt11");
    return this.ended;
  }

  abort(): void {
    if (this.end !== null) return;
    if (this.#closed === null) this.dispatch("Evt15");
    else this.#onGone(this.#closed.cause);
  }

  // --- for requestor.ts and acceptor.ts

  /** Evt2: the requestor's connection is open. */
  sendRequest(request: AssociateRequest): void {
    this.#outgoing = request;
    this.dispatch("Evt2");
  }

  /** The requestor was accepted, the acceptor is about to accept. */
  agree(agreement: Agreement): void {
    this.#agreement = agreement;
    this.#contextIds = new Set(agreement.contexts.map((context) => context.id));
    this.#sender = new MessageSender(agreement.peer.maxPduLength, (chunk) =>
      this.#writeBatch(chunk),
    );
  }

  /** Evt7, the answer to a request. */
  accept(answer: AssociateAccept, agreement: Agreement): void {
    this.dispatch("Evt6");
    this.agree(agreement);
    this.#outgoing = answer;
    this.dispatch("Evt7");
    this.#touchIdle();
  }

  /** Evt8, or AE-6 where the service provider is the one who rejects (source 2 or 3). */
  reject(answer: AssociateReject): void {
    this.#outgoing = answer;
    this.#acceptable = answer.source === 1;
    this.dispatch("Evt6");
    if (this.#acceptable) this.dispatch("Evt8");
    this.#finish({ kind: "lost", cause: null });
  }

  // --- the state machine

  dispatch(event: Event): void {
    const step = next(this.#state, event, {
      requestor: this.requestor,
      acceptable: this.#acceptable,
    });
    if (step === null) return;
    this.#state = step.next;
    for (const effect of step.effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect) {
      case "connect": // the caller has connected already
      case "send-p-data": // batches are written by the sender
      case "indicate-associate":
      case "confirm-accepted":
      case "confirm-rejected":
      case "indicate-p-data": // the pump hands PDVs out itself
        return;
      case "start-artim":
        this.#startArtim();
        return;
      case "stop-artim":
        this.#artim?.cancel();
        return;
      case "close":
        this.#connection.destroy();
        return;
      case "send-associate-rq":
      case "send-associate-ac":
      case "send-associate-rj":
        assert(this.#outgoing !== null, `nothing to ${effect}`);
        this.#writePdu(this.#outgoing);
        return;
      case "send-release-rq":
        this.#writePdu({ type: "release-rq" });
        this.#releaseTimer = this.#clock.after(this.#timeouts.releaseMs, () =>
          this.#timeout("release", this.#timeouts.releaseMs),
        );
        return;
      case "send-release-rp":
        this.#writePdu({ type: "release-rp" });
        if (this.#state === "Sta13") this.#finish({ kind: "released" });
        return;
      case "send-abort":
        this.#abortWith(ABORT_SOURCE.user, ABORT_REASON.notSpecified);
        return;
      case "send-provider-abort":
        this.#abortWith(ABORT_SOURCE.provider, this.#abortReason);
        return;
      case "indicate-release":
        // answered once what is being sent is out (AR-7 allows it)
        void this.#sending.then(() => this.dispatch("Evt14"));
        return;
      case "indicate-release-collision":
        if (this.requestor) this.dispatch("Evt14");
        return;
      case "confirm-release":
        // AR-10: the acceptor of a collision answers once its own release is confirmed
        if (this.#state === "Sta12") this.dispatch("Evt14");
        else this.#finish({ kind: "released" });
        return;
      case "indicate-abort": // #onPdu knows the numbers
        return;
      case "indicate-provider-abort": // #abortWith and #onGone end it
        return;
    }
  }

  #abortWith(source: number, reason: number): void {
    this.#writePdu({ type: "abort", source, reason });
    this.#finish({ kind: "aborted", by: "us", source, reason });
  }

  #startArtim(): void {
    this.#artim?.cancel();
    const aborted = this.end?.kind === "aborted" || this.end?.kind === "timeout";
    const delayMs = aborted
      ? Math.min(this.#timeouts.artimMs, ABORT_LINGER_MS)
      : this.#timeouts.artimMs;
    this.#artim = this.#clock.after(delayMs, () => {
      this.dispatch("Evt18");
      this.#finish({ kind: "lost", cause: null });
    });
  }

  // --- what arrives

  #onData(chunk: Uint8Array): void {
    if (this.end !== null && this.#busy) return;
    this.#stream.push(chunk);
    this.#pump();
    if (this.end !== null) return;
    this.#touchIdle();
    if (!this.#paused && this.#stream.queuedBytes > RECEIVE_QUEUE_BYTES_MAX) {
      this.#paused = true;
      this.#connection.pause();
    }
  }

  #onClose(cause: Error | null): void {
    this.#closed ??= { cause };
    this.#pump();
    if (this.end !== null) return;
    // a handler that hangs must not keep the association for ever
    const drain = this.#clock.after(CLOSE_DRAIN_MS, () => this.#onGone(cause));
    void this.ended.then(() => drain.cancel());
  }

  /** Evt17, once everything that came before is dealt with. */
  #onGone(cause: Error | null): void {
    this.dispatch("Evt17");
    this.#finish({ kind: "lost", cause });
  }

  /** Handles items as long as there are some and the handler keeps up. */
  #pump(): void {
    while (!this.#busy) {
      const item = this.#held === null ? this.#stream.next() : null;
      if (item === null && this.#held === null) break;
      const pdv = this.#held ?? (item?.kind === "pdv" ? item.pdv : null);
      if (pdv === null) {
        if (item !== null) this.#onItem(item);
        continue;
      }
      if (!this.#mayReceive(pdv)) continue;
      if (this.#handler === null) {
        this.#held = pdv;
        break;
      }
      this.#held = null;
      this.#deliver(this.#handler, pdv);
    }
    this.#watchData();
    if (this.#closed !== null && !this.#busy) this.#onGone(this.#closed.cause);
    if (this.#paused && !this.#busy && this.#held === null) {
      this.#paused = false;
      this.#connection.resume();
    }
  }

  /** Evt10; false when the PDV does not belong here and was dealt with. */
  #mayReceive(pdv: Pdv): boolean {
    const established = this.#state === "Sta6" || this.#state === "Sta7";
    if (established && !this.#contextIds.has(pdv.contextId)) {
      this.#log.warn("pdv-on-unknown-context", { contextId: pdv.contextId });
      this.#abortReason = ABORT_REASON.invalidPduParameterValue;
      this.dispatch("Evt19");
      this.#held = null;
      return false;
    }
    this.#abortReason = ABORT_REASON.unexpectedPdu;
    this.dispatch("Evt10");
    if (!established) this.#held = null;
    return established;
  }

  #deliver(handler: (pdv: Pdv) => void | Promise<void>, pdv: Pdv): void {
    this.#insideMessage = !pdv.last;
    try {
      const settled = handler(pdv);
      if (settled === undefined) return;
      this.#busy = true;
      settled.then(
        () => {
          this.#busy = false;
          this.#touchIdle();
          this.#pump();
        },
        (error: unknown) => {
          this.#busy = false;
          this.#onHandlerFailed(error);
          this.#pump();
        },
      );
    } catch (error) {
      this.#onHandlerFailed(error);
    }
  }

  #onHandlerFailed(error: unknown): void {
    // an answer that came too late for our own release is no reason to break it off
    if (error instanceof AssociationEnded && this.#closed === null) return;
    if (this.end === null) this.#log.error("receiving-failed", { error });
    this.abort();
  }

  #onItem(item: StreamItem): void {
    switch (item.kind) {
      case "pdv":
        return;
      case "oversize":
        this.#log.warn("pdu-longer-than-announced", { bytes: item.bytes });
        return;
      case "malformed":
        this.#onMalformed(item.error);
        return;
      case "pdu":
        this.#abortReason = ABORT_REASON.unexpectedPdu;
        this.#onPdu(item.pdu);
        return;
    }
  }

  #onMalformed(error: MalformedPdu): void {
    if (this.end === null) this.#log.warn("pdu-unreadable", { reason: error.message });
    this.#abortReason = error.reason;
    if (this.#state === "Sta2" && error.pduType === PDU_TYPE["associate-rq"])
      this.#establishment.onMalformedRequest(error);
    else this.dispatch("Evt19");
  }

  #onPdu(pdu: Pdu): void {
    switch (pdu.type) {
      case "associate-rq":
        if (this.#state === "Sta2") this.#establishment.onAssociatePdu(pdu);
        else this.dispatch("Evt6");
        return;
      case "associate-ac": {
        const awaited = this.#state === "Sta5";
        this.dispatch("Evt3");
        if (awaited) this.#establishment.onAssociatePdu(pdu);
        return;
      }
      case "associate-rj": {
        const awaited = this.#state === "Sta5";
        this.dispatch("Evt4");
        if (awaited) {
          this.#establishment.onAssociatePdu(pdu);
          this.#finish({ kind: "lost", cause: null });
        }
        return;
      }
      case "release-rq":
        this.dispatch("Evt12");
        return;
      case "release-rp":
        this.dispatch("Evt13");
        return;
      case "abort":
        this.dispatch("Evt16");
        this.#finish({ kind: "aborted", by: "peer", source: pdu.source, reason: pdu.reason });
        return;
      case "p-data":
      case "unknown":
        this.dispatch("Evt19");
        return;
    }
  }

  // --- time-outs

  #watch(what: "data" | "write", limitMs: number): Watchdog {
    return new Watchdog(this.#clock, limitMs, () => this.#timeout(what, limitMs));
  }

  /** Only a silence of the peer counts, not one while we are busy with what it sent. */
  #onIdle(): void {
    if (this.#busy || this.#writesInFlight > 0) this.#idleWatch.touch();
    else this.#timeout("idle", this.#timeouts.idleMs);
  }

  #touchIdle(): void {
    if (this.end === null && this.#agreement !== null && !this.requestor) this.#idleWatch.touch();
  }

  /** Runs while a PDU or message is half received and nobody but the peer is waited for. */
  #watchData(): void {
    const waiting = this.#stream.insidePdu || this.#insideMessage;
    const theirs = !this.#busy && this.#held === null;
    if (this.end === null && this.#agreement !== null && waiting && theirs) this.#dataWatch.touch();
    else this.#dataWatch.rest();
  }

  /** A blocked write would hold an A-ABORT back for ever, so then the socket goes at once (A11). */
  #timeout(what: "data" | "idle" | "release" | "write", afterMs: number): void {
    if (this.end !== null) return;
    this.#log.warn("association-timeout", { what, afterMs });
    this.#finish({ kind: "timeout", what, afterMs });
    if (this.#writesInFlight === 0) this.dispatch("Evt15");
    else {
      this.#state = "Sta1";
      this.#connection.destroy();
    }
  }

  // --- writing

  async #writeBatch(chunk: Uint8Array): Promise<void> {
    this.#assertMaySend();
    this.dispatch("Evt9");
    try {
      await this.#write(chunk);
    } catch (error) {
      // the connection tells the rest by closing; what it still delivers may name the reason
      const cause = error instanceof Error ? error : new Error(String(error));
      this.#closed ??= { cause };
      throw new AssociationEnded(this.end ?? { kind: "lost", cause });
    }
  }

  #writePdu(pdu: Pdu): void {
    this.#write(writePdu(pdu)).catch(() => {});
  }

  async #write(chunk: Uint8Array): Promise<void> {
    this.#writesInFlight++;
    if (this.end === null) this.#writeWatch.touch();
    try {
      await this.#connection.write([chunk]);
    } finally {
      this.#writesInFlight--;
      if (this.#writesInFlight === 0) this.#writeWatch.rest();
      else if (this.end === null) this.#writeWatch.touch();
      this.#touchIdle();
    }
  }

  // --- the end

  #finish(end: AssociationEnd): void {
    if (this.end !== null) return;
    this.end = end;
    this.#dataWatch.cancel();
    this.#idleWatch.cancel();
    this.#writeWatch.cancel();
    this.#releaseTimer?.cancel();
    if (this.#agreement === null) this.#establishment.onFailed(end);
    else this.#log.info("association-ended", { how: describeEnd(end) });
    this.#resolveEnded(end);
  }

  /** P-DATA may go out in Sta6 and Sta8 only; once we asked for the release nothing more may. */
  #assertMaySend(): void {
    if (this.end !== null) throw new AssociationEnded(this.end);
    if (this.#closed !== null)
      throw new AssociationEnded({ kind: "lost", cause: this.#closed.cause });
    if (this.#state !== "Sta6" && this.#state !== "Sta8")
      throw new AssociationEnded({ kind: "released" });
  }

  #agreed(): Agreement {
    assert(this.#agreement !== null, "the association is not established");
    return this.#agreement;
  }
}

/** A peer that leaves out the mandatory item gets PDUs that every implementation takes. */
const MISSING_MAX_PDU_LENGTH = 16_384;

/** What the peer says about itself, PS3.8 D.1 and PS3.7 D.3.3.2. */
export function peerIdentity(items: readonly UserItem[]): PeerIdentity {
  let identity: PeerIdentity = {
    implementationClassUid: "",
    implementationVersionName: "",
    maxPduLength: MISSING_MAX_PDU_LENGTH,
  };
  for (const item of items) {
    if (item.type === "max-length") identity = { ...identity, maxPduLength: item.bytes };
    if (item.type === "implementation-class-uid")
      identity = { ...identity, implementationClassUid: item.uid };
    if (item.type === "implementation-version-name")
      identity = { ...identity, implementationVersionName: item.name };
  }
  return identity;
}
