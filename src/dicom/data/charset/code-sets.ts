// The coded character sets that text may be made of (PS3.3 §C.12.1.1.2, ISO 2022): one-byte sets of
// the upper half, two-byte sets of 94 × 94. Tables are built on first use from TextDecoder, which
// knows them all; where its mapping is the web's and not the standard's, the cells are corrected.

/** Stands in a table for a code that has no character. */
export const NO_CHARACTER = "\ufffd";

/** A set that ISO 2022 designates to G0 (codes 21-7E) or G1 (codes A1-FE). */
export type CodeSet =
  | {
      readonly name: string;
      readonly bytesPerCharacter: 1;
      /** Character of a 7-bit code; 20-7F. */
      readonly character: (code: number) => string;
    }
  | {
      readonly name: string;
      readonly bytesPerCharacter: 2;
      /** Character of two 7-bit codes, each 21-7E. */
      readonly character: (row: number, cell: number) => string;
    };

const ROWS = 94;
const FIRST = 0x21;
const HIGH = 0x80;

/** Upper half of an 8-bit set; codes 80-9F are read as the web reads them (PS3.5 forbids them). */
function upperHalf(name: string, label: string): CodeSet {
  let table: string[] | null = null;
  const build = () => {
    const decoder = new TextDecoder(label);
    return Array.from({ length: HIGH }, (_, i) => decoder.decode(new Uint8Array([HIGH + i])));
  };
  return {
    name,
    bytesPerCharacter: 1,
    character: (code) => {
      table ??= build();
      return table[code & 0x7f] ?? NO_CHARACTER;
    },
  };
}

/** Unicode of every cell of a two-byte set, 0 where there is none. */
function twoByteTable(
  label: string,
  prefix: readonly number[],
  corrected: readonly (readonly [code: number, unicode: number])[] = [],
): Uint16Array {
  const width = prefix.length + 3;
  const bytes = new Uint8Array(ROWS * ROWS * width);
  for (let i = 0; i < ROWS * ROWS; i++) {
    const row = FIRST + Math.floor(i / ROWS);
    const cell = FIRST + (i % ROWS);
    // The line feed brings the decoder back in step after a code without a character.
    bytes.set([...prefix, row | HIGH, cell | HIGH, 0x0a], i * width);
  }
  const table = new Uint16Array(ROWS * ROWS);
  new TextDecoder(label)
    .decode(bytes)
    .split("\n")
    .forEach((text, i) => {
      if (text.length === 1 && text !== NO_CHARACTER) table[i] = text.charCodeAt(0);
    });
  for (const [code, unicode] of corrected) table[tableIndex(code >> 8, code & 0xff)] = unicode;
  return table;
}

function tableIndex(row: number, cell: number): number {
  return (row - FIRST) * ROWS + (cell - FIRST);
}

function twoByte(name: string, build: () => Uint16Array): CodeSet {
  let table: Uint16Array | null = null;
  return {
    name,
    bytesPerCharacter: 2,
    character: (row, cell) => {
      table ??= build();
      const unicode = table[tableIndex(row, cell)] ?? 0;
      return unicode === 0 ? NO_CHARACTER : String.fromCharCode(unicode);
    },
  };
}

/** Cells of JIS X 0208 that the web's table gives as the look-alike that Windows uses. */
const JIS_X_0208_CORRECTED = [
  [0x2141, 0x301c], // wave dash, not full-width tilde
  [0x2142, 0x2016], // double vertical line, not parallel to
  [0x215d, 0x2212], // minus sign, not full-width hyphen-minus
  [0x2171, 0x00a2], // cent sign
  [0x2172, 0x00a3], // pound sign
  [0x224c, 0x00ac], // not sign
] as const;

let jisX0208: Uint16Array | null = null;

/** JIS X 0208 with the vendor rows that the web's table adds, 94 × 94 cells; see jis-x0208.ts. */
export function jisX0208Table(): Uint16Array {
  jisX0208 ??= twoByteTable("euc-jp", [], JIS_X_0208_CORRECTED);
  return jisX0208;
}

const HALF_WIDTH_KANA = 0xff61;
const HALF_WIDTH_KANA_COUNT = 63;

const KANA: CodeSet = {
  name: "JIS X 0201 Katakana",
  bytesPerCharacter: 1,
  character: (code) => {
    const at = (code & 0x7f) - FIRST;
    return at >= 0 && at < HALF_WIDTH_KANA_COUNT
      ? String.fromCharCode(HALF_WIDTH_KANA + at)
      : NO_CHARACTER;
  },
};

export const CODE_SETS = {
  ascii: {
    name: "ISO 646",
    bytesPerCharacter: 1,
    character: (code: number) => String.fromCharCode(code),
  },
  romaji: {
    name: "JIS X 0201 Romaji",
    bytesPerCharacter: 1,
    character: (code: number) =>
      code === 0x5c ? "\u00a5" : code === 0x7e ? "\u203e" : String.fromCharCode(code),
  },
  kana: KANA,
  latin1: upperHalf("Latin 1", "iso-8859-1"),
  latin2: upperHalf("Latin 2", "iso-8859-2"),
  latin3: upperHalf("Latin 3", "iso-8859-3"),
  latin4: upperHalf("Latin 4", "iso-8859-4"),
  latin5: upperHalf("Latin 5", "iso-8859-9"),
  latin9: upperHalf("Latin 9", "iso-8859-15"),
  cyrillic: upperHalf("Cyrillic", "iso-8859-5"),
  arabic: upperHalf("Arabic", "iso-8859-6"),
  greek: upperHalf("Greek", "iso-8859-7"),
  hebrew: upperHalf("Hebrew", "iso-8859-8"),
  thai: upperHalf("Thai", "windows-874"),
  jisX0208: twoByte("JIS X 0208", jisX0208Table),
  jisX0212: twoByte("JIS X 0212", () => twoByteTable("euc-jp", [0x8f])),
  ksX1001: twoByte("KS X 1001", () => twoByteTable("euc-kr", [])),
  gb2312: twoByte("GB 2312", () => twoByteTable("gbk", [])),
} as const satisfies Record<string, CodeSet>;
