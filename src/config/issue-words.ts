// What the schema library finds wrong, in words a technician can act on. Sentences a schema brings
// itself are kept.

import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** How the library's own sentences begin. */
const LIBRARY = /^(Too (big|small):|Invalid )/;

/** By the library's word for a type. */
const KINDS: Readonly<Record<string, string>> = {
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  string: "a text",
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
};

/** The predicate of a sentence whose subject is the field: `must be at most 150`. */
export function issueWords(issue: Issue): string {
  if (!LIBRARY.test(issue.message)) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      if (issue.message.endsWith("received undefined")) return "is missing";
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${oneOf(issue.values)}`;
    case "too_big":
      return sizeWords(
        issue.origin,
        issue.inclusive === false ? "less than" : "at most",
        issue.maximum,
      );
    case "too_small":
      if (issue.origin === "string" && issue.minimum === 1) return "must not be empty";
      return sizeWords(
        issue.origin,
        issue.inclusive === false ? "more than" : "at least",
        issue.minimum,
      );
    case "invalid_format":
      return `must be a well-formed ${issue.format}`;
    case "invalid_union": {
      const values = issue.errors.flatMap((branch) =>
        branch.flatMap((i) => (i.code === "invalid_value" ? i.values : [])),
      );
      return values.length > 0 ? `must be ${oneOf(values)}` : "is of no known kind";
    }
    default:
      return issue.message;
  }
}

function sizeWords(origin: string, how: string, limit: number | bigint): string {
  switch (origin) {
    case "string":
      return `must have ${how} ${limit} character${limit === 1 ? "" : "s"}`;
    case "array":
    case "set":
    case "map":
      return `must have ${how} ${limit} entr${limit === 1 ? "y" : "ies"}`;
    default:
      return `must be ${how} ${limit}`;
  }
}

function oneOf(values: readonly unknown[]): string {
  const texts = [...new Set(values)].map((v) =>
    typeof v === "bigint" ? String(v) : JSON.stringify(v),
  );
  const last = texts.pop() ?? "";
  return texts.length === 0 ? last : `${texts.join(", ")} or ${last}`;
}
