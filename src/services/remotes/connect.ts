// From a remote of the configuration to an association request: address, TLS, identity, time-outs.

import type { Configuration, Remote } from "../../config/configuration.ts";
import type { Clock } from "../../core/clock.ts";
import type { Dial } from "../../core/connection.ts";
import type { Log } from "../../core/log.ts";
import type {
  ProposedContext,
  RequestOutcome,
  UpperLayerTimeouts,
} from "../../dicom/ul/association.ts";
import { requestAssociation } from "../../dicom/ul/requestor.ts";

export interface ConnectDependencies {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly log: Log;
  readonly configuration: () => Configuration;
}

/** A write that makes no progress for this long is given up. */
const WRITE_STALL_MS = 60_000;

/** The upper layer's time-outs as configured (Table 4.4-2); ARTIM is the association's (PS3.8 §9.1.5). */
export function upperLayerTimeouts(configuration: Configuration): UpperLayerTimeouts {
  return {
    connectMs: configuration.tcpConnectTimeout * 1000,
    associationMs: configuration.associationResponseTimeout * 1000,
    releaseMs: configuration.releaseResponseTimeout * 1000,
    dataMs: configuration.tcpDataTimeout * 1000,
    artimMs: configuration.tcpConnectTimeout * 1000,
    idleMs: configuration.tcpDataTimeout * 1000,
    writeMs: WRITE_STALL_MS,
  };
}

/** Opens an association with a remote for the contexts the caller needs and no others. */
export function associate(
  deps: ConnectDependencies,
  remote: Remote,
  contexts: readonly ProposedContext[],
  signal?: AbortSignal,
): Promise<RequestOutcome> {
  const configuration = deps.configuration();
  return requestAssociation(deps, {
    target: {
      host: remote.host,
      port: remote.port,
      tls:
        remote.tls === undefined
          ? undefined
          : {
              certFile: remote.tls.cert,
              keyFile: remote.tls.key,
              caFile: remote.tls.ca,
              verify: remote.tls.verify,
            },
    },
    calling: configuration.local.aeTitle,
    called: remote.aeTitle,
    contexts,
    identity: {
      implementationClassUid: configuration.device.implementationClassUid,
      implementationVersionName: configuration.device.implementationVersionName,
    },
    maxPduLength: configuration.maxPduLength,
    timeouts: upperLayerTimeouts(configuration),
    signal,
  });
}

/** Why an association could not be had, with the parameter or setting that may help. */
export function describeFailure(
  remote: Remote,
  outcome: Exclude<RequestOutcome, { kind: "accepted" }>,
): string {
  const where = `${remote.id} (${remote.aeTitle} at ${remote.host}:${remote.port})`;
  switch (outcome.kind) {
    case "rejected":
      return `${where} rejected the association: ${outcome.text}`;
    case "aborted":
      return `${where} aborted instead of answering the association request`;
    case "failed":
      return outcome.cause === "association-timeout"
        ? `${where} did not answer the association request in time; associationResponseTimeout can be raised`
        : `${where}: ${outcome.message}`;
    default:
      return outcome satisfies never;
  }
}
