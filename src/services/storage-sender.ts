// Storage SCU as the send job uses it: one association per job (S17), the exchange of dicom/ae, the
// answers passed on one by one. Tells the remotes' states; keeps the life check away meanwhile (S16).

import type { Remote } from "../config/configuration.ts";
import { openInstanceFile, type StorableInstance } from "../dicom/ae/storage/instance-body.ts";
import { storageContexts } from "../dicom/ae/storage/presentation-contexts.ts";
import { type StoreOutcome, storeInstances } from "../dicom/ae/storage/store-instances.ts";
import { DimseChannel } from "../dicom/dimse/channel.ts";
import type { RequestHandlers } from "../dicom/dimse/message.ts";
import type { Association } from "../dicom/ul/association.ts";
import type { SendRequest, StorageSender } from "../jobs/send-job.ts";
import type { AssociationOutcome, InstanceAnswer } from "../jobs/send-policy.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { StoragePort } from "../store/storage-port.ts";
import { associate, type ConnectDependencies, describeFailure } from "./remotes/connect.ts";
import type { RemoteStates } from "./remotes/remote-states.ts";

export interface StorageSenderParts extends ConnectDependencies {
  readonly storage: Pick<StoragePort, "source">;
  readonly states: RemoteStates;
  /** What the archive may ask of us meanwhile: a commitment result during C-STORE (S1). */
  readonly handlers?: ((association: Association) => RequestHandlers) | undefined;
}

export function storageSender(parts: StorageSenderParts): StorageSender {
  return {
    async send(request, onAnswer) {
      const remote = parts.configuration().remotes.find((r) => r.id === request.remoteId);
      if (remote === undefined || !remote.services.includes("storage"))
        return {
          kind: "not-configured",
          text: `the configuration has no remote ${request.remoteId} with the service storage; add it or cancel the job`,
        };
      const free = parts.states.occupy(remote.id);
      try {
        return await sendTo(parts, remote, request, onAnswer);
      } finally {
        free();
      }
    },
  };
}

async function sendTo(
  parts: StorageSenderParts,
  remote: Remote,
  request: SendRequest,
  onAnswer: Parameters<StorageSender["send"]>[1],
): Promise<AssociationOutcome> {
  const { instances, signal } = request;
  const contexts = storageContexts(new Set(instances.map((i) => i.sopClassUid)));
  const outcome = await associate(parts, remote, contexts, signal);
  if (signal.aborted) {
    if (outcome.kind === "accepted") await outcome.association.release();
    return { kind: "interrupted" };
  }
  if (outcome.kind !== "accepted") {
    const text = describeFailure(remote, outcome);
    parts.states.failed(remote.id, text);
    if (outcome.kind !== "rejected") return { kind: "unreachable", text };
    const { result, source, reason } = outcome;
    return { kind: "rejected", result, source, reason, text };
  }
  parts.states.alive(remote.id);
  return exchange(parts, remote, outcome.association, request, onAnswer);
}

async function exchange(
  parts: StorageSenderParts,
  remote: Remote,
  association: Association,
  { instances, signal }: SendRequest,
  onAnswer: Parameters<StorageSender["send"]>[1],
): Promise<AssociationOutcome> {
  const { storage } = parts;
  const configuration = parts.configuration();
  const { clock, log } = parts;
  const channel = new DimseChannel(association, {
    clock,
    log,
    handlers: parts.handlers?.(association),
  });
  const onAbort = () => association.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const job = await storeInstances(
      channel,
      instances.map((record) => storable(storage, record)),
      {
        timeoutMs: configuration.storage.cStoreTimeout * 1000,
        warningPolicy: configuration.storage.warningPolicy,
        onOutcome: async (instance, stored) => {
          const answer = answerOf(stored);
          if (answer !== null) await onAnswer(instance.sopInstanceUid, answer);
        },
      },
    );
    if (job.kind === "done") {
      if (association.end === null) await channel.release();
      return { kind: "finished" };
    }
    if (signal.aborted) return { kind: "interrupted" };
    const { outcome } = job;
    if (association.end === null) association.abort();
    if (outcome.kind === "refused" || outcome.kind === "not-supported") return { kind: "stopped" };
    const text = `${remote.id} (${remote.aeTitle}): ${outcome.text}`;
    parts.states.failed(remote.id, text);
    return { kind: outcome.kind, text };
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function storable(storage: Pick<StoragePort, "source">, record: InstanceRecord): StorableInstance {
  return {
    sopClassUid: record.sopClassUid,
    sopInstanceUid: record.sopInstanceUid,
    open: () => openInstanceFile(storage.source(record)),
  };
}

/** Null for the end of the association, which is no answer to the instance. */
function answerOf(outcome: StoreOutcome): InstanceAnswer | null {
  switch (outcome.kind) {
    case "stored":
    case "refused":
    case "not-supported":
      return outcome;
    case "unreadable":
      return { kind: "unreadable", text: outcome.cause.message };
    case "timeout":
    case "aborted":
      return null;
    default:
      return outcome satisfies never;
  }
}
