// Zod's issues as fields and sentences a caller can act on.

import type { z } from "zod";
import type { FieldError } from "./problem.ts";

type Issue = z.core.$ZodIssue;

/** Fields named in one answer. */
export const FIELD_ERRORS_MAX = 20;

/** `films[0].images must …`: one entry per field that was refused. */
export function fieldErrors(error: { issues: readonly Issue[] }, target: string): FieldError[] {
  return error.issues
    .flatMap((issue) => flatten(issue, []))
    .slice(0, FIELD_ERRORS_MAX)
    .map(({ path, message }) => ({
      path: pathText(path) || (target === "json" ? "" : target),
      message,
    }));
}

interface Found {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function flatten(issue: Issue, above: readonly PropertyKey[]): Found[] {
  const path = [...above, ...issue.path];
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: [...path, key], message: "is not known here" }));
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The branch that comes closest: the fewest unknown keys, then the fewest complaints.
    const strangers = (branch: readonly Issue[]) =>
      branch.reduce((n, i) => n + (i.code === "unrecognized_keys" ? i.keys.length : 0), 0);
    const nearest = issue.errors.toSorted(
      (a, b) => strangers(a) - strangers(b) || a.length - b.length,
    )[0];
    return (nearest ?? []).flatMap((inner) => flatten(inner, path));
  }
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined"))
    return [{ path, message: "is missing" }];
  return [{ path, message: lowerFirst(issue.message) }];
}

const lowerFirst = (text: string) => `${text.charAt(0).toLowerCase()}${text.slice(1)}`;

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}
