// The value representations (PS3.5 §6.2) as a table: how each is framed, padded, split and limited.

import type { Vr } from "./data-set.ts";

export interface VrInfo {
  readonly vr: Vr;
  readonly kind: "text" | "number" | "big" | "bytes" | "sequence";
  /** Explicit VR: two reserved bytes and a length of four (PS3.5 table 7.1-1). */
  readonly longForm: boolean;
  /** Bytes of one value of a number or of one word; 1 for text. */
  readonly unitBytes: number;
  /** Text in the character set of the data set, else in the default repertoire (PS3.5 §6.1.2.3). */
  readonly extended: boolean;
  /** "\" is text, there is only one value. */
  readonly single: boolean;
  /** Fills up to an even length. */
  readonly pad: number;
  /** Leading spaces don't count. */
  readonly trimStart: boolean;
  /** Characters of one value at most (of one component group of PN), or null. */
  readonly charactersMax: number | null;
}

const SPACE = 0x20;

interface Text {
  readonly max?: number | undefined;
  readonly extended?: boolean | undefined;
  readonly single?: boolean | undefined;
  readonly longForm?: boolean | undefined;
  readonly pad?: number | undefined;
  readonly trimStart?: boolean | undefined;
}

const text = (vr: Vr, t: Text): VrInfo => ({
  vr,
  kind: "text",
  longForm: t.longForm ?? false,
  unitBytes: 1,
  extended: t.extended ?? false,
  single: t.single ?? false,
  pad: t.pad ?? SPACE,
  trimStart: t.trimStart ?? false,
  charactersMax: t.max ?? null,
});

const binary = (vr: Vr, kind: VrInfo["kind"], unitBytes: number, longForm: boolean): VrInfo => ({
  vr,
  kind,
  longForm,
  unitBytes,
  extended: false,
  single: false,
  pad: 0,
  trimStart: false,
  charactersMax: null,
});

// biome-ignore format: one row a line
const ROWS: readonly VrInfo[] = [
  text("AE", { max: 16, trimStart: true }),
  text("AS", { max: 4 }),
  binary("AT", "number", 4, false),
  text("CS", { max: 16, trimStart: true }),
  text("DA", { max: 8 }),
  text("DS", { max: 16 }),
  text("DT", { max: 26 }),
  binary("FL", "number", 4, false),
  binary("FD", "number", 8, false),
  text("IS", { max: 12 }),
  text("LO", { max: 64, extended: true }),
  text("LT", { max: 10240, extended: true, single: true }),
  binary("OB", "bytes", 1, true),
  binary("OD", "bytes", 8, true),
  binary("OF", "bytes", 4, true),
  binary("OL", "bytes", 4, true),
  binary("OV", "bytes", 8, true),
  binary("OW", "bytes", 2, true),
  text("PN", { max: 64, extended: true }),
  text("SH", { max: 16, extended: true }),
  binary("SL", "number", 4, false),
  binary("SQ", "sequence", 1, true),
  binary("SS", "number", 2, false),
  text("ST", { max: 1024, extended: true, single: true }),
  binary("SV", "big", 8, true),
  text("TM", { max: 14 }),
  text("UC", { extended: true, longForm: true }),
  text("UI", { max: 64, pad: 0 }),
  binary("UL", "number", 4, false),
  binary("UN", "bytes", 1, true),
  text("UR", { single: true, longForm: true }),
  binary("US", "number", 2, false),
  text("UT", { extended: true, single: true, longForm: true }),
  binary("UV", "big", 8, true),
];

export const VR_INFO = Object.fromEntries(ROWS.map((row) => [row.vr, row])) as Readonly<
  Record<Vr, VrInfo>
>;

const A = 0x41;
const LETTERS = 26;
const byLetters: (VrInfo | undefined)[] = new Array(LETTERS * LETTERS).fill(undefined);
for (const row of ROWS)
  byLetters[(row.vr.charCodeAt(0) - A) * LETTERS + row.vr.charCodeAt(1) - A] = row;

/** The row of two bytes as they stand in an explicit header; undefined when they name none. */
export function vrOfBytes(first: number, second: number): VrInfo | undefined {
  if (!isUpperCase(first) || !isUpperCase(second)) return undefined;
  return byLetters[(first - A) * LETTERS + second - A];
}

/** Whether a byte is one of A to Z. */
export function isUpperCase(byte: number): boolean {
  return byte >= A && byte < A + LETTERS;
}
