// Bytes of a text element to Unicode (PS3.5 §6.1.2): code extension by ISO 2022 with G0 and G1 kept
// segment by segment, delimiters found between characters only, never inside one. Nothing that a
// sender writes makes this throw: what cannot be read becomes "?" and a warning.

import { CODE_SETS, type CodeSet, NO_CHARACTER } from "./code-sets.ts";
import type { ReadingSet, WholeEncoding } from "./terms.ts";

/** Which bytes delimit: none (LT, ST, UT), "\" (most), also "^" and "=" (PN). */
export type TextKind = "single" | "multiple" | "person-name";

const ESC = 0x1b;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const EQUALS = 0x3d;
const SPACE = 0x20;
const DELETE = 0x7f;
const UNREADABLE = "?";
/** Up to here joining single characters is quicker than calling a decoder. */
const SHORT_BYTES = 24;

/** Designations by the bytes behind ESC (PS3.3 tables C.12-3 and C.12-4), most to the least met. */
const DESIGNATIONS: readonly { bytes: string; half: 0 | 1; set: CodeSet }[] = [
  { bytes: "(B", half: 0, set: CODE_SETS.ascii },
  { bytes: "$B", half: 0, set: CODE_SETS.jisX0208 },
  { bytes: "$@", half: 0, set: CODE_SETS.jisX0208 }, // JIS C 6226-1978
  { bytes: "(J", half: 0, set: CODE_SETS.romaji },
  { bytes: ")I", half: 1, set: CODE_SETS.kana },
  { bytes: "$(D", half: 0, set: CODE_SETS.jisX0212 },
  { bytes: "$)C", half: 1, set: CODE_SETS.ksX1001 },
  { bytes: "$)A", half: 1, set: CODE_SETS.gb2312 },
  { bytes: "-A", half: 1, set: CODE_SETS.latin1 },
  { bytes: "-B", half: 1, set: CODE_SETS.latin2 },
  { bytes: "-C", half: 1, set: CODE_SETS.latin3 },
  { bytes: "-D", half: 1, set: CODE_SETS.latin4 },
  { bytes: "-L", half: 1, set: CODE_SETS.cyrillic },
  { bytes: "-G", half: 1, set: CODE_SETS.arabic },
  { bytes: "-F", half: 1, set: CODE_SETS.greek },
  { bytes: "-H", half: 1, set: CODE_SETS.hebrew },
  { bytes: "-M", half: 1, set: CODE_SETS.latin5 },
  { bytes: "-b", half: 1, set: CODE_SETS.latin9 },
  { bytes: "-T", half: 1, set: CODE_SETS.thai },
  // Not of the standard, but written by some encoders (E12).
  { bytes: "(I", half: 0, set: CODE_SETS.kana },
  { bytes: "$(B", half: 0, set: CODE_SETS.jisX0208 },
  { bytes: "$(@", half: 0, set: CODE_SETS.jisX0208 },
  { bytes: "$(C", half: 0, set: CODE_SETS.ksX1001 },
  { bytes: "$A", half: 0, set: CODE_SETS.gb2312 },
];

let latin1: TextDecoder | null = null;

/** Text of bytes that are all below 80H. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_BYTES) {
    latin1 ??= new TextDecoder("latin1");
    return latin1.decode(bytes.subarray(start, end));
  }
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}

/**
 * The values of a text element, untrimmed.
 * @param warn told what was guessed or could not be read.
 */
export function decodeText(
  bytes: Uint8Array,
  start: number,
  end: number,
  kind: TextKind,
  set: ReadingSet,
  warn: (what: string) => void,
): string[] {
  if (set.g0 === CODE_SETS.ascii && isPlain(bytes, start, end)) {
    const text = asciiText(bytes, start, end);
    return kind === "single" ? [text] : text.split("\\");
  }
  if (set.whole !== null && !hasEscape(bytes, start, end)) {
    if (!set.declared) warn(`8-bit text without a declared set is read as ${set.whole}`);
    const text = decodeWhole(bytes.subarray(start, end), set.whole, warn);
    return kind === "single" ? [text] : text.split("\\");
  }
  return decodeSegments(bytes, start, end, kind, set, warn);
}

/** Neither 8-bit codes nor escape sequences. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 0x80 || byte === ESC) return false;
  }
  return true;
}

function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === ESC) return true;
  return false;
}

const wholeDecoders = new Map<WholeEncoding, TextDecoder>();

/** What the encoding does not have becomes NO_CHARACTER. */
function inWhole(bytes: Uint8Array, encoding: WholeEncoding): string {
  let decoder = wholeDecoders.get(encoding);
  if (decoder === undefined) {
    decoder = new TextDecoder(encoding, { ignoreBOM: true });
    wholeDecoders.set(encoding, decoder);
  }
  return decoder.decode(bytes);
}

function decodeWhole(
  bytes: Uint8Array,
  encoding: WholeEncoding,
  warn: (what: string) => void,
): string {
  const text = inWhole(bytes, encoding);
  if (!text.includes(NO_CHARACTER)) return text;
  warn(`text that is no ${encoding} is shown as "?"`);
  return text.replaceAll(NO_CHARACTER, UNREADABLE);
}

function decodeSegments(
  bytes: Uint8Array,
  start: number,
  end: number,
  kind: TextKind,
  set: ReadingSet,
  warn: (what: string) => void,
): string[] {
  const values: string[] = [];
  let text = "";
  let g0: CodeSet = set.g0;
  let g1: CodeSet | null = set.g1;
  let at = start;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte === ESC) {
      const found = designationAt(bytes, at + 1, end);
      if (found === null) {
        warn('an escape sequence that is not known is shown as "?"');
        text += UNREADABLE;
        at = behindEscape(bytes, at + 1, end);
      } else {
        if (found.half === 0) g0 = found.set;
        else g1 = found.set;
        at += 1 + found.bytes.length;
      }
    } else if (byte >= 0x80) {
      const runEnd = highRunEnd(bytes, at, end);
      const run = bytes.subarray(at, runEnd);
      text += g1 === null ? guess(run, set, warn) : readable(inG1(run, g1), g1, warn);
      at = runEnd;
    } else if (isTwoByteAt(bytes, at, end, g0)) {
      text += readable(twoBytes(g0, byte, bytes[at + 1] ?? 0), g0, warn);
      at += 2;
    } else if (g0 === CODE_SETS.kana && isGraphic(byte)) {
      text += readable(g0.character(byte), g0, warn);
      at++;
    } else {
      at++;
      if (byte === BACKSLASH && kind !== "single") {
        values.push(text);
        text = "";
        g0 = set.g0;
        g1 = set.g1;
      } else if (byte < SPACE || byte === DELETE) {
        text += String.fromCharCode(byte);
        // TAB, LF, FF, CR end what is designated (PS3.5 §6.1.2.5.3).
        g0 = set.g0;
        g1 = set.g1;
      } else if (kind === "person-name" && (byte === CARET || byte === EQUALS)) {
        text += String.fromCharCode(byte);
        g0 = set.g0;
        g1 = set.g1;
      } else if (g0.bytesPerCharacter === 1) {
        text += byte === SPACE ? " " : readable(g0.character(byte), g0, warn);
      } else {
        text += String.fromCharCode(byte);
      }
    }
  }
  values.push(text);
  return values;
}

function designationAt(bytes: Uint8Array, at: number, end: number) {
  for (const row of DESIGNATIONS) {
    let i = 0;
    while (i < row.bytes.length && at + i < end && bytes[at + i] === row.bytes.charCodeAt(i)) i++;
    if (i === row.bytes.length) return row;
  }
  return null;
}

/** ESC, intermediate bytes 20-2F, one final byte 30-7E (ISO 2022). */
function behindEscape(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && (bytes[i] ?? 0) >= 0x20 && (bytes[i] ?? 0) <= 0x2f) i++;
  return i > at && i < end && (bytes[i] ?? 0) >= 0x30 && (bytes[i] ?? 0) <= 0x7e ? i + 1 : i;
}

function highRunEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && (bytes[i] ?? 0) >= 0x80) i++;
  return i;
}

/**
 * Whether a character of a two-byte set stands here. Where the second byte cannot be one, the first
 * is a delimiter whose sender forgot to return to the default set (E1).
 */
function isTwoByteAt(bytes: Uint8Array, at: number, end: number, set: CodeSet): boolean {
  if (set.bytesPerCharacter !== 2 || at + 1 >= end) return false;
  return isGraphic(bytes[at] ?? 0) && isGraphic(bytes[at + 1] ?? 0);
}

const isGraphic = (byte: number) => byte > SPACE && byte < DELETE;

function twoBytes(set: CodeSet, row: number, cell: number): string {
  return set.bytesPerCharacter === 2 ? set.character(row, cell) : NO_CHARACTER;
}

function readable(text: string, set: CodeSet, warn: (what: string) => void): string {
  if (!text.includes(NO_CHARACTER)) return text;
  warn(`a code that ${set.name} does not have is shown as "?"`);
  return text.replaceAll(NO_CHARACTER, UNREADABLE);
}

/** 8-bit codes in the set that G1 holds; NO_CHARACTER where it has none. */
function inG1(run: Uint8Array, set: CodeSet): string {
  let text = "";
  if (set.bytesPerCharacter === 1) {
    for (const byte of run) text += set.character(byte & 0x7f);
    return text;
  }
  for (let i = 0; i < run.length; i += 2) {
    const row = (run[i] ?? 0) & 0x7f;
    const cell = (run[i + 1] ?? 0) & 0x7f;
    text += isGraphic(row) && isGraphic(cell) ? set.character(row, cell) : NO_CHARACTER;
  }
  return text;
}

/** 8-bit codes where nothing is designated for them: E8 and E11. */
function guess(run: Uint8Array, set: ReadingSet, warn: (what: string) => void): string {
  for (const candidate of set.guesses) {
    const text = "g1" in candidate ? inG1(run, candidate.g1) : inWhole(run, candidate.whole);
    if (text.includes(NO_CHARACTER)) continue;
    const name = "g1" in candidate ? candidate.g1.name : candidate.whole;
    warn(`8-bit text without a declared set is read as ${name}`);
    return text;
  }
  warn('8-bit text without a declared set is shown as "?"');
  return UNREADABLE.repeat(run.length);
}
