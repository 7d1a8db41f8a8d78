// One association of the Q/R SCU with one archive, and one query on it: what queries and retrieves
// have in common.

import type { Configuration, Remote } from "../../config/configuration.ts";
import { proposedContexts } from "../../dicom/ae/contexts.ts";
import type { PeerText } from "../../dicom/ae/data-sets.ts";
import type { FindOutcome } from "../../dicom/ae/find.ts";
import { findMatches } from "../../dicom/ae/query-retrieve/find-matches.ts";
import type { QueryFilter, QueryLevel } from "../../dicom/ae/query-retrieve/keys.ts";
import { QUERY_RETRIEVE_PROPOSED } from "../../dicom/ae/query-retrieve/presentation-contexts.ts";
import { DimseChannel } from "../../dicom/dimse/channel.ts";
import type { RequestHandlers } from "../../dicom/dimse/message.ts";
import type { Association } from "../../dicom/ul/association.ts";
import { associate, type ConnectDependencies, describeFailure } from "../remotes/connect.ts";
import type { RemoteStates } from "../remotes/remote-states.ts";

/** Matches of one query beyond which it is cancelled: nobody reads more of a list. */
export const MATCHES_MAX = 5_000;

export interface ArchiveLinkParts extends ConnectDependencies {
  readonly states: RemoteStates;
  /** What the archive may ask of us meanwhile (S1). */
  readonly handlers?: ((association: Association) => RequestHandlers) | undefined;
}

export type Linked =
  | { readonly kind: "linked"; readonly channel: DimseChannel }
  | { readonly kind: "no-link"; readonly text: string };

/** Opens the association with the contexts of Table 4.2-45. Never rejects. */
export async function link(
  parts: ArchiveLinkParts,
  remote: Remote,
  signal: AbortSignal,
): Promise<Linked> {
  const contexts = proposedContexts(QUERY_RETRIEVE_PROPOSED.rows);
  const outcome = await associate(parts, remote, contexts, signal);
  if (outcome.kind !== "accepted") {
    const text = describeFailure(remote, outcome);
    if (!signal.aborted) parts.states.failed(remote.id, text);
    return { kind: "no-link", text };
  }
  parts.states.alive(remote.id);
  const { association } = outcome;
  const handlers = parts.handlers?.(association);
  return { kind: "linked", channel: new DimseChannel(association, { ...parts, handlers }) };
}

export function textOf(remote: Remote, { local }: Configuration): PeerText {
  return {
    characterSet: remote.characterSet ?? local.characterSet,
    fallbackCharacterSet: local.fallbackCharacterSet,
  };
}

/** "id (AETITLE)". */
export const nameOf = (remote: Remote): string => `${remote.id} (${remote.aeTitle})`;

/** One query; the association stands afterwards unless Tables 4.2-46 and 4.2-47 end it. */
export async function askArchive(
  parts: ArchiveLinkParts,
  remote: Remote,
  channel: DimseChannel,
  query: { readonly level: QueryLevel; readonly filter: QueryFilter },
  signal: AbortSignal,
): Promise<FindOutcome> {
  const configuration = parts.configuration();
  const found = await findMatches(channel, query.level, query.filter, {
    clock: parts.clock,
    text: textOf(remote, configuration),
    maxItems: MATCHES_MAX,
    timeoutMs: configuration.qr.cFindTimeout * 1000,
    patientNameMatching: configuration.qr.patientNameMatching,
    signal,
  });
  if (found.kind !== "success") {
    const text = `${nameOf(remote)}: ${found.text}`;
    parts.log.warn("query-failed", { remote: remote.id, level: query.level, reason: found.text });
    if (found.kind === "timeout" || found.kind === "aborted") parts.states.failed(remote.id, text);
  }
  return found;
}
