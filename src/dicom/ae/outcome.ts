// How an exchange can fail, the same for every service. The exchange itself ends the association
// where the statement's row says so; every other action is left to the caller.

import { foreign } from "../../core/foreign-words.ts";
import type { DimseChannel } from "../dimse/channel.ts";
import type { RequestKind } from "../dimse/command.ts";
import type { ExchangeStep } from "../dimse/message.ts";
import {
  type Action,
  type FailureTable,
  failureActions,
  type MatchedStatus,
} from "../dimse/status.ts";
import { type AssociationEnd, describeEnd } from "../ul/association.ts";

/** The peer answered with a status that is no success. */
export interface Refused {
  readonly kind: "refused";
  readonly status: number;
  /** "A700 out of resources", with the peer's Error Comment. */
  readonly text: string;
  readonly actions: readonly Action[];
}

export interface TimedOut {
  readonly kind: "timeout";
  readonly afterMs: number;
  readonly text: string;
  readonly actions: readonly Action[];
}

/** The association went away; nobody knows whether the request was carried out. */
export interface Aborted {
  readonly kind: "aborted";
  readonly end: AssociationEnd;
  readonly text: string;
  readonly actions: readonly Action[];
}

/** The peer accepted no presentation context for this; asking again changes nothing (S10). */
export interface NotSupported {
  readonly kind: "not-supported";
  readonly abstractSyntax: string;
  readonly text: string;
}

export type Failed = Refused | TimedOut | Aborted | NotSupported;

/** What responses carry besides the status. */
interface FailureDetails {
  readonly errorComment?: string | undefined;
}

/** A refusal as the row of its status says; aborts the association where the row asks for it. */
export function refused(
  channel: DimseChannel,
  matched: MatchedStatus,
  response: FailureDetails = {},
): Refused {
  const { status, text, row } = matched;
  endWhereAsked(channel, row.actions);
  return {
    kind: "refused",
    status,
    text: response.errorComment === undefined ? text : `${text}: ${foreign(response.errorComment)}`,
    actions: row.actions,
  };
}

/** A step that brought no response, as the service's table of failures says. */
export function brokenOff(
  channel: DimseChannel,
  failures: FailureTable,
  step: Exclude<ExchangeStep<RequestKind>, { kind: "response" }>,
): TimedOut | Aborted {
  const timedOut = step.kind === "timeout" ? step : timeoutEnd(step.end);
  if (timedOut !== null) {
    const actions = failureActions(failures, "timeout");
    endWhereAsked(channel, actions);
    const { afterMs } = timedOut;
    const text =
      step.kind === "ended" ? describeEnd(step.end) : `no answer within ${Math.round(afterMs)} ms`;
    return { kind: "timeout", afterMs, text, actions };
  }
  const end: AssociationEnd = step.kind === "ended" ? step.end : { kind: "lost", cause: null };
  return {
    kind: "aborted",
    end,
    text: describeEnd(end),
    actions: failureActions(failures, "aborted"),
  };
}

export function notSupported(abstractSyntax: string): NotSupported {
  return {
    kind: "not-supported",
    abstractSyntax,
    text: `the peer accepted no presentation context for ${abstractSyntax}`,
  };
}

function timeoutEnd(end: AssociationEnd): { afterMs: number } | null {
  return end.kind === "timeout" ? { afterMs: end.afterMs } : null;
}

function endWhereAsked(channel: DimseChannel, actions: readonly Action[]): void {
  // E43: an abort only where there still is an association.
  if (actions.includes("abort-association") && channel.association.end === null)
    channel.association.abort();
}
