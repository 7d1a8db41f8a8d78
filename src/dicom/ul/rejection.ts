// A-ASSOCIATE-RJ in words: PS3.8 table 9-21. Peers send numbers that are not in it; those are
// shown as numbers (B5).

export interface Rejection {
  readonly result: number;
  readonly source: number;
  readonly reason: number;
}

const RESULTS: Readonly<Record<number, string>> = {
  1: "rejected permanently",
  2: "rejected for the moment",
};

const SOURCES: Readonly<Record<number, string>> = {
  1: "service user",
  2: "service provider (ACSE)",
  3: "service provider (presentation)",
};

/** By source, then reason. */
const REASONS: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  1: {
    1: "no reason given",
    2: "application context name not supported",
    3: "calling AE title not recognized",
    7: "called AE title not recognized",
  },
  2: { 1: "no reason given", 2: "protocol version not supported" },
  3: { 1: "temporary congestion", 2: "local limit exceeded" },
};

/** For a technician: words where PS3.8 has them, and always the numbers. */
export function describeRejection({ result, source, reason }: Rejection): string {
  const how = RESULTS[result] ?? `rejected with unknown result ${result}`;
  const who = SOURCES[source] ?? `unknown source ${source}`;
  const why = REASONS[source]?.[reason] ?? `unknown reason ${reason}`;
  return `${how} by the ${who}: ${why} (${result},${source},${reason})`;
}
