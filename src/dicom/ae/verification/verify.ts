// C-ECHO as SCU (PS3.4 Annex A, PS3.7 §9.1.5).

import { SopClassUid } from "../../dict/uids.ts";
import type { DimseChannel } from "../../dimse/channel.ts";
import { type Action, matchStatus } from "../../dimse/status.ts";
import { brokenOff, type Failed, notSupported, refused } from "../outcome.ts";
import { ECHO_FAILURES } from "./failures.ts";
import { ECHO_STATUS } from "./status.ts";

export type VerifyOutcome =
  | { readonly kind: "success"; readonly actions: readonly Action[] }
  | Failed;

/** Asks the peer for a sign of life. The association stays open after success. */
export async function verify(
  channel: DimseChannel,
  options: { readonly timeoutMs: number },
): Promise<VerifyOutcome> {
  const context = channel.context(SopClassUid.Verification);
  if (context === undefined) return notSupported(SopClassUid.Verification);

  const exchange = channel.request(context, {
    kind: "C-ECHO-RQ",
    affectedSopClassUid: SopClassUid.Verification,
  });
  const step = await exchange.next(options.timeoutMs);
  exchange.close();
  if (step.kind !== "response") return brokenOff(channel, ECHO_FAILURES, step);

  const matched = matchStatus(ECHO_STATUS, step.response.status);
  if (matched.row.service !== "Success") return refused(channel, matched, step.response);
  return { kind: "success", actions: matched.row.actions };
}
