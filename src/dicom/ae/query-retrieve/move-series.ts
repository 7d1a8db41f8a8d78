// C-MOVE of one series to ourselves (PS3.4 §C.4.2, PS3.7 §9.1.4). The instances come over another
// association; what arrived there counts, not the numbers of the responses (Q2, Q3).

import type { Unsubscribe } from "../../../core/listeners.ts";
import { SopClassUid } from "../../dict/uids.ts";
import type { DimseChannel } from "../../dimse/channel.ts";
import { type CommandOf, PRIORITY } from "../../dimse/command.ts";
import { type Action, isPending, matchStatus } from "../../dimse/status.ts";
import { encodeFor, type PeerText } from "../data-sets.ts";
import { brokenOff, type Failed, notSupported, refused } from "../outcome.ts";
import { MOVE_FAILURES } from "./failures.ts";
import { moveIdentifier } from "./keys.ts";
import { MOVE_STATUS } from "./status.ts";

/** Sub-operations as the peer counts them; every number may be missing or wrong (Q2). */
export interface SubOperations {
  readonly remaining?: number | undefined;
  readonly completed?: number | undefined;
  readonly failed?: number | undefined;
  readonly warning?: number | undefined;
}

export interface MoveOptions {
  readonly destination: string;
  readonly text: PeerText;
  /** Wait for the next response. */
  readonly timeoutMs: number;
  /** News of instances arriving at our Storage SCP: signs of life (Q5). */
  readonly arrivals?: { add(listener: () => void): Unsubscribe } | undefined;
  /** Told the Message ID before anything is sent: instances that come bear it (Q8). */
  readonly onRequest?: ((messageId: number) => void) | undefined;
  readonly onProgress?: ((counts: SubOperations) => void) | undefined;
  /** Ends the move by C-CANCEL; the final response is waited for (Q6). */
  readonly signal?: AbortSignal | undefined;
}

export type MoveOutcome =
  | {
      readonly kind: "success" | "cancelled";
      readonly status: number;
      readonly counts: SubOperations;
      readonly messageId: number;
      readonly actions: readonly Action[];
    }
  | (Failed & { readonly counts: SubOperations });

export async function moveSeries(
  channel: DimseChannel,
  series: { readonly studyInstanceUid: string; readonly seriesInstanceUid: string },
  options: MoveOptions,
): Promise<MoveOutcome> {
  let counts: SubOperations = {};
  const context = channel.context(SopClassUid.StudyRootQueryRetrieveMove);
  if (context === undefined)
    return { ...notSupported(SopClassUid.StudyRootQueryRetrieveMove), counts };

  const identifier = moveIdentifier(series.studyInstanceUid, series.seriesInstanceUid);
  const exchange = channel.request(
    context,
    {
      kind: "C-MOVE-RQ",
      affectedSopClassUid: SopClassUid.StudyRootQueryRetrieveMove,
      moveDestination: options.destination,
      priority: PRIORITY.medium,
    },
    encodeFor(context, identifier, options.text),
  );
  options.onRequest?.(exchange.messageId);
  const stopListening = options.arrivals?.add(() => exchange.touch());
  const cancel = () => void exchange.cancel();
  options.signal?.addEventListener("abort", cancel, { once: true });
  if (options.signal?.aborted) cancel();
  try {
    for (;;) {
      const step = await exchange.next(options.timeoutMs);
      if (step.kind !== "response") return { ...brokenOff(channel, MOVE_FAILURES, step), counts };

      counts = countsOf(step.response, counts);
      options.onProgress?.(counts);
      const { status } = step.response;
      if (isPending(status)) continue;
      const matched = matchStatus(MOVE_STATUS, status);
      const { service, actions } = matched.row;
      if (service !== "Success" && service !== "Cancel")
        return { ...refused(channel, matched, step.response), counts };
      const { messageId } = exchange;
      const kind = service === "Success" ? "success" : "cancelled";
      return { kind, status, counts, messageId, actions };
    }
  } finally {
    options.signal?.removeEventListener("abort", cancel);
    stopListening?.();
    exchange.close();
  }
}

/** Numbers of this response; those it leaves out stay as they were. */
function countsOf(response: CommandOf<"C-MOVE-RSP">, before: SubOperations): SubOperations {
  return {
    remaining: response.remainingSubOperations ?? before.remaining,
    completed: response.completedSubOperations ?? before.completed,
    failed: response.failedSubOperations ?? before.failed,
    warning: response.warningSubOperations ?? before.warning,
  };
}
