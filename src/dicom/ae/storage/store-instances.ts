// C-STORE as SCU (PS3.4 §B.2, PS3.7 §9.1.1): the instances of a job over one association, one after
// the other. Which instances, when and how often is the job's business. Move Originator is never
// sent: this device serves no C-MOVE.

import type { DimseChannel } from "../../dimse/channel.ts";
import { PRIORITY } from "../../dimse/command.ts";
import { type Action, matchStatus } from "../../dimse/status.ts";
import type { AcceptedContext } from "../../ul/association.ts";
import { brokenOff, type Failed, notSupported, refused } from "../outcome.ts";
import { STORE_FAILURES } from "./failures.ts";
import { bodyIn, type InstanceBody, type StorableInstance } from "./instance-body.ts";
import { STORE_STATUS, STORE_STATUS_STRICT } from "./status.ts";

export interface Stored {
  readonly kind: "stored";
  readonly status: number;
  /** "0000 stored", "B000 stored, data elements coerced". */
  readonly text: string;
  /** Stored, but the operator is told about it. */
  readonly warning: boolean;
  readonly actions: readonly Action[];
}

/** The instance's own file cannot be read; the association is none the worse. */
export interface Unreadable {
  readonly kind: "unreadable";
  readonly cause: Error;
}

export type StoreOutcome = Stored | Failed | Unreadable;

export interface StoreOptions {
  /** Wait for each response, from the end of sending the instance. */
  readonly timeoutMs: number;
  /** "fail": the literal reading of Table 4.2-7 (E08). */
  readonly warningPolicy: "accept" | "fail";
  /** Hears of each instance as soon as its outcome is known. */
  readonly onOutcome: (instance: StorableInstance, outcome: StoreOutcome) => void | Promise<void>;
}

/** How the job ended on this association. */
export type StoreJobOutcome =
  /** Every instance was tried; what could not be sent at all has its own outcome. */
  | { readonly kind: "done" }
  /** The instance that ended it, and why; those after it were not tried. */
  | { readonly kind: "failed"; readonly instance: StorableInstance; readonly outcome: Failed };

/**
 * Sends instances until one is refused or the association is lost. Afterwards the association stands
 * only where the outcome is "done"; the caller releases it.
 */
export async function storeInstances(
  channel: DimseChannel,
  instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
  options: StoreOptions,
): Promise<StoreJobOutcome> {
  for await (const { instance, body } of openedAhead(channel, instances)) {
    const outcome = await storeOpened(channel, instance, body, options);
    await options.onOutcome(instance, outcome);
    switch (outcome.kind) {
      case "stored":
      case "unreadable":
      case "not-supported":
        continue;
      case "refused":
      case "timeout":
      case "aborted":
        return { kind: "failed", instance, outcome };
    }
  }
  return { kind: "done" };
}

interface Opened {
  readonly instance: StorableInstance;
  /** Null where no context was accepted: such an instance is not opened at all. */
  readonly body: Promise<InstanceBody | Error> | null;
}

/** The next instance is opened while the one before is on its way. */
async function* openedAhead(
  channel: DimseChannel,
  instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
): AsyncGenerator<Opened> {
  let waiting: Opened | null = null;
  try {
    for await (const instance of instances) {
      const ready: Opened | null = waiting;
      waiting = open(channel, instance);
      if (ready !== null) yield ready;
    }
    const last: Opened | null = waiting;
    waiting = null;
    if (last !== null) yield last;
  } finally {
    const left = await waiting?.body;
    if (left !== undefined && left !== null && !(left instanceof Error)) await left.close();
  }
}

function open(channel: DimseChannel, instance: StorableInstance): Opened {
  if (channel.context(instance.sopClassUid) === undefined) return { instance, body: null };
  const body = instance
    .open()
    .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  return { instance, body };
}

async function storeOpened(
  channel: DimseChannel,
  instance: StorableInstance,
  opening: Opened["body"],
  options: Pick<StoreOptions, "timeoutMs" | "warningPolicy">,
): Promise<StoreOutcome> {
  if (opening === null) return notSupported(instance.sopClassUid);
  const body = await opening;
  if (body instanceof Error) return { kind: "unreadable", cause: body };
  const contexts = channel.association.contexts.filter(
    (context) => context.abstractSyntax === instance.sopClassUid,
  );
  try {
    return await send(channel, contexts, instance, body, options);
  } finally {
    await body.close();
  }
}

async function send(
  channel: DimseChannel,
  contexts: readonly AcceptedContext[],
  instance: StorableInstance,
  body: InstanceBody,
  options: Pick<StoreOptions, "timeoutMs" | "warningPolicy">,
): Promise<StoreOutcome> {
  // The instance's own transfer syntax where it was accepted, else another with a recoded header.
  const own = contexts.find((context) => context.transferSyntax === body.transferSyntaxUid);
  const candidates = own === undefined ? contexts : [own];
  for (const context of candidates) {
    const data = bodyIn(body, context.transferSyntax);
    if (data === null) continue;

    const exchange = channel.request(
      context,
      {
        kind: "C-STORE-RQ",
        affectedSopClassUid: instance.sopClassUid,
        affectedSopInstanceUid: instance.sopInstanceUid,
        priority: PRIORITY.medium,
      },
      data,
    );
    const step = await exchange.next(options.timeoutMs);
    exchange.close();
    if (step.kind !== "response") return brokenOff(channel, STORE_FAILURES, step);

    const table = options.warningPolicy === "fail" ? STORE_STATUS_STRICT : STORE_STATUS;
    const matched = matchStatus(table, step.response.status);
    const { actions, service } = matched.row;
    if (!actions.includes("mark-instance-stored")) return refused(channel, matched, step.response);
    return {
      kind: "stored",
      status: matched.status,
      text: matched.text,
      warning: service !== "Success",
      actions,
    };
  }
  return notSupported(instance.sopClassUid);
}
