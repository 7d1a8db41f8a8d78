// Queries of an archive (PS3.4 §C.4.1, Study Root): studies, their series, their images.

import { SopClassUid } from "../../dict/uids.ts";
import type { DimseChannel } from "../../dimse/channel.ts";
import { type FindOptions, type FindOutcome, find } from "../find.ts";
import { QUERY_FAILURES } from "./failures.ts";
import { type QueryFilter, type QueryLevel, queryIdentifier } from "./keys.ts";
import { QUERY_STATUS } from "./status.ts";

const SERVICE = {
  sopClassUid: SopClassUid.StudyRootQueryRetrieveFind,
  statuses: QUERY_STATUS,
  failures: QUERY_FAILURES,
};

export interface QueryOptions extends Omit<FindOptions, "timeoutUntil"> {
  readonly patientNameMatching: boolean;
}

/**
 * Matches of one level; `timeoutMs` is the wait between responses.
 * @throws MissingValue where a level's upper unique keys are not in the filter
 */
export function findMatches(
  channel: DimseChannel,
  level: QueryLevel,
  filter: QueryFilter,
  options: QueryOptions,
): Promise<FindOutcome> {
  const identifier = queryIdentifier(level, filter, options);
  return find(channel, SERVICE, identifier, { ...options, timeoutUntil: "next" });
}
