// Specific Character Set (0008,0005): its defined terms (PS3.3 §C.12.1.1.2), the misspelt ones that
// are met in the field, and what a list of them means for reading.

import { CODE_SETS, type CodeSet } from "./code-sets.ts";

/** Encodings that hold all of Unicode and know no code extension. */
export type WholeEncoding = "utf-8" | "gb18030" | "gbk";

interface Term {
  /** As value 1, without code extension. */
  readonly single?: string | undefined;
  /** With code extension. */
  readonly extended?: string | undefined;
  readonly g0?: CodeSet | undefined;
  readonly g1?: CodeSet | undefined;
  readonly whole?: WholeEncoding | undefined;
}

const C = CODE_SETS;

// biome-ignore format: one row a line
const TERMS: readonly Term[] = [
  { single: "ISO_IR 6",   extended: "ISO 2022 IR 6",   g0: C.ascii },
  { single: "ISO_IR 100", extended: "ISO 2022 IR 100", g0: C.ascii,  g1: C.latin1 },
  { single: "ISO_IR 101", extended: "ISO 2022 IR 101", g0: C.ascii,  g1: C.latin2 },
  { single: "ISO_IR 109", extended: "ISO 2022 IR 109", g0: C.ascii,  g1: C.latin3 },
  { single: "ISO_IR 110", extended: "ISO 2022 IR 110", g0: C.ascii,  g1: C.latin4 },
  { single: "ISO_IR 144", extended: "ISO 2022 IR 144", g0: C.ascii,  g1: C.cyrillic },
  { single: "ISO_IR 127", extended: "ISO 2022 IR 127", g0: C.ascii,  g1: C.arabic },
  { single: "ISO_IR 126", extended: "ISO 2022 IR 126", g0: C.ascii,  g1: C.greek },
  { single: "ISO_IR 138", extended: "ISO 2022 IR 138", g0: C.ascii,  g1: C.hebrew },
  { single: "ISO_IR 148", extended: "ISO 2022 IR 148", g0: C.ascii,  g1: C.latin5 },
  { single: "ISO_IR 203", extended: "ISO 2022 IR 203", g0: C.ascii,  g1: C.latin9 },
  { single: "ISO_IR 166", extended: "ISO 2022 IR 166", g0: C.ascii,  g1: C.thai },
  { single: "ISO_IR 13",  extended: "ISO 2022 IR 13",  g0: C.romaji, g1: C.kana },
  {                       extended: "ISO 2022 IR 87",  g0: C.jisX0208 },
  {                       extended: "ISO 2022 IR 159", g0: C.jisX0212 },
  {                       extended: "ISO 2022 IR 149", g1: C.ksX1001 },
  {                       extended: "ISO 2022 IR 58",  g1: C.gb2312 },
  { single: "ISO_IR 192", whole: "utf-8" },
  { single: "GB18030",    whole: "gb18030" },
  { single: "GBK",        whole: "gbk" },
];

/** Names of the same sets that are no defined terms, without blank, "_" and "-". */
const ALIASES: Readonly<Record<string, string>> = {
  ASCII: "ISO_IR 6",
  USASCII: "ISO_IR 6",
  LATIN1: "ISO_IR 100",
  UTF8: "ISO_IR 192",
  ISO2022IR192: "ISO_IR 192",
  ISO10646: "ISO_IR 192",
  GB2312: "ISO 2022 IR 58",
  KSX1001: "ISO 2022 IR 149",
  ISO88591: "ISO_IR 100",
  ISO88592: "ISO_IR 101",
  ISO88593: "ISO_IR 109",
  ISO88594: "ISO_IR 110",
  ISO88595: "ISO_IR 144",
  ISO88596: "ISO_IR 127",
  ISO88597: "ISO_IR 126",
  ISO88598: "ISO_IR 138",
  ISO88599: "ISO_IR 148",
  ISO885915: "ISO_IR 203",
};

const bare = (term: string) => term.toUpperCase().replace(/[ _-]/g, "");

const exact = new Map<string, Term>();
const byBareName = new Map<string, Term>();
for (const term of TERMS)
  for (const name of [term.single, term.extended])
    if (name !== undefined) {
      exact.set(name, term);
      byBareName.set(bare(name), term);
      // "ISO_IR 87" and the like: a set of code extension named in the single manner (E7).
      byBareName.set(bare(name).replace("ISO2022IR", "ISOIR"), term);
    }
for (const [alias, name] of Object.entries(ALIASES)) {
  const term = exact.get(name);
  if (term !== undefined) byBareName.set(alias, term);
}

/** What a data set's text is read with. */
export interface ReadingSet {
  /** In force for whole values, unless escape sequences stand in them. */
  readonly whole: WholeEncoding | null;
  /** False: no set is declared, 8-bit text is a guess and worth a warning. */
  readonly declared: boolean;
  /** Designated at the start of each value and after each delimiter. */
  readonly g0: CodeSet;
  readonly g1: CodeSet | null;
  /** What 8-bit codes are read as when nothing is designated, tried in order. */
  readonly guesses: readonly Guess[];
}

export type Guess = { readonly whole: WholeEncoding } | { readonly g1: CodeSet };

/** What 8-bit text is taken for where neither the data set nor the configuration says. */
const LAST_GUESSES: readonly Guess[] = [{ whole: "utf-8" }, { g1: CODE_SETS.latin1 }];

/**
 * How to read the text of a data set with this Specific Character Set.
 * @param values its values, empty when the attribute is absent or empty.
 * @param fallback defined terms, separated by "\", for 8-bit text without a declared set.
 * @param warn told about misspelt and unknown terms.
 */
export function readingSet(
  values: readonly string[],
  fallback: string | undefined,
  warn: (what: string) => void,
): ReadingSet {
  const declared = values.map((value, i) =>
    // An empty first value is the default repertoire (E6).
    value.trim() === "" ? (i === 0 ? undefined : null) : termOf(value, warn),
  );
  if (values.length === 0 || declared.every((term) => term === undefined)) {
    if (fallback === undefined || fallback === "") return UNDECLARED;
    const { whole, g1 } = readingSet(fallback.split("\\"), undefined, warn);
    if (whole !== null) return { ...UNDECLARED, whole };
    return g1 === null ? UNDECLARED : { ...UNDECLARED, guesses: [{ g1 }] };
  }
  const [first, ...others] = declared;
  if (first?.whole !== undefined)
    return { ...UNDECLARED, whole: first.whole, declared: true, guesses: [{ whole: first.whole }] };
  const unknownOnly = declared.every((term) => term === null || term === undefined);
  const later = others.find((term) => term?.whole !== undefined);
  const guesses: Guess[] = [];
  if (!unknownOnly) {
    for (const term of others) if (term?.g1 !== undefined) guesses.push({ g1: term.g1 });
    guesses.push({ whole: "utf-8" });
    if (later?.whole !== undefined) guesses.push({ whole: later.whole });
    if (fallback !== undefined)
      guesses.push(...readingSet([], fallback, warn).guesses.filter((guess) => "g1" in guess));
  }
  const g0 = first?.g0 ?? CODE_SETS.ascii;
  return {
    whole: null,
    declared: true,
    // A two-byte set is never in force without its escape sequence.
    g0: g0.bytesPerCharacter === 1 ? g0 : CODE_SETS.ascii,
    g1: first?.g1 ?? null,
    guesses: guesses,
  };
}

const UNDECLARED: ReadingSet = {
  whole: null,
  declared: false,
  g0: CODE_SETS.ascii,
  g1: null,
  guesses: LAST_GUESSES,
};

/** The row of a term; null when it names no known set. */
function termOf(value: string, warn: (what: string) => void): Term | null {
  const found = exact.get(value.trim());
  if (found !== undefined) return found;
  const meant = byBareName.get(bare(value));
  if (meant === undefined) {
    warn(`character set "${value}" is not known: what cannot be read is shown as "?"`);
    return null;
  }
  warn(`character set "${value}" is read as "${meant.single ?? meant.extended}"`);
  return meant;
}
