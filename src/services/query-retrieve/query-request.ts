// Keys of an operator's query: which go to the archive with a value (Table 4.2-48), and which the
// answers are sieved by here, since the statement has them universal.

import {
  QUERY_KEYS,
  type QueryFilter,
  type QueryKey,
  type QueryLevel,
} from "../../dicom/ae/query-retrieve/keys.ts";
import type { OutputCharacterSet } from "../../dicom/data/charset/output-character-set.ts";
import type { TextVr } from "../../dicom/data/data-set.ts";
import { checkText, truncateText } from "../../dicom/data/text-limits.ts";
import { Tag } from "../../dicom/dict/attributes.ts";
import { keywordOf } from "../../dicom/dict/dictionary.ts";
import { type Sieve, sieveOf } from "./sieve.ts";

export interface KeyProblem {
  readonly keyword: string;
  readonly message: string;
}

export type ReadKeys =
  | {
      readonly kind: "keys";
      readonly filter: QueryFilter;
      /** What the answers must pass here. */
      readonly sieves: readonly Sieve[];
    }
  | { readonly kind: "invalid"; readonly problems: readonly KeyProblem[] };

export interface KeyOptions {
  readonly patientNameMatching: boolean;
  /** Of the archive: a key that cannot be written would match nothing. */
  readonly characterSet: OutputCharacterSet;
}

const LEVELS: readonly QueryLevel[] = ["STUDY", "SERIES", "IMAGE"];
const UID = /^[0-9.]{1,64}$/;

/** The unique keys of the levels above, which every query below STUDY must name. */
export function upperKeys(level: QueryLevel): readonly QueryKey[] {
  const above = LEVELS.slice(0, LEVELS.indexOf(level));
  return QUERY_KEYS.rows.filter(
    (row) => row.matching === "unique" && above.some((name) => name === row.level),
  );
}

/** What an operator may give at a level: the level's own keys and the unique ones above. */
export function queryableKeys(level: QueryLevel): readonly QueryKey[] {
  const own = QUERY_KEYS.rows.filter((row) => row.level === level);
  return [...upperKeys(level), ...own];
}

/** Reads a request's keys, by keyword. Empty values match all, like keys left out. */
export function readKeys(
  level: QueryLevel,
  keys: Readonly<Record<string, string>>,
  options: KeyOptions,
): ReadKeys {
  const rows = new Map(queryableKeys(level).map((row) => [keywordOf(row.tag) ?? "", row]));
  const problems: KeyProblem[] = [];
  const sieves: Sieve[] = [];
  const sent = new Map<number, string>();
  for (const [keyword, text] of Object.entries(keys)) {
    const row = rows.get(keyword);
    const value = text.trim();
    if (row === undefined) {
      const allowed = [...rows.keys()].join(", ");
      problems.push({ keyword, message: `is no key at ${level} level; there are ${allowed}` });
      continue;
    }
    if (value === "") continue;
    const wrong = problemOf(row, value, options.characterSet);
    const sieve = sieveOf(row.tag, row.vr, value);
    if (wrong !== null) problems.push({ keyword, message: wrong });
    else if (sieve === null)
      problems.push({ keyword, message: "must be a date, or a range of two dates" });
    else if (isSent(row, options)) sent.set(row.tag, value);
    else sieves.push(sieve);
  }
  for (const row of upperKeys(level))
    if (!sent.has(row.tag)) {
      const keyword = keywordOf(row.tag) ?? "";
      if (!problems.some((p) => p.keyword === keyword))
        problems.push({ keyword, message: `is needed at ${level} level` });
    }
  if (problems.length > 0) return { kind: "invalid", problems };
  return {
    kind: "keys",
    filter: {
      patientId: sent.get(Tag.PatientID),
      patientName: sent.get(Tag.PatientName),
      modality: sent.get(Tag.Modality),
      studyInstanceUid: sent.get(Tag.StudyInstanceUID),
      seriesInstanceUid: sent.get(Tag.SeriesInstanceUID),
    },
    sieves,
  };
}

/** E30: SOP Instance UID goes out empty, although it is the unique key of its level. */
function isSent(row: QueryKey, { patientNameMatching }: KeyOptions): boolean {
  if (row.tag === Tag.PatientName) return patientNameMatching;
  return row.matching === "single" || (row.matching === "unique" && row.level !== "IMAGE");
}

function problemOf(row: QueryKey, value: string, characterSet: OutputCharacterSet): string | null {
  if (row.vr === "UI") return UID.test(value) ? null : "is no UID";
  if (truncateText(row.vr as TextVr, value).truncated && row.vr !== "DA") return "is too long";
  if (value.includes("\\")) return "must be one value";
  const character = checkText(row.tag, value, characterSet);
  return character === null ? null : `holds "${character}", which the archive cannot be asked for`;
}
