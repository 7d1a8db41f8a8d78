// C-FIND as SCU (PS3.4 §C.4.1, §K.4.1, PS3.7 §9.1.2), the same for worklist and archive: pending
// responses until the final one, a limit of matches, a C-CANCEL, and an end for peers that go on.

import type { Clock } from "../../core/clock.ts";
import type { DataSet } from "../data/data-set.ts";
import type { DimseChannel } from "../dimse/channel.ts";
import { PRIORITY } from "../dimse/command.ts";
import type { Exchange } from "../dimse/message.ts";
import {
  type Action,
  type FailureTable,
  isPending,
  matchStatus,
  type StatusTable,
} from "../dimse/status.ts";
import type { AcceptedContext } from "../ul/association.ts";
import { encodeFor, type PeerText, readable } from "./data-sets.ts";
import { brokenOff, type Failed, notSupported, refused } from "./outcome.ts";

/** Matches that may still come after a C-CANCEL before the association is aborted (W2). */
export const DRAIN_ITEMS_MAX = 10_000;
/** Time for them and the final response. */
export const DRAIN_MS = 10_000;
/** Bytes of all matches together, beyond which the query is ended like one with too many items. */
export const MATCH_BYTES_MAX = 64 * 1024 * 1024;

export interface FindService {
  readonly sopClassUid: string;
  readonly statuses: StatusTable;
  readonly failures: FailureTable;
}

export interface FindOptions {
  readonly clock: Clock;
  readonly text: PeerText;
  /** More matches than this are not wanted: C-CANCEL. */
  readonly maxItems: number;
  readonly timeoutMs: number;
  /** final: from the request to the final response; next: between responses. */
  readonly timeoutUntil: "final" | "next";
  /** The operator no longer wants the answer: C-CANCEL, what came is kept. */
  readonly signal?: AbortSignal | undefined;
}

export type FindOutcome =
  | {
      readonly kind: "success";
      readonly items: readonly DataSet[];
      /** False: there may be more matches than these. */
      readonly complete: boolean;
      /** Why not, in the operator's words. */
      readonly reason?: string | undefined;
      readonly status: number;
      readonly actions: readonly Action[];
    }
  /** What had come before the failure is kept; the statement's actions say whether to show it. */
  | (Failed & { readonly items: readonly DataSet[] });

/** Asks and collects. The association stands afterwards unless the outcome's row aborts it. */
export async function find(
  channel: DimseChannel,
  service: FindService,
  identifier: DataSet,
  options: FindOptions,
): Promise<FindOutcome> {
  const context = channel.context(service.sopClassUid);
  if (context === undefined) return { ...notSupported(service.sopClassUid), items: [] };

  const exchange = channel.request(
    context,
    {
      kind: "C-FIND-RQ",
      affectedSopClassUid: service.sopClassUid,
      priority: PRIORITY.medium,
    },
    encodeFor(context, identifier, options.text),
  );
  const cancel = () => void exchange.cancel();
  options.signal?.addEventListener("abort", cancel, { once: true });
  if (options.signal?.aborted) cancel();
  try {
    return await collect(channel, service, context, exchange, options);
  } finally {
    options.signal?.removeEventListener("abort", cancel);
    exchange.close();
  }
}

async function collect(
  channel: DimseChannel,
  service: FindService,
  context: AcceptedContext,
  exchange: Exchange<"C-FIND-RQ">,
  options: FindOptions,
): Promise<FindOutcome> {
  const items: DataSet[] = [];
  let bytes = 0;
  let unreadable = 0;
  const deadlineMs = options.clock.monotonicMs() + options.timeoutMs;
  for (;;) {
    // Under "final" neither responses nor pieces of them prolong the time.
    const leftMs = Math.max(1, deadlineMs - options.clock.monotonicMs());
    const step =
      options.timeoutUntil === "final"
        ? await exchange.next(leftMs, "fixed")
        : await exchange.next(options.timeoutMs);
    if (step.kind !== "response") return { ...brokenOff(channel, service.failures, step), items };

    const { status } = step.response;
    if (!isPending(status)) {
      const matched = matchStatus(service.statuses, status);
      const { service: kind, actions } = matched.row;
      if (kind !== "Success" && kind !== "Cancel")
        return { ...refused(channel, matched, step.response), items };
      const reason = kind === "Cancel" ? "ended by cancel" : skipped(unreadable);
      const complete = reason === undefined;
      return { kind: "success", items, complete, reason, status, actions };
    }

    const match = readable(context, step.data, options.text);
    if (match === null) {
      unreadable++;
      continue;
    }
    // One match more than wanted shows that there are more: it is not kept.
    bytes += step.data?.byteLength ?? 0;
    if (items.length >= options.maxItems || bytes > MATCH_BYTES_MAX) {
      await exchange.cancel();
      return await drain(channel, service, exchange, items, options);
    }
    items.push(match);
  }
}

/** After C-CANCEL the peer may answer as long as it likes (W2); we listen a while, then abort. */
async function drain(
  channel: DimseChannel,
  service: FindService,
  exchange: Exchange<"C-FIND-RQ">,
  items: readonly DataSet[],
  options: FindOptions,
): Promise<FindOutcome> {
  const truncated = {
    kind: "success",
    items,
    complete: false,
    reason: `more than ${items.length} items match; the query was ended`,
  } as const;
  const untilMs = options.clock.monotonicMs() + DRAIN_MS;
  for (let count = 0; count < DRAIN_ITEMS_MAX; count++) {
    const leftMs = untilMs - options.clock.monotonicMs();
    if (leftMs <= 0) break;
    const step = await exchange.next(leftMs, "fixed");
    if (step.kind !== "response") break;
    const { status } = step.response;
    if (isPending(status)) continue;
    const matched = matchStatus(service.statuses, status);
    const { service: kind, actions } = matched.row;
    // What came before the limit stays, whatever the peer calls the end of it.
    if (kind === "Success" || kind === "Cancel") return { ...truncated, status, actions };
    return { ...refused(channel, matched, step.response), items };
  }
  if (channel.association.end === null) channel.association.abort();
  const cancelled = service.statuses.rows.find((row) => row.service === "Cancel");
  return { ...truncated, status: 0xfe00, actions: cancelled?.actions ?? [] };
}

function skipped(unreadable: number): string | undefined {
  return unreadable === 0 ? undefined : `${unreadable} items could not be read`;
}
