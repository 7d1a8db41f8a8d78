// What fits into a text: length by VR (PS3.5 §6.2), counted in characters and not in bytes, and the
// repertoire, for refusing at input what could not be written later (E53).

import { attributeOf } from "../dict/dictionary.ts";
import { firstUnwritable } from "./charset/encode-text.ts";
import { mayHoldKanji } from "./charset/kanji-attributes.ts";
import type { OutputCharacterSet } from "./charset/output-character-set.ts";
import type { Tag, TextVr } from "./data-set.ts";
import { VR_INFO } from "./vr.ts";

/**
 * One value cut to the length its VR allows (D12); of PN, each component group. UC, UR and UT have
 * no such length. `truncated` tells the caller to note it.
 */
export function truncateText(vr: TextVr, text: string): { text: string; truncated: boolean } {
  const max = VR_INFO[vr].charactersMax;
  if (max === null) return { text, truncated: false };
  const cut =
    vr === "PN"
      ? text
          .split("=")
          .map((group) => first(group, max))
          .join("=")
      : first(text, max);
  return { text: cut, truncated: cut !== text };
}

function first(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const characters = [...text];
  return characters.length <= charactersMax ? text : characters.slice(0, charactersMax).join("");
}

/**
 * The first character of a value that could not be written in this attribute, or null when all can.
 * Line breaks are for LT, ST and UT only.
 */
export function checkText(tag: Tag, text: string, characterSet: OutputCharacterSet): string | null {
  const vr = attributeOf(tag)?.vr ?? "LO";
  const info = VR_INFO[vr];
  if (!info.single) {
    const control = /[\t\n\f\r]/.exec(text);
    if (control !== null) return control[0];
  }
  const isUtf8 = characterSet === "ISO_IR 192";
  const repertoire = !info.extended
    ? "ascii"
    : isUtf8
      ? "utf-8"
      : mayHoldKanji(tag)
        ? "kanji"
        : "ascii";
  return firstUnwritable(text, repertoire, info.single);
}
