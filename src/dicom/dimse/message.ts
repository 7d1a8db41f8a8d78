// What handlers and callers of a DIMSE channel see of a message: requests that come in, how they are
// received and answered, and the steps of an exchange we began (PS3.7 §8).

import type { ByteSource } from "../../core/byte-source.ts";
import type { AcceptedContext, AssociationEnd } from "../ul/association.ts";
import type { CommandOf, RequestKind, ResponseOf } from "./command.ts";

/** A data set to send: encoded bytes and references to bytes, one after the other. */
export type Body = readonly (Uint8Array | ByteSource)[];

/** A request of the peer, before its data set has come. */
export interface IncomingRequest<K extends RequestKind> {
  readonly command: CommandOf<K>;
  readonly context: AcceptedContext;
  /** A data set follows. */
  readonly dataSet: boolean;
}

/** What the channel fills in by itself stands in the request. */
export type ResponseFields<K extends RequestKind> = Omit<
  ResponseOf<K>,
  "kind" | "messageIdBeingRespondedTo"
>;

/** The way back to the peer. */
export interface Reply<K extends RequestKind> {
  /**
   * Sends a response; UIDs, event and action type are those of the request unless given. Pending
   * ones may come before the final one; after that every call is a defect.
   * @throws AssociationEnded when the peer is gone.
   */
  respond(fields: ResponseFields<K>, data?: Body): Promise<void>;
  /** The peer sent C-CANCEL for this request. */
  readonly cancelled: boolean;
}

/** Takes the data set of one request and answers it. */
export interface Receiver {
  /**
   * Where the bytes go as they come; a pending promise stops reading from the connection. Without
   * it the data set is collected in memory, up to the channel's limit.
   */
  write?(bytes: Uint8Array): void | Promise<void>;
  /** The request is complete; `data` holds the collected data set, null where none was collected. */
  end(data: Uint8Array | null): void | Promise<void>;
  /** The association went away before the data set was complete. */
  lost?(end: AssociationEnd): void;
}

export type RequestHandler<K extends RequestKind> = (
  request: IncomingRequest<K>,
  reply: Reply<K>,
) => Receiver;

/** Requests this side serves; others are answered 0211. */
export type RequestHandlers = { readonly [K in RequestKind]?: RequestHandler<K> | undefined };

/** One step of an exchange we began. */
export type ExchangeStep<K extends RequestKind> =
  | {
      readonly kind: "response";
      readonly response: ResponseOf<K>;
      /** The response's data set as received. */
      readonly data: Uint8Array | null;
    }
  | { readonly kind: "timeout"; readonly afterMs: number }
  | { readonly kind: "ended"; readonly end: AssociationEnd };

/** A request we sent and its responses. */
export interface Exchange<K extends RequestKind> {
  readonly messageId: number;
  /**
   * The next response. The time-out counts from the end of sending the request or from the call,
   * whichever is later; unless "fixed" it starts again whenever a piece of a response arrives.
   */
  next(timeoutMs: number, timer?: "restarting" | "fixed"): Promise<ExchangeStep<K>>;
  /** Starts a running time-out again: something else shows that the peer is at work (Q5). */
  touch(): void;
  /** Sends C-CANCEL-RQ (PS3.7 §9.3.2.3); responses still follow. */
  cancel(): Promise<void>;
  /** No more responses are wanted; late ones are dropped. */
  close(): void;
}
