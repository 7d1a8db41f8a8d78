// What the upper layer offers to DIMSE (PS3.8 §7): an association that carries message parts both
// ways. Opening one: requestAssociation in requestor.ts; answering one: acceptAssociation in
// acceptor.ts.

import type { ByteSource } from "../../core/byte-source.ts";
import type { DialTarget } from "../../core/connection.ts";

/** SCU/SCP role selection, PS3.7 D.3.3.4: roles of the association's requestor. */
export interface Role {
  readonly scu: boolean;
  readonly scp: boolean;
}

/** Without a role selection item the requestor is SCU. */
export const DEFAULT_ROLE: Role = { scu: true, scp: false };

export interface ProposedContext {
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
  /** Proposed by a role selection item; undefined: no item, the default role. */
  readonly role?: Role | undefined;
}

export interface AcceptedContext {
  /** Odd, 1 … 255. */
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntax: string;
  /** Role of the requestor as negotiated. */
  readonly role: Role;
}

/**
 * A presentation data value, or a piece of one: a value that arrives in several network packets is
 * handed out in several pieces, of which only the last can have `last` set.
 */
export interface Pdv {
  readonly contextId: number;
  /** Command set, else data set. */
  readonly command: boolean;
  /** The message part ends here. */
  readonly last: boolean;
  /** A view that nobody writes into again. */
  readonly bytes: Uint8Array;
}

export type AssociationEnd =
  /** In order, whichever side asked. */
  | { readonly kind: "released" }
  /** Numbers of PS3.8 table 9-26 as they came; source 1 is reserved but seen. */
  | {
      readonly kind: "aborted";
      readonly by: "peer" | "us";
      readonly source: number;
      readonly reason: number;
    }
  /** The connection went away without an A-ABORT. */
  | { readonly kind: "lost"; readonly cause: Error | null }
  /** data: a PDU or message stopped half-way; idle: an accepted association heard nothing. */
  | {
      readonly kind: "timeout";
      readonly what: "data" | "idle" | "release" | "write";
      readonly afterMs: number;
    };

export interface PeerIdentity {
  /** Empty where the peer did not say. */
  readonly implementationClassUid: string;
  readonly implementationVersionName: string;
  /** Largest P-DATA-TF PDU the peer receives, bytes; 0: no limit. */
  readonly maxPduLength: number;
}

export interface Association {
  readonly calling: string;
  readonly called: string;
  readonly remoteAddress: string;
  /** We asked for it. */
  readonly requestor: boolean;
  readonly peer: PeerIdentity;
  /** The accepted ones only; may be empty (the caller then releases). */
  readonly contexts: readonly AcceptedContext[];
  /**
   * Sends one message part, fragmented to the peer's maximum. The body's pieces follow one another;
   * the whole is never built in memory. Resolves when the connection has taken it. Calls are served
   * in order. Memory in the body must not change until then.
   * @throws AssociationEnded when the association is or goes over.
   */
  send(
    contextId: number,
    command: boolean,
    body: readonly (Uint8Array | ByteSource)[],
  ): Promise<void>;
  /**
   * Takes every PDV in order; those that came before the call are delivered first. While a promise
   * returned by the handler is pending, nothing more is read from the connection. A handler that
   * throws or rejects aborts the association.
   */
  onPdv(handler: (pdv: Pdv) => void | Promise<void>): void;
  /** A-RELEASE-RQ and its answer, bounded by the release time-out. Resolves like `ended`. */
  release(): Promise<AssociationEnd>;
  /** A-ABORT of the service user; the socket goes soon after, even when a write is blocked. */
  abort(): void;
  /** Resolves once, never rejects. */
  readonly ended: Promise<AssociationEnd>;
  /** Null while the association stands. */
  readonly end: AssociationEnd | null;
}

/** Thrown by what was attempted on an association that is over. */
export class AssociationEnded extends Error {
  override readonly name = "AssociationEnded";
  readonly end: AssociationEnd;

  constructor(end: AssociationEnd) {
    super(`the association is over: ${describeEnd(end)}`);
    this.end = end;
  }
}

/** The end in a technician's words. */
export function describeEnd(end: AssociationEnd): string {
  switch (end.kind) {
    case "released":
      return "released";
    case "aborted":
      return `aborted by ${end.by === "peer" ? "the peer" : "this device"} (source ${end.source}, reason ${end.reason})`;
    case "lost":
      return `connection lost${end.cause === null ? "" : `: ${end.cause.message}`}`;
    case "timeout":
      return `${end.what} time-out after ${end.afterMs} ms`;
  }
}

/** Milliseconds each; every one is a positive number. */
export interface UpperLayerTimeouts {
  /** Opening the TCP (and TLS) connection. */
  readonly connectMs: number;
  /** Answer to A-ASSOCIATE-RQ, from the moment it is sent. */
  readonly associationMs: number;
  /** Answer to A-RELEASE-RQ. */
  readonly releaseMs: number;
  /** Between packets while a PDU or a message is being received. */
  readonly dataMs: number;
  /** PS3.8 §9.1.5: request after connect, close after the last PDU. */
  readonly artimMs: number;
  /** An accepted association on which nothing is received. */
  readonly idleMs: number;
  /** A write that makes no progress. */
  readonly writeMs: number;
}

export interface ImplementationIdentity {
  readonly implementationClassUid: string;
  /** 1 … 16 characters. */
  readonly implementationVersionName: string;
}

export interface AssociationRequest {
  readonly target: DialTarget;
  /** AE titles of at most 16 characters, sent as they are. */
  readonly calling: string;
  readonly called: string;
  /** 1 … 128. */
  readonly contexts: readonly ProposedContext[];
  readonly identity: ImplementationIdentity;
  /** Largest P-DATA-TF PDU we receive, bytes; 0 announces no limit. */
  readonly maxPduLength: number;
  readonly timeouts: UpperLayerTimeouts;
  /** Gives up at any moment before the outcome. */
  readonly signal?: AbortSignal | undefined;
}

export type RequestOutcome =
  | { readonly kind: "accepted"; readonly association: Association }
  /** PS3.8 table 9-21; `text` names known numbers and shows unknown ones. */
  | {
      readonly kind: "rejected";
      readonly result: number;
      readonly source: number;
      readonly reason: number;
      readonly text: string;
    }
  | {
      readonly kind: "aborted";
      readonly by: "peer";
      readonly source: number;
      readonly reason: number;
    }
  | {
      readonly kind: "failed";
      readonly cause:
        | "connect-timeout"
        | "connect-refused"
        | "unknown-host"
        | "tls"
        | "association-timeout"
        | "lost"
        | "cancelled"
        | "protocol";
      /** What happened and what to look at, in a technician's words. */
      readonly message: string;
    };
