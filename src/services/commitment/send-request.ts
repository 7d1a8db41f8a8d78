// One N-ACTION to one archive on an association of its own (statement 4.2.2.3). A result may come on
// this association too, before its release (S1); it is taken in as on any other.

import type { Remote } from "../../config/configuration.ts";
import { sleep } from "../../core/clock.ts";
import { COMMITMENT_PROPOSED } from "../../dicom/ae/commitment/presentation-contexts.ts";
import {
  type CommitmentRequest,
  type CommitmentRequestOutcome,
  requestCommitment,
} from "../../dicom/ae/commitment/request-commitment.ts";
import { proposedContexts } from "../../dicom/ae/contexts.ts";
import { DimseChannel } from "../../dicom/dimse/channel.ts";
import type { RequestHandlers } from "../../dicom/dimse/message.ts";
import type { Association } from "../../dicom/ul/association.ts";
import { associate, type ConnectDependencies, describeFailure } from "../remotes/connect.ts";
import type { RemoteStates } from "../remotes/remote-states.ts";

/**
 * Time that an archive has for a result on our own association. Most answer on one of theirs, hours
 * later; those that answer here do it at once.
 */
export const RESULT_LINGER_MS = 1_000;

export interface SendRequestParts extends ConnectDependencies {
  readonly states: RemoteStates;
  /** Takes results in; made anew for each association. */
  readonly handlers: (association: Association) => RequestHandlers;
}

export type SentOutcome =
  | { readonly kind: "sent" }
  /** No association: the N-ACTION did not leave, and may leave later under the same UID. */
  | { readonly kind: "not-reached"; readonly text: string }
  /** Refused, or nobody knows whether it arrived: asked again at the next start. */
  | { readonly kind: "failed"; readonly text: string }
  /** The archive refused the presentation context (E13, S10). */
  | { readonly kind: "not-supported"; readonly text: string }
  | { readonly kind: "interrupted" };

export interface SendRequestOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Ends the wait for a result on the same association. */
  readonly answered: AbortSignal;
  /** Called when the archive has taken the request, before the wait for a result. */
  readonly onTaken: () => Promise<void>;
}

/** Sends the request. Never rejects for what the peer or the network does. */
export async function sendCommitmentRequest(
  parts: SendRequestParts,
  remote: Remote,
  request: CommitmentRequest,
  options: SendRequestOptions,
): Promise<SentOutcome> {
  const { signal } = options;
  const free = parts.states.occupy(remote.id);
  try {
    const outcome = await associate(
      parts,
      remote,
      proposedContexts(COMMITMENT_PROPOSED.rows),
      signal,
    );
    if (outcome.kind !== "accepted") {
      if (signal.aborted) return { kind: "interrupted" };
      const text = describeFailure(remote, outcome);
      parts.states.failed(remote.id, text);
      // PS3.8 §9.3.4: result 1 is for good; everything else may pass (A16)
      const forGood = outcome.kind === "rejected" && outcome.result === 1;
      return { kind: forGood ? "failed" : "not-reached", text };
    }
    parts.states.alive(remote.id);
    return await exchange(parts, remote, outcome.association, request, options);
  } finally {
    free();
  }
}

async function exchange(
  parts: SendRequestParts,
  remote: Remote,
  association: Association,
  request: CommitmentRequest,
  { signal, answered, onTaken }: SendRequestOptions,
): Promise<SentOutcome> {
  const configuration = parts.configuration();
  const channel = new DimseChannel(association, {
    ...parts,
    handlers: parts.handlers(association),
  });
  const onAbort = () => association.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const outcome = await requestCommitment(channel, request, {
      timeoutMs: configuration.commitment.nActionTimeout * 1000,
      text: {
        characterSet: remote.characterSet ?? configuration.local.characterSet,
        fallbackCharacterSet: configuration.local.fallbackCharacterSet,
      },
    });
    if (outcome.kind === "success") {
      await onTaken();
      const over = AbortSignal.any([signal, answered, whenOver(association)]);
      await sleep(parts.clock, RESULT_LINGER_MS, over);
    }
    if (association.end === null) await channel.release();
    return signal.aborted && outcome.kind !== "success"
      ? { kind: "interrupted" }
      : outcomeOf(remote, outcome);
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (association.end === null) association.abort();
  }
}

function outcomeOf(remote: Remote, outcome: CommitmentRequestOutcome): SentOutcome {
  const peer = `${remote.id} (${remote.aeTitle})`;
  switch (outcome.kind) {
    case "success":
      return { kind: "sent" };
    case "not-supported":
      return { kind: "not-supported", text: `${peer} does not support storage commitment` };
    case "refused":
    case "timeout":
    case "aborted":
      return { kind: "failed", text: `${peer}: ${outcome.text}` };
    default:
      return outcome satisfies never;
  }
}

function whenOver(association: Association): AbortSignal {
  const over = new AbortController();
  void association.ended.then(() => over.abort());
  return over.signal;
}
