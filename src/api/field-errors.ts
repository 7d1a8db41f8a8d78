// Zod's issues as fields and sentences a caller can act on.

import type { z } from "zod";
import { issueWords } from "../config/issue-words.ts";
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
  if (issue.code === "invalid_union" && issue.errors.some(isOfFields)) {
    const lacking = issue.errors.map(onlyLacking);
    if (lacking.length > 1 && lacking.every((name) => name !== null))
      return [{ path, message: `${alternatives(lacking)} is needed` }];
    // The branch that comes closest: the fewest unknown keys, then the fewest complaints.
    const strangers = (branch: readonly Issue[]) =>
      branch.reduce((n, i) => n + (i.code === "unrecognized_keys" ? i.keys.length : 0), 0);
    const nearest = issue.errors.toSorted(
      (a, b) => strangers(a) - strangers(b) || a.length - b.length,
    )[0];
    return (nearest ?? []).flatMap((inner) => flatten(inner, path));
  }
  return [{ path, message: issueWords(issue) }];
}

/** The one field a branch misses and finds nothing else wrong. */
function onlyLacking(branch: readonly Issue[]): string | null {
  const [issue] = branch;
  return branch.length === 1 && issue !== undefined && issueWords(issue) === "is missing"
    ? pathText(issue.path)
    : null;
}

const alternatives = (names: readonly string[]) =>
  `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;

/** A branch that finds fault with fields below, not with the value itself. */
const isOfFields = (branch: readonly Issue[]) =>
  branch.some((issue) => issue.path.length > 0 || issue.code === "unrecognized_keys");

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}
