// Structured log: one JSON line an event, on stdout. Patient data never goes into a line.

export type LogFields = Readonly<Record<string, unknown>>;
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

/** A log that writes lines `{"time","level","event",…}` to `sink`. */
export function jsonLog(sink: LogSink, nowMs: () => number, fields: LogFields = {}): Log {
  const write = (level: LogLevel, event: string, more: LogFields = {}) =>
    sink(
      JSON.stringify(
        { time: new Date(nowMs()).toISOString(), level, event, ...fields, ...more },
        errorsAsText,
      ),
    );
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

function errorsAsText(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!(value instanceof Error)) return value;
  return value.cause === undefined
    ? `${value.name}: ${value.message}`
    : `${value.name}: ${value.message} (${String(value.cause)})`;
}
