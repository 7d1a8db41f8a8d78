// A request to retrieve as the job that is made of it.

import type { Configuration } from "../../config/configuration.ts";
import type { RetrieveParameters } from "../../model/job.ts";
import { queryable } from "../../services/query-retrieve/query-service.ts";
import type { NewJob } from "../contract.ts";
import { type Answer, answer, refuse } from "../problem.ts";

export interface PlannedRetrieve {
  readonly parameters: RetrieveParameters;
  readonly items: readonly string[];
  readonly total: number;
}

/** How many instances will come is known only once the archive was asked: it begins as one step. */
export function retrievePlanner(configuration: () => Configuration) {
  return async (
    request: Extract<NewJob, { type: "retrieve" }>,
  ): Promise<Answer<PlannedRetrieve>> => {
    const { remoteId, studyInstanceUid, seriesInstanceUids } = request;
    if (queryable(configuration().remotes, remoteId) === undefined)
      return refuse(
        "unknown-reference",
        `The configuration has no remote ${remoteId} with the service query-retrieve.`,
      );
    return answer({
      parameters: { type: "retrieve", remoteId, studyInstanceUid, seriesInstanceUids },
      items: [],
      total: 1,
    });
  };
}
