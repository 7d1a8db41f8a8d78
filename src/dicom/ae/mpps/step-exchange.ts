// The performed procedure step as SCU (PS3.4 §F.7.2): N-CREATE when it begins, N-SET when it ends.
// Data sets are built from Table 4.2-39 (attributes.ts); queues and retries are the service's.

import type { DataSet } from "../../data/data-set.ts";
import { SopClassUid } from "../../dict/uids.ts";
import type { DimseChannel } from "../../dimse/channel.ts";
import type { ExchangeStep } from "../../dimse/message.ts";
import { type Action, type MatchedStatus, matchStatus, STATUS } from "../../dimse/status.ts";
import type { AcceptedContext } from "../../ul/association.ts";
import { encodeFor, type PeerText } from "../data-sets.ts";
import { brokenOff, type Failed, notSupported, refused } from "../outcome.ts";
import { STEP_FAILURES } from "./failures.ts";
import { STEP_STATUS } from "./status.ts";

/** Error ID of a step that is in its final state (PS3.4 §F.7.2.2.3). */
export const STEP_IS_FINAL = 0xa710;

export interface StepRequest {
  readonly sopInstanceUid: string;
  readonly dataSet: DataSet;
  /** The same message was sent before and nobody knows what became of it. */
  readonly repeated: boolean;
}

export interface StepOptions {
  readonly timeoutMs: number;
  readonly text: PeerText;
}

export type StepOutcome =
  | {
      readonly kind: "success";
      readonly status: number;
      /** "0116 attribute value out of range". */
      readonly text: string;
      /** Done, but the operator is told about it. */
      readonly warning: boolean;
      readonly actions: readonly Action[];
    }
  | Failed;

/** Creates the step; sent again with the same UID, 0111 means that it was created before (M1). */
export async function createStep(
  channel: DimseChannel,
  request: StepRequest,
  options: StepOptions,
): Promise<StepOutcome> {
  const context = stepContext(channel);
  if (context === undefined) return notSupported(SopClassUid.ModalityPerformedProcedureStep);
  const exchange = channel.request(
    context,
    {
      kind: "N-CREATE-RQ",
      affectedSopClassUid: SopClassUid.ModalityPerformedProcedureStep,
      affectedSopInstanceUid: request.sopInstanceUid,
    },
    encodeFor(context, request.dataSet, options.text),
  );
  const step = await exchange.next(options.timeoutMs);
  exchange.close();
  const createdBefore = (status: number) =>
    request.repeated && status === STATUS.duplicateSopInstance;
  return judge(channel, step, createdBefore);
}

/**
 * Ends the step. Sent again after a lost response, 0110 with Error ID A710 means that it had worked
 * (M2).
 */
export async function setStep(
  channel: DimseChannel,
  request: StepRequest,
  options: StepOptions,
): Promise<StepOutcome> {
  const context = stepContext(channel);
  if (context === undefined) return notSupported(SopClassUid.ModalityPerformedProcedureStep);
  const exchange = channel.request(
    context,
    {
      kind: "N-SET-RQ",
      requestedSopClassUid: SopClassUid.ModalityPerformedProcedureStep,
      requestedSopInstanceUid: request.sopInstanceUid,
    },
    encodeFor(context, request.dataSet, options.text),
  );
  const step = await exchange.next(options.timeoutMs);
  exchange.close();
  const setBefore = (status: number, errorId: number | undefined) =>
    request.repeated && status === STATUS.processingFailure && errorId === STEP_IS_FINAL;
  return judge(channel, step, setBefore);
}

function stepContext(channel: DimseChannel): AcceptedContext | undefined {
  return channel.context(SopClassUid.ModalityPerformedProcedureStep);
}

/** Table 4.2-37. `doneBefore`: the status says that an earlier message did the work. */
function judge(
  channel: DimseChannel,
  step: ExchangeStep<"N-CREATE-RQ"> | ExchangeStep<"N-SET-RQ">,
  doneBefore: (status: number, errorId: number | undefined) => boolean,
): StepOutcome {
  if (step.kind !== "response") return brokenOff(channel, STEP_FAILURES, step);
  const { status, errorId } = step.response;
  const before = doneBefore(status, errorId);
  const matched = before ? BEFORE(status) : applicable(matchStatus(STEP_STATUS, status));
  const { actions, service } = matched.row;
  if (!actions.includes("continue")) return refused(channel, matched, step.response);
  const warning = service === "Warning";
  return { kind: "success", status, text: matched.text, warning, actions };
}

/** The row for what was done by an earlier message. */
const BEFORE = (status: number): MatchedStatus => {
  const { row } = matchStatus(STEP_STATUS, STATUS.duplicateSopInstance);
  return { status, row, text: `${matchStatus(STEP_STATUS, status).text} (done before)` };
};

/** 0111 to anything but a repeated N-CREATE is a failure like every other. */
function applicable(matched: MatchedStatus): MatchedStatus {
  if (matched.status !== STATUS.duplicateSopInstance) return matched;
  const { row } = matchStatus(STEP_STATUS, STATUS.processingFailure);
  return { ...matched, row };
}
