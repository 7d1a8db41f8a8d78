// Queries of image servers as the API asks for them.

import type { QueryService } from "../../services/query-retrieve/query-service.ts";
import type { QueryPort } from "../device.ts";
import { answer, refuse } from "../problem.ts";

export function queryPort(queries: Pick<QueryService, "query">): QueryPort {
  return {
    async find(request, signal) {
      const outcome = await queries.query(request, signal);
      switch (outcome.kind) {
        case "answer": {
          const { matches, complete, reason } = outcome.answer;
          return answer({
            matches: matches.map((match) => structuredClone(match) as Record<string, string>),
            complete,
            ...(reason === undefined ? {} : { reason }),
          });
        }
        case "unknown-remote":
          return refuse(
            "unknown-reference",
            `The configuration has no remote ${request.remoteId} with the service query-retrieve.`,
          );
        case "invalid":
          return refuse(
            "invalid-field",
            outcome.problems.map((p) => `${p.keyword} ${p.message}`).join("; "),
            outcome.problems.map((p) => ({ path: `keys.${p.keyword}`, message: p.message })),
          );
        case "busy":
          return refuse("busy", outcome.reason);
        default:
          return outcome satisfies never;
      }
    },
  };
}
