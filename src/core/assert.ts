// Impossible states end the process: jobs and images are durable, so a restart is safer than going
// on with a broken invariant.

/** Thrown by {@link assert}; nobody catches it but the process's last handler. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** @throws AssertionError when `condition` is false. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The branch of a `switch` that the types say cannot be reached. */
export function unreachable(value: never): never {
  // Its tag alone: the rest of the record may be a patient's.
  const { kind, type, state } = Object(value) as Record<"kind" | "type" | "state", unknown>;
  const tag = [kind, type, state, value].find((v) => typeof v === "string");
  throw new AssertionError(`unreachable: ${tag ?? typeof value}`);
}

/** The value, which the caller knows to be there. */
export function present<T>(value: T | null | undefined, what: string): T {
  assert(value !== null && value !== undefined, `${what} is missing`);
  return value;
}
