// Answering a connection: waits for the A-ASSOCIATE-RQ, asks the caller to decide, and accepts or
// rejects (PS3.8 §7.1, §9.3.3, §9.3.4). Who may connect and what for is the caller's affair.

import type { Clock } from "../../core/clock.ts";
import type { Connection } from "../../core/connection.ts";
import type { Log } from "../../core/log.ts";
import {
  type AcceptedContext,
  type Association,
  DEFAULT_ROLE,
  type ImplementationIdentity,
  type Role,
  type UpperLayerTimeouts,
} from "./association.ts";
import {
  type AssociateAccept,
  type AssociateRequest,
  CONTEXT_RESULT,
  DICOM_APPLICATION_CONTEXT,
  PROTOCOL_VERSION,
  type UserItem,
} from "./pdu.ts";
import { describeRejection, type Rejection } from "./rejection.ts";
import { ownUserItems } from "./requestor.ts";
import { peerIdentity, UpperLayer } from "./upper-layer.ts";

/** The answer to one proposed context. */
export interface ContextAnswer {
  /** Of the proposal. */
  readonly id: number;
  /** CONTEXT_RESULT. */
  readonly result: number;
  /** One of those proposed where the result is acceptance, else empty. */
  readonly transferSyntax: string;
  /** Answers a role selection item of the abstract syntax; undefined: no item is sent. */
  readonly role?: Role | undefined;
}

export type AcceptDecision =
  | { readonly kind: "accept"; readonly contexts: readonly ContextAnswer[] }
  | ({ readonly kind: "reject" } & Rejection);

export interface AcceptOptions {
  readonly identity: ImplementationIdentity;
  /** Largest P-DATA-TF PDU we receive, bytes; 0 announces no limit. */
  readonly maxPduLength: number;
  readonly timeouts: UpperLayerTimeouts;
  /** Called once, when a readable A-ASSOCIATE-RQ has arrived. */
  decide(request: AssociateRequest): AcceptDecision;
  /** Called in the same turn as `decide`, once the A-ASSOCIATE-AC is on its way. */
  onAssociation(association: Association): void;
}

/** PS3.8 table 9-21: the request cannot be read, and would not be the next time (E15). */
export const MALFORMED_REQUEST: Rejection = { result: 1, source: 2, reason: 1 };
/** Something on this side failed that may work later (E15). */
export const PASSING_INTERNAL_CAUSE: Rejection = { result: 2, source: 2, reason: 1 };

const IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2";

/** Serves one connection up to its end. Never throws: what peers do ends in a log line. */
export function acceptAssociation(
  deps: { readonly clock: Clock; readonly log: Log },
  connection: Connection,
  options: AcceptOptions,
): void {
  const log = deps.log.with({ peer: `${connection.remoteAddress}:${connection.remotePort}` });
  const { maxPduLength, timeouts } = options;
  new UpperLayer({ ...deps, connection, requestor: false, maxPduLength, timeouts }, (self) => {
    const reject = ({ result, source, reason }: Rejection) => {
      log.warn("association-rejected", { why: describeRejection({ result, source, reason }) });
      self.reject({ type: "associate-rj", result, source, reason });
    };
    return {
      onAssociatePdu(pdu) {
        if (pdu.type !== "associate-rq") return;
        const decision = decided(options, pdu, log);
        if (decision.kind === "reject") {
          reject(decision);
          return;
        }
        self.accept(associateAccept(pdu, decision.contexts, options), {
          calling: pdu.calling,
          called: pdu.called,
          peer: peerIdentity(pdu.userItems),
          contexts: acceptedContexts(pdu, decision.contexts),
        });
        try {
          options.onAssociation(self);
        } catch (error) {
          log.error("association-handler-failed", { error });
          self.abort();
        }
      },
      onMalformedRequest(error) {
        log.warn("association-request-unreadable", { reason: error.message });
        reject(MALFORMED_REQUEST);
      },
      onFailed() {},
    };
  });
}

function decided(options: AcceptOptions, request: AssociateRequest, log: Log): AcceptDecision {
  try {
    return options.decide(request);
  } catch (error) {
    log.error("association-decision-failed", { error });
    return { kind: "reject", ...PASSING_INTERNAL_CAUSE };
  }
}

function associateAccept(
  request: AssociateRequest,
  answers: readonly ContextAnswer[],
  options: AcceptOptions,
): AssociateAccept {
  const roles = new Map<string, Role>();
  for (const { id, role } of answers) {
    const context = request.contexts.find((proposed) => proposed.id === id);
    if (context !== undefined && role !== undefined) roles.set(context.abstractSyntax, role);
  }
  return {
    type: "associate-ac",
    protocolVersion: PROTOCOL_VERSION,
    called: request.called,
    calling: request.calling,
    applicationContext: DICOM_APPLICATION_CONTEXT,
    contexts: answers.map(({ id, result, transferSyntax }) => ({
      id,
      result,
      // not significant with another result than acceptance, but some peers want a UID there
      transferSyntax: transferSyntax === "" ? firstProposed(request, id) : transferSyntax,
    })),
    userItems: [
      ...ownUserItems(options.maxPduLength, options.identity),
      ...[...roles].map(
        ([sopClassUid, role]): UserItem => ({ type: "role-selection", sopClassUid, ...role }),
      ),
    ],
    unknownItems: [],
  };
}

function firstProposed(request: AssociateRequest, id: number): string {
  const context = request.contexts.find((proposed) => proposed.id === id);
  return context?.transferSyntaxes[0] ?? IMPLICIT_VR_LITTLE_ENDIAN;
}

function acceptedContexts(
  request: AssociateRequest,
  answers: readonly ContextAnswer[],
): readonly AcceptedContext[] {
  return answers.flatMap(({ id, result, transferSyntax, role = DEFAULT_ROLE }) => {
    const context = request.contexts.find((proposed) => proposed.id === id);
    if (context === undefined || result !== CONTEXT_RESULT.acceptance) return [];
    return [{ id, abstractSyntax: context.abstractSyntax, transferSyntax, role }];
  });
}
