// What an answer means for an instance of a send job, and what the job does next (Tables 4.2-7 and
// 4.2-8 as dicom/ae reads them, E08, E09). Pure.

import { unreachable } from "../core/assert.ts";
import type { JobItem } from "../store/job-table.ts";
import type { SendStateName } from "../store/records.ts";

/** Refusals for the instance's own sake after which it waits for the operator (E09). */
export const REFUSALS_MAX = 3;

/** What became of one instance; the kinds are those of dicom/ae/storage. */
export type InstanceAnswer =
  /** Success, a warning that counts as stored (E08), or there already (0111, quirk S13). */
  | {
      readonly kind: "stored";
      readonly status: number;
      readonly warning: boolean;
      readonly text: string;
    }
  | { readonly kind: "refused"; readonly status: number; readonly text: string }
  /** No presentation context was accepted for its SOP class; others may pass (quirk R7). */
  | { readonly kind: "not-supported"; readonly text: string }
  /** Its file cannot be read here. */
  | { readonly kind: "unreadable"; readonly text: string };

/** How an association, or the attempt at one, ended. */
export type AssociationOutcome =
  /** Every instance was tried and answered; released. */
  | { readonly kind: "finished" }
  /** Ended because an answer said so. */
  | { readonly kind: "stopped" }
  /** A-ASSOCIATE-RJ with the numbers of PS3.8 §9.3.4. */
  | {
      readonly kind: "rejected";
      readonly result: number;
      readonly source: number;
      readonly reason: number;
      readonly text: string;
    }
  /** Table 4.2-8: no answer in time, or the peer or the network ended it. */
  | { readonly kind: "timeout" | "aborted"; readonly text: string }
  /** No association came about: unknown host, refused, TLS … */
  | { readonly kind: "unreachable"; readonly text: string }
  /** The configuration has no such remote, or it takes no images. */
  | { readonly kind: "not-configured"; readonly text: string }
  /** The signal ended it. */
  | { readonly kind: "interrupted" };

export interface ItemStep {
  readonly item: JobItem;
  /** State of the instance at the remote from now on; null: as before. */
  readonly sendState: SendStateName | null;
  /** For the job's log; null where nothing is to be told. */
  readonly line: string | null;
}

/** Takes an answer into account. */
export function afterAnswer(item: JobItem, answer: InstanceAnswer): ItemStep {
  switch (answer.kind) {
    case "stored":
      return {
        item: { ...item, state: "done", status: answer.status },
        sendState: answer.warning ? "warning" : "stored",
        line: answer.warning || answer.status !== 0 ? answer.text : null,
      };
    case "refused":
      return {
        item: isForItsOwnSake(answer.status)
          ? counted(item, answer.status)
          : { ...item, status: answer.status },
        sendState: "refused",
        line: answer.text,
      };
    case "not-supported":
      return { item: counted(item), sendState: "refused", line: answer.text };
    case "unreadable":
      return { item: counted(item), sendState: null, line: answer.text };
    default:
      return unreachable(answer);
  }
}

/** A9xx and Cxxx blame the instance; A7xx and the rest may pass by themselves. */
function isForItsOwnSake(status: number): boolean {
  return (status & 0xff00) === 0xa900 || (status & 0xf000) === 0xc000;
}

function counted(item: JobItem, status?: number): JobItem {
  const refusals = item.refusals + 1;
  return {
    ...item,
    refusals,
    status: status ?? item.status,
    state: refusals >= REFUSALS_MAX ? "parked" : "pending",
  };
}

/** What is still to be sent, in order: what was refused before goes last (quirk S14). */
export function sendOrder(items: readonly JobItem[]): JobItem[] {
  const rank = (item: JobItem) =>
    item.refusals * 2 + (item.status === undefined && item.refusals === 0 ? 0 : 1);
  return items
    .filter((item) => item.state === "pending")
    .map((item, position) => ({ item, position }))
    .sort((a, b) => rank(a.item) - rank(b.item) || a.position - b.position)
    .map(({ item }) => item);
}

export type Verdict =
  | { readonly kind: "done" }
  | { readonly kind: "retry"; readonly reason: string }
  /** Later, with back-off: never a failure of the job. */
  | { readonly kind: "postpone"; readonly reason: string }
  | { readonly kind: "operator"; readonly reason: string }
  | { readonly kind: "interrupted" };

/**
 * What the job does after an attempt. `lastRefusal` is the last line that told of a refusal;
 * `postponements` counts the attempts in a row that the peer put off.
 */
export function verdict(
  outcome: AssociationOutcome,
  items: readonly JobItem[],
  lastRefusal: string | null,
  postponements: number,
): Verdict {
  const pending = items.some((item) => item.state === "pending");
  if (!pending && outcome.kind !== "not-configured") return endOf(items);
  switch (outcome.kind) {
    case "finished":
    case "stopped":
      return { kind: "retry", reason: lastRefusal ?? "not every instance was answered" };
    case "rejected": {
      // Result 2 is "transient" (PS3.8 §9.3.4); one the standard does not know is taken so once (B5).
      const unknown = outcome.result !== 1 && outcome.result !== 2;
      return outcome.result === 2 || (unknown && postponements === 0)
        ? { kind: "postpone", reason: outcome.text }
        : { kind: "retry", reason: outcome.text };
    }
    case "timeout":
    case "aborted":
    case "unreachable":
      return { kind: "retry", reason: outcome.text };
    case "not-configured":
      return { kind: "operator", reason: outcome.text };
    case "interrupted":
      return { kind: "interrupted" };
    default:
      return unreachable(outcome);
  }
}

/** Nothing is pending any more: done, unless something waits for the operator. */
function endOf(items: readonly JobItem[]): Verdict {
  const parked = items.filter((item) => item.state === "parked").length;
  if (parked === 0) return { kind: "done" };
  const what = parked === 1 ? "1 instance was" : `${parked} instances were`;
  return {
    kind: "operator",
    reason: `${what} refused ${REFUSALS_MAX} times and not sent; see the log, then retry or cancel`,
  };
}
