// Storage commitment: the request (N-ACTION, PS3.4 §J.3.2). The result comes later by N-EVENT-REPORT,
// on this association or any other; see serve-commitment.ts.

import type { SopReference } from "../../../model/code.ts";
import { DataSet } from "../../data/data-set.ts";
import { Tag } from "../../dict/attributes.ts";
import { SopClassUid, WellKnownInstanceUid } from "../../dict/uids.ts";
import type { DimseChannel } from "../../dimse/channel.ts";
import { type Action, matchStatus } from "../../dimse/status.ts";
import { encodeFor, type PeerText } from "../data-sets.ts";
import { brokenOff, type Failed, notSupported, refused } from "../outcome.ts";
import { COMMITMENT_FAILURES } from "./failures.ts";
import { COMMITMENT_REQUEST_STATUS } from "./status.ts";

/** PS3.4 Table J.3-1: request storage commitment. */
const REQUEST_COMMITMENT = 1;

export interface CommitmentRequest {
  /** Durable before it is sent: the result may overtake the response. */
  readonly transactionUid: string;
  /** One or more. */
  readonly instances: readonly SopReference[];
}

export type CommitmentRequestOutcome =
  | { readonly kind: "success"; readonly actions: readonly Action[] }
  | Failed;

export async function requestCommitment(
  channel: DimseChannel,
  request: CommitmentRequest,
  options: { readonly timeoutMs: number; readonly text: PeerText },
): Promise<CommitmentRequestOutcome> {
  const context = channel.context(SopClassUid.StorageCommitmentPushModel);
  if (context === undefined) return notSupported(SopClassUid.StorageCommitmentPushModel);

  const exchange = channel.request(
    context,
    {
      kind: "N-ACTION-RQ",
      requestedSopClassUid: SopClassUid.StorageCommitmentPushModel,
      requestedSopInstanceUid: WellKnownInstanceUid.StorageCommitmentPushModel,
      actionTypeId: REQUEST_COMMITMENT,
    },
    encodeFor(context, actionInformation(request), options.text),
  );
  const step = await exchange.next(options.timeoutMs);
  exchange.close();
  if (step.kind !== "response") return brokenOff(channel, COMMITMENT_FAILURES, step);

  const matched = matchStatus(COMMITMENT_REQUEST_STATUS, step.response.status);
  if (matched.row.service !== "Success") return refused(channel, matched, step.response);
  return { kind: "success", actions: matched.row.actions };
}

/** PS3.4 Table J.3-1, Action Information. */
function actionInformation(request: CommitmentRequest): DataSet {
  return new DataSet()
    .text(Tag.TransactionUID, "UI", request.transactionUid)
    .sequence(
      Tag.ReferencedSOPSequence,
      ...request.instances.map(({ sopClassUid, sopInstanceUid }) =>
        new DataSet()
          .text(Tag.ReferencedSOPClassUID, "UI", sopClassUid)
          .text(Tag.ReferencedSOPInstanceUID, "UI", sopInstanceUid),
      ),
    );
}
