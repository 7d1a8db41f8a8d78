// Structured log: one JSON line an event, on stdout. No patient goes into a line: its fields are the ones
// listed here, and what others said within a text is left out (foreign-words.ts, ADR 0024). UIDs stay: they
// are what service and archive speak of, and say nobody's name.

import { withoutForeign } from "./foreign-words.ts";

/** Every field a line may have. None of them is a patient's; whoever adds one sees to that. */
const LOG_FIELDS = [
  // what and where
  "code",
  "count",
  "event",
  "how",
  "id",
  "job",
  "kind",
  "message",
  "method",
  "mode",
  "modes",
  "path",
  "place",
  "remedy",
  "route",
  "signal",
  "status",
  "type",
  "version",
  "what",
  "force",
  // words; others' within them stand in quotes
  "error",
  "info",
  "reason",
  "text",
  "why",
  // peers and network
  "address",
  "called",
  "calling",
  "card",
  "cause",
  "commandField",
  "contextId",
  "dicomPort",
  "end",
  "http",
  "level",
  "newcomer",
  "originator",
  "peer",
  "port",
  "purposes",
  "remote",
  "remoteId",
  "transferSyntax",
  // exams and objects
  "attributes",
  "exam",
  "examId",
  "failed",
  "instances",
  "irradiationEventUid",
  "sopInstanceUid",
  "strangers",
  "studyInstanceUid",
  "substituted",
  "transactionUid",
  "truncated",
  "unanswered",
  // figures
  "afterMs",
  "bytes",
  "centralMean",
  "dap",
  "delayMs",
  "doseRp",
  "frames",
  "kept",
  "kv",
  "lackBytes",
  "ma",
  "ms",
  "pulses",
  "sequence",
  "targetCounts",
  "wantedBytes",
] as const;

export type LogField = (typeof LOG_FIELDS)[number];
type Plain = string | number | bigint | boolean | null | undefined;

export type LogFields = {
  readonly [K in Exclude<LogField, "error">]?: Plain | readonly Plain[];
} & {
  /** Whatever was caught. */
  readonly error?: unknown;
};
export type LogLevel = "debug" | "info" | "warn" | "error";

export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
  /** The same log with fields added to every line. */
  with(fields: LogFields): Log;
}

export type LogSink = (line: string) => void;

const KNOWN: ReadonlySet<string> = new Set(LOG_FIELDS);

/** A log that writes lines `{"time","level","event",…}` to `sink`. */
export function jsonLog(sink: LogSink, nowMs: () => number, fields: LogFields = {}): Log {
  const write = (level: LogLevel, event: string, more: LogFields = {}) => {
    const line: Record<string, unknown> = {
      time: new Date(nowMs()).toISOString(),
      level,
      event,
    };
    // A record that was handed on as it was may have more than its type says.
    for (const [name, value] of Object.entries({ ...fields, ...more }))
      if (KNOWN.has(name)) line[name] = UID_FIELDS.test(name) ? uid(value) : shown(value);
    sink(JSON.stringify(line));
  };
  return {
    debug: (event, more) => write("debug", event, more),
    info: (event, more) => write("info", event, more),
    warn: (event, more) => write("warn", event, more),
    error: (event, more) => write("error", event, more),
    with: (more) => jsonLog(sink, nowMs, { ...fields, ...more }),
  };
}

/** A log that nobody reads. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLog,
};

/** UIDs come from peers too, who may write anything into them. */
const UID_FIELDS = /Uid$|^strangers$/;
function uid(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(uid);
  return typeof value === "string" && !/^[0-9.]{0,64}$/.test(value) ? "no UID" : shown(value);
}

function shown(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      return withoutForeign(value);
    case "bigint":
      return value.toString();
    case "object":
      if (value === null) return null;
      if (value instanceof Error) return withoutForeign(errorText(value));
      // A thing of unknown content is named, not shown.
      return Array.isArray(value) ? value.map(shown) : Object.prototype.toString.call(value);
    default:
      return value;
  }
}

function errorText({ name, message, cause }: Error): string {
  return cause === undefined ? `${name}: ${message}` : `${name}: ${message} (${causeText(cause)})`;
}

function causeText(cause: unknown): string {
  return typeof cause === "object" && !(cause instanceof Error)
    ? Object.prototype.toString.call(cause)
    : String(cause);
}
