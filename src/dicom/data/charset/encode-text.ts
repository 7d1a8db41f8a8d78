// Unicode to the bytes of a text element (PS3.5 §6.1): the default repertoire, JIS X 0208 by code
// extension, or UTF-8. A character that the repertoire does not have is replaced and reported, never
// written as something else in silence.

import { fullWidthKana, jisX0208Code } from "./jis-x0208.ts";

/** "ascii": default repertoire only; "kanji": with ISO 2022 IR 87; "utf-8": ISO_IR 192. */
export type Repertoire = "ascii" | "kanji" | "utf-8";

/** Bytes that one UTF-16 unit takes at most: an escape sequence, two bytes, an escape sequence. */
export const BYTES_PER_UNIT_MAX = 8;

const ESC = 0x1b;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const DELETE = 0x7f;
const QUESTION_MARK = 0x3f;
/** 〓, the mark for a character that the set does not have. */
const GETA = 0x222e;
const utf8 = new TextEncoder();

/** Told about each character that was replaced. */
export type Replaced = (character: string) => void;

/**
 * Writes one value into `into` from `at` on, which has room for BYTES_PER_UNIT_MAX bytes a unit.
 * @param single true where "\" is text and not the delimiter of values (LT, ST, UT, UR).
 * @returns the offset behind the value.
 */
export function encodeText(
  text: string,
  repertoire: Repertoire,
  single: boolean,
  into: Uint8Array,
  at: number,
  replaced: Replaced,
): number {
  let to = at;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (!isPlainAscii(unit, single))
      return encodeSlowly(text, repertoire, single, into, at, replaced);
    into[to++] = unit;
  }
  return to;
}

/** Whether the character may stand in a value as it is, in every repertoire. */
function isPlainAscii(unit: number, single: boolean): boolean {
  if (unit >= DELETE) return false;
  if (unit >= SPACE) return unit !== BACKSLASH || single;
  return isLineControl(unit);
}

/** TAB, LF, FF, CR (PS3.5 §6.1.3). */
function isLineControl(unit: number): boolean {
  return unit === 0x09 || unit === 0x0a || unit === 0x0c || unit === 0x0d;
}

/** C0 and C1 controls, DELETE, and the delimiter of values. */
function isForbidden(code: number, single: boolean): boolean {
  return code < 0xa0 && !isPlainAscii(code, single);
}

function encodeSlowly(
  text: string,
  repertoire: Repertoire,
  single: boolean,
  into: Uint8Array,
  at: number,
  replaced: Replaced,
): number {
  if (repertoire === "utf-8") return encodeUtf8(text, single, into, at, replaced);
  let to = at;
  let inKanji = false;
  for (const character of repertoire === "kanji" ? fullWidthKana(text) : text) {
    const unit = character.charCodeAt(0);
    const plain = isPlainAscii(unit, single);
    let code = 0;
    if (!plain && repertoire === "kanji" && !isForbidden(unit, single))
      code = character.length === 1 ? jisX0208Code(unit) : 0;
    if (!plain && code === 0) {
      replaced(character);
      if (repertoire === "kanji" && !isForbidden(unit, single)) code = GETA;
    }
    if (code !== 0) {
      if (!inKanji) to = designate(into, to, 0x24); // ESC $ B
      inKanji = true;
      into[to++] = code >> 8;
      into[to++] = code & 0xff;
    } else {
      // Any code of the default repertoire, each delimiter among them, needs it back in G0 (E1).
      if (inKanji) to = designate(into, to, 0x28); // ESC ( B
      inKanji = false;
      into[to++] = plain ? unit : QUESTION_MARK;
    }
  }
  return inKanji ? designate(into, to, 0x28) : to;
}

function designate(into: Uint8Array, at: number, intermediate: number): number {
  into[at] = ESC;
  into[at + 1] = intermediate;
  into[at + 2] = 0x42;
  return at + 3;
}

function encodeUtf8(
  text: string,
  single: boolean,
  into: Uint8Array,
  at: number,
  replaced: Replaced,
): number {
  let clean = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const lone = code >= 0xd800 && code <= 0xdfff;
    if (lone || isForbidden(code, single)) {
      replaced(character);
      clean += "?";
    } else clean += character;
  }
  return at + utf8.encodeInto(clean, into.subarray(at)).written;
}

/** The first character that {@link encodeText} would replace, or null. */
export function firstUnwritable(
  text: string,
  repertoire: Repertoire,
  single: boolean,
): string | null {
  let found: string | null = null;
  const into = new Uint8Array(text.length * BYTES_PER_UNIT_MAX);
  encodeText(text, repertoire, single, into, 0, (character) => {
    found ??= character;
  });
  return found;
}
