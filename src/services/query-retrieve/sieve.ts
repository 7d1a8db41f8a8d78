// Matching done here, on answers, for keys that the statement sends without a value: single values,
// lists of UIDs, wildcards, ranges of dates (PS3.4 §C.2.2.2), person names without case.

import type { DataSet, Tag, Vr } from "../../dicom/data/data-set.ts";
import { dateRange, folded } from "../../store/search.ts";

export interface Sieve {
  readonly tag: Tag;
  readonly matches: (values: readonly string[]) => boolean;
}

/** Lets through what matches `wanted`; null where that is no date or range of dates. */
export function sieveOf(tag: Tag, vr: Vr, wanted: string): Sieve | null {
  if (vr === "DA") {
    const range = dateRange(wanted.replace("/", "-"));
    if (range === null) return null;
    return { tag, matches: oneOf((v) => v >= range.from && v <= range.to) };
  }
  if (vr === "IS") return { tag, matches: oneOf((v) => Number(v) === Number(wanted)) };
  const pattern = patternOf(wanted);
  if (vr === "PN")
    return { tag, matches: oneOf((v) => [v, ...v.split("=")].some((name) => pattern(name))) };
  return { tag, matches: oneOf(pattern) };
}

/** True where every sieve lets the data set through; absent attributes match nothing. */
export function passes(dataSet: DataSet, sieves: readonly Sieve[]): boolean {
  return sieves.every(({ tag, matches }) => matches(dataSet.strings(tag)));
}

const oneOf =
  (test: (value: string) => boolean) =>
  (values: readonly string[]): boolean =>
    values.some((value) => value !== "" && test(value.trim()));

/** `*` any text, `?` one character; the rest as it stands, without case. */
function patternOf(wanted: string): (value: string) => boolean {
  const pattern = [...folded(wanted)];
  return (value) => isLike([...folded(value)], pattern);
}

/** Walks both once, going back to the last `*` only: no pattern takes long. */
function isLike(text: readonly string[], pattern: readonly string[]): boolean {
  let at = 0;
  let p = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      starAt = at;
    } else if (pattern[p] === "?" || pattern[p] === text[at]) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
