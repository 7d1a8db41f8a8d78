// Accept or reject, and the answer to each presentation context: a pure function of the request
// and of what is configured and under way (PS3.8 §9.3.3, §9.3.4; PS3.7 D.3.3.4).

import type { ContextAnswer } from "../../dicom/ul/acceptor.ts";
import type { Role } from "../../dicom/ul/association.ts";
import {
  type AssociateRequest,
  CONTEXT_RESULT,
  DICOM_APPLICATION_CONTEXT,
  PROTOCOL_VERSION,
  type PresentationContextProposal,
} from "../../dicom/ul/pdu.ts";
import { acceptedRow, type Purpose } from "./purposes.ts";
import { REJECTIONS, type RejectionCause } from "./rejections.ts";

/** A peer of the configuration. */
export interface KnownCaller {
  readonly aeTitle: string;
  /** Addresses of its host; looked at only with the host filter on. */
  readonly addresses: readonly string[];
}

/** Everything a decision depends on. */
export interface AcceptorPolicy {
  /** Our AE title; blanks around titles do not count. */
  readonly aeTitle: string;
  /** Titles that differ in upper and lower case only are one (B3). */
  readonly ignoreTitleCase: boolean;
  /** Empty: nobody is configured, and everybody may verify. */
  readonly callers: readonly KnownCaller[];
  readonly hostFilter: boolean;
  /** Upper bound of what the context tables list. */
  readonly transferSyntaxes: readonly string[];
  readonly quotas: Readonly<Record<Purpose, number>>;
  readonly inUse: Readonly<Record<Purpose, number>>;
  /** False while the device stops: the peer may come again. */
  readonly open: boolean;
}

export type AssociationDecision =
  | {
      readonly kind: "accept";
      readonly contexts: readonly ContextAnswer[];
      readonly purposes: ReadonlySet<Purpose>;
    }
  | {
      readonly kind: "reject";
      readonly cause: RejectionCause;
      readonly result: number;
      readonly source: number;
      readonly reason: number;
    };

/** Decides on a readable request from `remoteAddress`. */
export function decideAssociation(
  request: AssociateRequest,
  remoteAddress: string,
  policy: AcceptorPolicy,
): AssociationDecision {
  if (!policy.open) return reject("passing-internal-cause");
  // PS3.8 §9.3.2: bit 0 is tested, the others are not
  if ((request.protocolVersion & PROTOCOL_VERSION) === 0) return reject("protocol-version");
  if (request.applicationContext !== DICOM_APPLICATION_CONTEXT)
    return reject("application-context");
  const plain = (title: string) =>
    policy.ignoreTitleCase ? title.trim().toUpperCase() : title.trim();
  if (plain(request.called) !== plain(policy.aeTitle)) return reject("called-title");

  const calling = plain(request.calling);
  const known = policy.callers.filter(({ aeTitle }) => plain(aeTitle) === calling);
  const anybody = policy.callers.length === 0;
  if (known.length === 0 && !anybody) return reject("calling-title");
  if (
    policy.hostFilter &&
    known.length > 0 &&
    !known.some(({ addresses }) => addresses.includes(remoteAddress))
  )
    return reject("host-filter");

  const answers = request.contexts.map((context) => answerContext(context, request, policy));
  const wanted = answers.filter(({ purpose }) => purpose !== null);
  // nobody is configured yet: a stranger may verify, and nothing else
  const granted = anybody ? answers.map(verificationOnly) : answers;
  const purposes = new Set(granted.flatMap(({ purpose }) => (purpose === null ? [] : [purpose])));
  if (purposes.size === 0)
    return reject(wanted.length > 0 ? "calling-title" : "no-acceptable-context");
  for (const purpose of purposes)
    if (policy.inUse[purpose] >= policy.quotas[purpose]) return reject("limit-reached");
  return { kind: "accept", contexts: granted.map(({ answer }) => answer), purposes };
}

interface Answered {
  readonly answer: ContextAnswer;
  /** Null where the context is not accepted. */
  readonly purpose: Purpose | null;
}

function answerContext(
  context: PresentationContextProposal,
  request: AssociateRequest,
  policy: AcceptorPolicy,
): Answered {
  const found = acceptedRow(context.abstractSyntax);
  if (found === null) return refused(context.id, CONTEXT_RESULT.abstractSyntaxNotSupported);
  const { purpose, row } = found;
  // the proposer's order decides
  const transferSyntax = context.transferSyntaxes.find(
    (uid) => row.transferSyntaxes.includes(uid) && policy.transferSyntaxes.includes(uid),
  );
  if (transferSyntax === undefined)
    return refused(context.id, CONTEXT_RESULT.transferSyntaxesNotSupported);
  const role = answerRole(proposedRole(request, context.abstractSyntax), row.role);
  if (role === "refused") return refused(context.id, CONTEXT_RESULT.userRejection);
  return {
    purpose,
    answer: { id: context.id, result: CONTEXT_RESULT.acceptance, transferSyntax, role },
  };
}

function refused(id: number, result: number): Answered {
  return { purpose: null, answer: { id, result, transferSyntax: "" } };
}

function verificationOnly(answered: Answered): Answered {
  if (answered.purpose === null || answered.purpose === "verification") return answered;
  return refused(answered.answer.id, CONTEXT_RESULT.userRejection);
}

function proposedRole(request: AssociateRequest, sopClassUid: string): Role | undefined {
  for (const item of request.userItems)
    if (item.type === "role-selection" && item.sopClassUid === sopClassUid) return item;
  return undefined;
}

/**
 * The role selection answer; undefined: none is sent and the default stands.
 * @param own Our role on the SOP class.
 */
function answerRole(proposed: Role | undefined, own: "SCU" | "SCP"): Role | undefined | "refused" {
  if (proposed === undefined) return undefined;
  if (own === "SCU") {
    // E13: 0,1 and 1,1 become 0,1. Who proposes 1,0 says no more than who leaves the item out,
    // and is let in the same way.
    return proposed.scp ? { scu: false, scp: true } : undefined;
  }
  // we only serve: whoever will not be SCU has nothing to do here
  return proposed.scu ? { scu: true, scp: false } : "refused";
}

function reject(cause: RejectionCause): AssociationDecision {
  return { kind: "reject", cause, ...REJECTIONS[cause] };
}
