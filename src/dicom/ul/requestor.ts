// Asking for an association: connect, A-ASSOCIATE-RQ, and whatever comes back as one outcome
// (PS3.8 §7.1). One association a connection; nothing is kept from one request to the next.

import { assert } from "../../core/assert.ts";
import type { Clock } from "../../core/clock.ts";
import { ConnectError, type Connection, type Dial } from "../../core/connection.ts";
import type { Log } from "../../core/log.ts";
import {
  type AcceptedContext,
  type AssociationRequest,
  DEFAULT_ROLE,
  describeEnd,
  type ProposedContext,
  type RequestOutcome,
  type Role,
} from "./association.ts";
import { CONTEXTS_MAX } from "./limits.ts";
import {
  type AssociateAccept,
  type AssociateRequest,
  CONTEXT_RESULT,
  DICOM_APPLICATION_CONTEXT,
  PROTOCOL_VERSION,
  type UserItem,
} from "./pdu.ts";
import { describeRejection } from "./rejection.ts";
import { peerIdentity, UpperLayer } from "./upper-layer.ts";

/**
 * Opens an association. Every way it can go is a value; nothing is thrown. An acceptance without
 * any usable context is an association with no contexts, which the caller releases (B15).
 */
export async function requestAssociation(
  deps: { readonly dial: Dial; readonly clock: Clock; readonly log: Log },
  request: AssociationRequest,
): Promise<RequestOutcome> {
  const { target, timeouts, signal } = request;
  assert(
    request.contexts.length > 0 && request.contexts.length <= CONTEXTS_MAX,
    `${request.contexts.length} presentation contexts; 1 to ${CONTEXTS_MAX} can be proposed`,
  );
  if (signal?.aborted) return cancelled();
  let connection: Connection;
  try {
    connection = await deps.dial(target, timeouts.connectMs, signal);
  } catch (error) {
    return notConnected(error);
  }
  if (signal?.aborted) {
    connection.destroy();
    return cancelled();
  }
  return negotiate(deps, request, connection);
}

function negotiate(
  deps: { readonly clock: Clock; readonly log: Log },
  request: AssociationRequest,
  connection: Connection,
): Promise<RequestOutcome> {
  const { timeouts, signal, maxPduLength } = request;
  const proposal = associateRequest(request);
  return new Promise((resolve) => {
    let settled = false;
    const settle = (outcome: RequestOutcome) => {
      if (settled) return;
      settled = true;
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
      resolve(outcome);
    };
    const upperLayer = new UpperLayer(
      { ...deps, connection, requestor: true, maxPduLength, timeouts },
      (self) => ({
        onAssociatePdu(pdu) {
          if (pdu.type === "associate-rj") {
            const { result, source, reason } = pdu;
            settle({ kind: "rejected", result, source, reason, text: describeRejection(pdu) });
          }
          if (pdu.type !== "associate-ac") return;
          self.agree({
            calling: request.calling,
            called: request.called,
            peer: peerIdentity(pdu.userItems),
            contexts: acceptedContexts(proposal, request.contexts, pdu, deps.log),
          });
          settle({ kind: "accepted", association: self });
        },
        onMalformedRequest() {},
        onFailed(end) {
          if (end.kind === "aborted" && end.by === "peer")
            settle({ kind: "aborted", by: "peer", source: end.source, reason: end.reason });
          else if (end.kind === "aborted")
            settle({
              kind: "failed",
              cause: "protocol",
              message: "the peer answered the association request with something that is no answer",
            });
          else if (end.kind === "lost" && end.cause instanceof ConnectError)
            settle(notConnected(end.cause));
          else
            settle({
              kind: "failed",
              cause: "lost",
              message: `the peer closed the connection without an answer (${describeEnd(end)})`,
            });
        },
      }),
    );
    const onAbort = () => {
      settle(cancelled());
      upperLayer.abort();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    // counted from the moment the request is sent (E46)
    const timer = deps.clock.after(timeouts.associationMs, () => {
      settle({
        kind: "failed",
        cause: "association-timeout",
        message: `no answer to the association request within ${timeouts.associationMs / 1000} s; a slow peer needs a longer associationResponseTimeout`,
      });
      upperLayer.abort();
    });
    upperLayer.sendRequest(proposal);
  });
}

function associateRequest(request: AssociationRequest): AssociateRequest {
  const roles = new Map<string, Role>();
  for (const { abstractSyntax, role } of request.contexts)
    if (role !== undefined) roles.set(abstractSyntax, role);
  return {
    type: "associate-rq",
    protocolVersion: PROTOCOL_VERSION,
    called: request.called,
    calling: request.calling,
    applicationContext: DICOM_APPLICATION_CONTEXT,
    contexts: request.contexts.map(({ abstractSyntax, transferSyntaxes }, i) => ({
      id: 2 * i + 1,
      abstractSyntax,
      transferSyntaxes,
    })),
    userItems: [
      ...ownUserItems(request.maxPduLength, request.identity),
      ...[...roles].map(
        ([sopClassUid, role]): UserItem => ({ type: "role-selection", sopClassUid, ...role }),
      ),
    ],
    unknownItems: [],
  };
}

/** What this device says about itself. Never an asynchronous window: some peers hang up on it (B9). */
export function ownUserItems(
  maxPduLength: number,
  identity: AssociationRequest["identity"],
): readonly UserItem[] {
  return [
    { type: "max-length", bytes: maxPduLength },
    { type: "implementation-class-uid", uid: identity.implementationClassUid },
    { type: "implementation-version-name", name: identity.implementationVersionName },
  ];
}

/** Pairs the answers with the proposal; answers to what was not proposed are dropped. */
function acceptedContexts(
  proposal: AssociateRequest,
  proposed: readonly ProposedContext[],
  answer: AssociateAccept,
  log: Log,
): readonly AcceptedContext[] {
  const accepted: AcceptedContext[] = [];
  for (const { id, result, transferSyntax } of answer.contexts) {
    if (result !== CONTEXT_RESULT.acceptance) continue;
    const at = proposal.contexts.findIndex((context) => context.id === id);
    const context = proposed[at];
    if (context === undefined || !context.transferSyntaxes.includes(transferSyntax)) {
      log.warn("context-answer-not-proposed", { id, transferSyntax });
      continue;
    }
    if (accepted.some((other) => other.id === id)) continue;
    const { abstractSyntax } = context;
    accepted.push({
      id,
      abstractSyntax,
      transferSyntax,
      role: negotiatedRole(context.role, abstractSyntax, answer.userItems),
    });
  }
  return accepted;
}

/** PS3.7 D.3.3.4: no more than was proposed; without an answer the requestor is SCU. */
function negotiatedRole(
  proposed: Role | undefined,
  abstractSyntax: string,
  items: readonly UserItem[],
): Role {
  if (proposed === undefined) return DEFAULT_ROLE;
  for (const item of items)
    if (item.type === "role-selection" && item.sopClassUid === abstractSyntax)
      return { scu: proposed.scu && item.scu, scp: proposed.scp && item.scp };
  return DEFAULT_ROLE;
}

function cancelled(): RequestOutcome {
  return { kind: "failed", cause: "cancelled", message: "the request was cancelled" };
}

function notConnected(error: unknown): RequestOutcome {
  const { kind, message } =
    error instanceof ConnectError
      ? error
      : { kind: "unreachable" as const, message: `cannot connect: ${String(error)}` };
  switch (kind) {
    case "cancelled":
      return cancelled();
    case "timeout":
      return { kind: "failed", cause: "connect-timeout", message };
    case "unknown-host":
      return { kind: "failed", cause: "unknown-host", message };
    case "tls":
      return { kind: "failed", cause: "tls", message };
    case "refused":
    case "unreachable":
      return { kind: "failed", cause: "connect-refused", message };
  }
}
