// JIS X 0208 proper for writing (ISO-IR 87): rows 1 to 8 and 16 to 84. The rows of NEC and IBM that
// many encoders emit under the same escape sequence are left out (E12); half-width kana, which the
// set does not have, become their full-width forms.

import { jisX0208Table } from "./code-sets.ts";

const ROWS = 94;
const FIRST = 0x21;
/** Rows that JIS X 0208 assigns, counted from 1. */
const isAssignedRow = (row: number) => (row >= 1 && row <= 8) || (row >= 16 && row <= 84);

/** Other code points for the same JIS characters, as Windows and others write them. */
const LOOK_ALIKES: readonly (readonly [written: number, standard: number])[] = [
  [0xff5e, 0x301c], // full-width tilde: wave dash
  [0x2225, 0x2016], // parallel to: double vertical line
  [0xff0d, 0x2212], // full-width hyphen-minus: minus sign
  [0xffe0, 0x00a2], // full-width cent sign
  [0xffe1, 0x00a3], // full-width pound sign
  [0xffe2, 0x00ac], // full-width not sign
  [0x2014, 0x2015], // em dash: horizontal bar
  [0x00a5, 0xffe5], // yen sign
  [0x203e, 0xffe3], // overline: full-width macron
];

let codes: Uint16Array | null = null;

function build(): Uint16Array {
  const byUnicode = new Uint16Array(0x10000);
  jisX0208Table().forEach((unicode, i) => {
    const row = Math.floor(i / ROWS);
    if (unicode === 0 || !isAssignedRow(row + 1)) return;
    byUnicode[unicode] = ((row + FIRST) << 8) | ((i % ROWS) + FIRST);
  });
  for (const [written, standard] of LOOK_ALIKES)
    if (byUnicode[written] === 0) byUnicode[written] = byUnicode[standard] ?? 0;
  return byUnicode;
}

/** Two-byte code of a UTF-16 unit in JIS X 0208; 0 where it has none. */
export function jisX0208Code(unit: number): number {
  codes ??= build();
  return codes[unit] ?? 0;
}

const VOICED = "\u3099";
const SEMI_VOICED = "\u309a";
const KANA_THAT_COMBINE = /[\uff61-\uff9f]+|[\u3041-\u30ff][\u3099\u309a]/;
const KANA_RUNS = new RegExp(KANA_THAT_COMBINE, "g");

/** The text with half-width kana full-width and separate voicing marks joined to their kana. */
export function fullWidthKana(text: string): string {
  if (!KANA_THAT_COMBINE.test(text)) return text;
  return text.replace(KANA_RUNS, (run) => {
    let full = "";
    for (const character of run.normalize("NFKC")) {
      if (jisX0208Code(character.charCodeAt(0)) !== 0) full += character;
      // A mark without a kana it goes with stands alone, as in "ｱﾞ".
      else
        full += character.normalize("NFD").replace(VOICED, "\u309b").replace(SEMI_VOICED, "\u309c");
    }
    return full;
  });
}
