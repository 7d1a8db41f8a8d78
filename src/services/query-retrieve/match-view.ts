// An answer of the archive as attributes by keyword: the level's keys of Table 4.2-48 and the unique
// keys of the levels above, so that a tree can be built from it and asked deeper.

import type { QueryLevel } from "../../dicom/ae/query-retrieve/keys.ts";
import type { DataSet, Tag } from "../../dicom/data/data-set.ts";
import { keywordOf } from "../../dicom/dict/dictionary.ts";
import { queryableKeys, upperKeys } from "./query-request.ts";

/** Values by keyword; several values as a list, none: absent. */
export type Match = Readonly<Record<string, string | readonly string[]>>;

/**
 * The answer, or null where it lacks the level's unique key or belongs elsewhere than asked.
 * `asked` gives the unique keys that the query named.
 */
export function matchOf(
  dataSet: DataSet,
  level: QueryLevel,
  asked: ReadonlyMap<Tag, string>,
): Match | null {
  const match: Record<string, string | readonly string[]> = {};
  for (const row of upperKeys(level)) {
    const named = asked.get(row.tag);
    const answered = dataSet.string(row.tag);
    if (answered !== undefined && answered !== "" && answered !== named) return null;
    if (named !== undefined) match[keywordOf(row.tag) ?? ""] = named;
  }
  for (const row of queryableKeys(level)) {
    if (row.level !== level) continue;
    const values = dataSet.strings(row.tag).filter((value) => value !== "");
    const [first] = values;
    if (row.matching === "unique") {
      const named = asked.get(row.tag);
      if (first === undefined || (named !== undefined && named !== first)) return null;
    }
    if (first !== undefined) match[keywordOf(row.tag) ?? ""] = values.length === 1 ? first : values;
  }
  return match;
}
