// The schema library's findings in words.

import { expect, test } from "bun:test";
import { z } from "zod";
import { issueWords } from "../../src/config/issue-words.ts";

function words(schema: z.ZodType, value: unknown): string | undefined {
  const issue = schema.safeParse(value).error?.issues[0];
  return issue && issueWords(issue);
}

// biome-ignore format: a table
const CASES: readonly [what: string, schema: z.ZodType, value: unknown, words: string][] = [
  ["a number above its limit",   z.number().max(150),              200,       "must be at most 150"],
  ["a number below its limit",   z.number().min(1),                0,         "must be at least 1"],
  ["a number on an open limit",  z.number().positive(),            0,         "must be more than 0"],
  ["a text that is too long",    z.string().max(3),                "abcd",    "must have at most 3 characters"],
  ["an empty text",              z.string().min(1),                "",        "must not be empty"],
  ["an empty list",              z.array(z.string()).min(1),       [],        "must have at least 1 entry"],
  ["none of the values",         z.enum(["a", "b", "c"]),          "x",       'must be "a", "b" or "c"'],
  ["not the only value",         z.literal("a"),                   "x",       'must be "a"'],
  ["none of a union's values",   z.union([z.literal(0), z.literal(90)]), 1,   "must be 0 or 90"],
  ["nothing",                    z.string(),                       undefined, "is missing"],
  ["another type",               z.boolean(),                      "yes",     "must be true or false"],
  ["a fraction",                 z.number().int(),                 1.5,       "must be a whole number"],
  ["a list for a record",        z.object({}),                     [],        "must be an object"],
  ["the schema's own words",     z.string().max(1, "must be short"), "ab",    "must be short"],
];

for (const [what, schema, value, expected] of CASES)
  test(`${what} is told as "${expected}"`, () => {
    expect(words(schema, value)).toBe(expected);
  });
