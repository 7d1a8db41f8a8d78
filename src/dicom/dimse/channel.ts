// DIMSE over one association (PS3.7 §6.3, PS3.8 Annex E): message parts in and out, requests and
// their responses, requests of the peer served while we wait. Knows no service; see ae.

import { assert } from "../../core/assert.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import {
  type AcceptedContext,
  type Association,
  type AssociationEnd,
  AssociationEnded,
  describeEnd,
  type Pdv,
} from "../ul/association.ts";
import {
  type Command,
  type CommandKind,
  type CommandOf,
  isRequest,
  isRequestField,
  isResponse,
  type RequestCommand,
  type RequestKind,
  type ResponseCommand,
  readCommand,
  responseKind,
  writeCommand,
  writeUnrecognized,
} from "./command.ts";
import type {
  Body,
  Exchange,
  ExchangeStep,
  IncomingRequest,
  Receiver,
  Reply,
  RequestHandlers,
  ResponseFields,
} from "./message.ts";
import { isPending, STATUS } from "./status.ts";

/** A command set longer than this is no command set. */
export const COMMAND_BYTES_MAX = 64 * 1024;
/** Largest data set collected in memory (identifiers, reports); larger ones need a sink. */
export const COLLECTED_BYTES_MAX = 16 * 1024 * 1024;
/** Responses waiting to be looked at before reading stops. */
const RESPONSES_WAITING_MAX = 64;
/** Requests of the peer being served at a time before reading stops. */
const REQUESTS_IN_SERVICE_MAX = 8;
/** PS3.7 Annex E: Message ID is an unsigned short; 0 is not used (C10). */
const MESSAGE_ID_MAX = 65_535;

export interface ChannelOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Requests of the peer that are served. */
  readonly handlers?: RequestHandlers | undefined;
  /** See COLLECTED_BYTES_MAX. */
  readonly collectedBytesMax?: number | undefined;
}

/** A command as the caller gives it: the channel numbers it. */
export type Numberless<K extends RequestKind> = K extends RequestKind
  ? Omit<CommandOf<K>, "messageId">
  : never;

/** Where the bytes of the message that is arriving go. */
type Incoming =
  | {
      readonly part: "command";
      readonly contextId: number;
      readonly chunks: Uint8Array[];
      bytes: number;
    }
  | { readonly part: "data"; readonly contextId: number; readonly sink: Sink };

interface Sink {
  write(bytes: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
  lost(end: AssociationEnd): void;
}

export class DimseChannel {
  readonly association: Association;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #handlers: RequestHandlers;
  readonly #collectedBytesMax: number;
  readonly #contexts: ReadonlyMap<number, AcceptedContext>;
  readonly #exchanges = new Map<number, PendingExchange>();
  readonly #replies = new Map<number, { cancelled: boolean }>();
  #incoming: Incoming | null = null;
  /** The peer broke the protocol: the association is being aborted, nothing more is looked at. */
  #broken = false;
  #lastMessageId = 0;
  #sending: Promise<void> = Promise.resolve();
  #inService = 0;
  #servedWaiters: (() => void)[] = [];

  constructor(association: Association, options: ChannelOptions) {
    this.association = association;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#handlers = options.handlers ?? {};
    this.#collectedBytesMax = options.collectedBytesMax ?? COLLECTED_BYTES_MAX;
    this.#contexts = new Map(association.contexts.map((context) => [context.id, context]));
    association.onPdv((pdv) => this.#onPdv(pdv));
    void association.ended.then((end) => this.#onEnded(end));
  }

  /** The accepted context of an abstract syntax; B14: of the meta class, for print. */
  context(abstractSyntax: string): AcceptedContext | undefined {
    return this.association.contexts.find((c) => c.abstractSyntax === abstractSyntax);
  }

  /** Sends a request; its responses come through the exchange. */
  request<K extends RequestKind>(
    context: AcceptedContext,
    command: Numberless<K> & { readonly kind: K },
    data?: Body,
  ): Exchange<K> {
    const messageId = this.#nextMessageId();
    // The table of commands makes each request carry a message id; the rest is the caller's.
    const numbered = { ...command, messageId } as unknown as CommandOf<K>;
    const exchange = new PendingExchange(
      messageId,
      command.kind,
      this.#clock,
      this.association,
      () => this.#exchanges.delete(messageId),
      () => this.#send(context.id, { kind: "C-CANCEL-RQ", messageIdBeingRespondedTo: messageId }),
    );
    this.#exchanges.set(messageId, exchange);
    exchange.sent(this.#send(context.id, numbered as Command, data));
    return exchange as unknown as Exchange<K>;
  }

  /** Resolves when every request of the peer that came so far has been answered. */
  async served(): Promise<void> {
    while (this.#inService > 0 && this.association.end === null)
      await new Promise<void>((resolve) => this.#servedWaiters.push(resolve));
  }

  /** Answers what the peer asked, then releases the association. */
  async release(): Promise<AssociationEnd> {
    await this.served();
    return this.association.release();
  }

  #nextMessageId(): number {
    do {
      this.#lastMessageId = (this.#lastMessageId % MESSAGE_ID_MAX) + 1;
    } while (this.#exchanges.has(this.#lastMessageId));
    return this.#lastMessageId;
  }

  /** One message after the other: parts of two messages never mix on the wire. */
  #send(contextId: number, command: Command | Uint8Array, data?: Body): Promise<void> {
    const bytes =
      command instanceof Uint8Array ? command : writeCommand(command, data !== undefined);
    const sent = this.#sending.then(async () => {
      try {
        await this.association.send(contextId, true, [bytes]);
        if (data !== undefined) await this.association.send(contextId, false, data);
      } catch (error) {
        // Half a message cannot be taken back (C4).
        if (this.association.end === null) this.association.abort();
        throw error;
      }
    });
    this.#sending = sent.catch(() => {});
    return sent;
  }

  // ── Receiving ──────────────────────────────────────────────────────────────────────────────

  /** PDV by PDV, whatever PDU it came in (C1). A returned promise stops the reading. */
  #onPdv(pdv: Pdv): void | Promise<void> {
    if (this.#broken) return undefined;
    const incoming = this.#incoming;
    if (incoming !== null && incoming.contextId !== pdv.contextId)
      return this.#protocolError("fragments of two messages mixed");
    if (incoming?.part === "data") {
      if (pdv.command) return this.#protocolError("a command inside a data set");
      return this.#onData(incoming.sink, pdv);
    }
    if (!pdv.command) return this.#protocolError("a data set without a command");
    return this.#onCommandPdv(incoming, pdv);
  }

  #onData(sink: Sink, pdv: Pdv): void | Promise<void> {
    const written = pdv.bytes.byteLength > 0 ? sink.write(pdv.bytes) : undefined;
    if (!pdv.last) return written;
    this.#incoming = null;
    if (written === undefined) return sink.end();
    return written.then(() => sink.end());
  }

  #onCommandPdv(incoming: Incoming | null, pdv: Pdv): void | Promise<void> {
    const context = this.#contexts.get(pdv.contextId);
    if (context === undefined) return this.#protocolError("a context that was not accepted");
    const command =
      incoming?.part === "command"
        ? incoming
        : { part: "command" as const, contextId: pdv.contextId, chunks: [], bytes: 0 };
    command.chunks.push(pdv.bytes);
    command.bytes += pdv.bytes.byteLength;
    if (command.bytes > COMMAND_BYTES_MAX) return this.#protocolError("an endless command");
    this.#incoming = command;
    if (!pdv.last) return undefined;
    this.#incoming = null;
    return this.#onCommand(context, joined(command.chunks, command.bytes));
  }

  #onCommand(context: AcceptedContext, bytes: Uint8Array): void | Promise<void> {
    const read = readCommand(bytes);
    if (read.kind === "malformed") return this.#protocolError(read.reason);
    const sink = this.#sinkFor(context, read);
    if (!read.dataSet) return sink.end();
    this.#incoming = { part: "data", contextId: context.id, sink };
    return undefined;
  }

  #sinkFor(
    context: AcceptedContext,
    read: Exclude<ReturnType<typeof readCommand>, { kind: "malformed" }>,
  ): Sink {
    if (read.kind === "unknown") {
      this.#log.warn("dimse.unknown-command", { commandField: read.commandField });
      return this.#refusing(context, read.commandField, read.messageId);
    }
    if (read.kind === "incomplete") {
      this.#log.warn("dimse.incomplete-command", { reason: read.reason });
      return this.#failing(context, read.command, read.messageId);
    }
    const { command } = read;
    if (command.kind === "C-CANCEL-RQ") {
      const reply = this.#replies.get(command.messageIdBeingRespondedTo);
      if (reply !== undefined) reply.cancelled = true;
      return DISCARD;
    }
    if (isResponse(command)) return this.#responseSink(command);
    assert(isRequest(command), `${command.kind} is neither request nor response`);
    return this.#requestSink(context, command, read.dataSet);
  }

  /** 0211 for a Command Field without meaning; a response without meaning is dropped. */
  #refusing(context: AcceptedContext, commandField: number, messageId: number | undefined): Sink {
    if (!isRequestField(commandField) || messageId === undefined) return DISCARD;
    const bytes = writeUnrecognized(commandField, messageId, STATUS.unrecognizedOperation);
    return { ...DISCARD, end: () => this.#serve(() => this.#send(context.id, bytes)) };
  }

  /** A command that lacks something: a request is answered, a response ends the association. */
  #failing(context: AcceptedContext, kind: CommandKind, messageId: number | undefined): Sink {
    if (!kind.endsWith("-RQ") || kind === "C-CANCEL-RQ" || messageId === undefined)
      return { ...DISCARD, end: () => this.#protocolError(`${kind} is incomplete`) };
    const response = {
      kind: responseKind(kind as RequestKind),
      messageIdBeingRespondedTo: messageId,
      status: kind.startsWith("N-") ? STATUS.processingFailure : STATUS.cannotUnderstand,
    } as ResponseCommand;
    return { ...DISCARD, end: () => this.#serve(() => this.#send(context.id, response)) };
  }

  #responseSink(response: ResponseCommand): Sink {
    const exchange = this.#exchanges.get(response.messageIdBeingRespondedTo);
    if (exchange === undefined) {
      this.#log.warn("dimse.unexpected-response", { kind: response.kind });
      return DISCARD;
    }
    if (response.kind !== responseKind(exchange.requestKind)) {
      const reason = `${response.kind} answers ${exchange.requestKind}`;
      return { ...DISCARD, end: () => this.#protocolError(reason) };
    }
    exchange.touch();
    return this.#collecting(
      (data) => exchange.push({ kind: "response", response, data }),
      () => exchange.touch(),
    );
  }

  #requestSink(context: AcceptedContext, command: RequestCommand, dataSet: boolean): Sink {
    const state = { cancelled: false, done: false };
    const reply: Reply<RequestKind> = {
      get cancelled() {
        return state.cancelled;
      },
      respond: (fields, data) => {
        assert(!state.done, `${command.kind} answered twice`);
        state.done = !isPending(fields.status);
        return this.#send(context.id, answerTo(command, fields), data);
      },
    };
    const receiver = this.#receiverOf({ command, context, dataSet }, reply);
    this.#replies.set(command.messageId, state);
    const serve = (data: Uint8Array | null) =>
      this.#serve(async () => {
        try {
          await receiver.end(data);
        } catch (error) {
          if (error instanceof AssociationEnded) throw error;
          this.#log.error("dimse.handler-failed", { kind: command.kind, error });
        } finally {
          if (this.#replies.get(command.messageId) === state)
            this.#replies.delete(command.messageId);
        }
        // A handler that failed or forgot to answer leaves no peer waiting.
        if (!state.done) await reply.respond({ status: STATUS.processingFailure });
      });
    const { write } = receiver;
    const sink = write
      ? { write: write.bind(receiver), end: () => serve(null) }
      : this.#collecting(serve);
    return { ...sink, lost: (end) => receiver.lost?.(end) };
  }

  #receiverOf(request: IncomingRequest<RequestKind>, reply: Reply<RequestKind>): Receiver {
    // The key is the command's own kind, so handler and request belong together.
    const handler = this.#handlers[request.command.kind] as
      | ((request: IncomingRequest<RequestKind>, reply: Reply<RequestKind>) => Receiver)
      | undefined;
    if (handler !== undefined) return handler(request, reply);
    this.#log.warn("dimse.not-served", { kind: request.command.kind });
    return {
      write: () => {},
      end: () => reply.respond({ status: STATUS.unrecognizedOperation }),
    };
  }

  /** Serves beside the reading, up to a number of requests at a time; then reading waits. */
  #serve(work: () => Promise<void>): void | Promise<void> {
    this.#inService++;
    void work()
      .catch((error: unknown) => {
        if (error instanceof AssociationEnded)
          return this.#log.info("dimse.not-answered", { end: describeEnd(error.end) });
        this.#log.error("dimse.answer-failed", { error });
      })
      .finally(() => {
        this.#inService--;
        for (const wake of this.#servedWaiters.splice(0)) wake();
      });
    if (this.#inService < REQUESTS_IN_SERVICE_MAX) return undefined;
    return new Promise((resolve) => this.#servedWaiters.push(resolve));
  }

  #collecting(
    done: (data: Uint8Array | null) => void | Promise<void>,
    onBytes: () => void = () => {},
  ): Sink {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    return {
      write: (chunk) => {
        bytes += chunk.byteLength;
        if (bytes > this.#collectedBytesMax)
          return this.#protocolError(`a data set of more than ${this.#collectedBytesMax} bytes`);
        chunks.push(chunk);
        return onBytes();
      },
      end: () => done(chunks.length === 0 ? null : joined(chunks, bytes)),
      lost: () => {},
    };
  }

  #protocolError(reason: string): void {
    this.#log.warn("dimse.protocol-error", { reason, remote: this.association.remoteAddress });
    this.#broken = true;
    this.association.abort(); // #onEnded tells the receiver of a message that was arriving
  }

  #onEnded(end: AssociationEnd): void {
    const incoming = this.#incoming;
    this.#incoming = null;
    if (incoming?.part === "data") incoming.sink.lost(end);
    for (const exchange of [...this.#exchanges.values()]) exchange.wake();
    for (const wake of this.#servedWaiters.splice(0)) wake();
  }
}

const DISCARD: Sink = { write: () => {}, end: () => {}, lost: () => {} };

/** The chunks as one; a single one as it is. */
function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** The response to a request: class and instance of the request go along (PS3.7 §9.3, §10.3). */
function answerTo(request: RequestCommand, fields: ResponseFields<RequestKind>): ResponseCommand {
  const echoed: Record<string, unknown> = {
    kind: responseKind(request.kind),
    messageIdBeingRespondedTo: request.messageId,
  };
  const copy = (to: string, ...from: readonly string[]) => {
    for (const name of from)
      if (name in request) echoed[to] = (request as Record<string, unknown>)[name];
  };
  copy("affectedSopClassUid", "affectedSopClassUid", "requestedSopClassUid");
  copy("affectedSopInstanceUid", "affectedSopInstanceUid", "requestedSopInstanceUid");
  copy("eventTypeId", "eventTypeId");
  copy("actionTypeId", "actionTypeId");
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) echoed[name] = value;
  return echoed as unknown as ResponseCommand;
}

/** An exchange in progress: responses in order, one waiting reader. */
class PendingExchange implements Exchange<RequestKind> {
  readonly messageId: number;
  readonly requestKind: RequestKind;
  readonly #clock: Clock;
  readonly #association: Association;
  readonly #onClose: () => void;
  readonly #sendCancel: () => Promise<void>;
  #sent: Promise<void> = Promise.resolve();
  #responses: ExchangeStep<RequestKind>[] = [];
  #roomWaiters: (() => void)[] = [];
  #waiting: ((step: ExchangeStep<RequestKind>) => void) | null = null;
  #timer: Timer | null = null;
  #timeoutMs = 0;
  #fixed = false;
  #closed = false;

  constructor(
    messageId: number,
    requestKind: RequestKind,
    clock: Clock,
    association: Association,
    onClose: () => void,
    sendCancel: () => Promise<void>,
  ) {
    this.messageId = messageId;
    this.requestKind = requestKind;
    this.#clock = clock;
    this.#association = association;
    this.#onClose = onClose;
    this.#sendCancel = sendCancel;
  }

  sent(sending: Promise<void>): void {
    // A failed send means that the association is over; next() tells so.
    this.#sent = sending.catch((error: unknown) => {
      if (!(error instanceof AssociationEnded)) throw error;
    });
    this.#sent.catch(() => {}); // looked at by next(), if anybody asks
  }

  push(step: ExchangeStep<RequestKind> & { kind: "response" }): void | Promise<void> {
    if (this.#closed) return undefined;
    // The number is free again, and a late duplicate finds nobody, once the final one is here.
    if (!isPending(step.response.status)) this.#onClose();
    this.#responses.push(step);
    this.wake();
    if (this.#responses.length < RESPONSES_WAITING_MAX) return undefined;
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  async next(
    timeoutMs: number,
    timer: "restarting" | "fixed" = "restarting",
  ): Promise<ExchangeStep<RequestKind>> {
    assert(this.#waiting === null, "two readers of one exchange");
    await this.#sent;
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#timeoutMs = timeoutMs;
      this.#fixed = timer === "fixed";
      this.wake();
      this.#startTimer();
    });
  }

  touch(): void {
    if (!this.#fixed) this.#startTimer();
  }

  #startTimer(): void {
    if (this.#waiting === null) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(this.#timeoutMs, () =>
      this.#deliver({ kind: "timeout", afterMs: this.#timeoutMs }),
    );
  }

  async cancel(): Promise<void> {
    try {
      await this.#sendCancel();
    } catch (error) {
      if (!(error instanceof AssociationEnded)) throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#responses = [];
    this.#giveRoom();
    this.#onClose();
  }

  /** Hands the reader what there is: responses first, then the association's end. */
  wake(): void {
    if (this.#waiting === null) return;
    const step = this.#responses.shift();
    if (step !== undefined) {
      this.#deliver(step);
      this.#giveRoom();
      return;
    }
    const { end } = this.#association;
    if (end !== null) this.#deliver({ kind: "ended", end });
  }

  #deliver(step: ExchangeStep<RequestKind>): void {
    this.#timer?.cancel();
    this.#timer = null;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(step);
  }

  #giveRoom(): void {
    for (const wake of this.#roomWaiters.splice(0)) wake();
  }
}
