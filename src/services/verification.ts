// Verification as SCU: C-ECHO when the operator asks, and the negotiation of the life check, which opens
// an association and releases it without a C-ECHO. Both tell the remotes' states.

import type { Remote } from "../config/configuration.ts";
import { proposedContexts } from "../dicom/ae/contexts.ts";
import { VERIFICATION_PROPOSED } from "../dicom/ae/verification/presentation-contexts.ts";
import { verify } from "../dicom/ae/verification/verify.ts";
import { DimseChannel } from "../dicom/dimse/channel.ts";
import { associate, type ConnectDependencies, describeFailure } from "./remotes/connect.ts";
import type { Probe } from "./remotes/life-check.ts";
import type { RemoteStates } from "./remotes/remote-states.ts";

export interface EchoOutcome {
  readonly ok: boolean;
  /** DIMSE status of the answer. */
  readonly status?: number | undefined;
  readonly elapsedMs: number;
  readonly reason?: string | undefined;
}

/** C-ECHO now. */
export async function echoRemote(
  deps: ConnectDependencies,
  states: RemoteStates,
  remote: Remote,
): Promise<EchoOutcome> {
  const startMs = deps.clock.monotonicMs();
  const result = await echo(deps, remote);
  const elapsedMs = Math.round(deps.clock.monotonicMs() - startMs);
  if (result.ok) states.alive(remote.id);
  else {
    states.failed(remote.id, result.reason ?? "");
    deps.log.warn("echo-failed", { remote: remote.id, reason: result.reason });
  }
  return { ...result, elapsedMs };
}

async function echo(
  deps: ConnectDependencies,
  remote: Remote,
): Promise<Omit<EchoOutcome, "elapsedMs">> {
  const outcome = await associate(deps, remote, proposedContexts(VERIFICATION_PROPOSED.rows));
  if (outcome.kind !== "accepted") return { ok: false, reason: describeFailure(remote, outcome) };
  const channel = new DimseChannel(outcome.association, deps);
  const answer = await verify(channel, {
    timeoutMs: deps.configuration().verification.cEchoTimeout * 1000,
  });
  if (outcome.association.end === null) await channel.release();
  if (answer.kind === "success") return { ok: true, status: 0 };
  const reason = `${remote.id} (${remote.aeTitle}) answered the C-ECHO with: ${answer.text}`;
  return answer.kind === "refused"
    ? { ok: false, status: answer.status, reason }
    : { ok: false, reason };
}

/** The life check's question: will the remote take an association? */
export function negotiationProbe(deps: ConnectDependencies): Probe {
  return async (remote, signal) => {
    const contexts = proposedContexts(VERIFICATION_PROPOSED.rows);
    const outcome = await associate(deps, remote, contexts, signal);
    if (outcome.kind !== "accepted")
      return { alive: false, reason: describeFailure(remote, outcome) };
    const { association } = outcome;
    const giveUp = () => association.abort();
    signal.addEventListener("abort", giveUp, { once: true });
    await association.release();
    signal.removeEventListener("abort", giveUp);
    return { alive: true };
  };
}
