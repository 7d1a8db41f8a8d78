// The lines of text below an image on film, as SVG: as large as the band allows, smaller where a line
// would not fit.

import { escapeMarkup } from "../../core/markup.ts";

const FONT = "DejaVu Sans, Noto Sans, Noto Sans CJK JP, sans-serif";
/** Height of a letter, and what is left free beside the text, in lines. */
const LETTER = 0.78;
const MARGIN = 0.4;
/** Widths of letters in parts of their size: on average, and of Chinese characters and kana. */
const NARROW_EM = 0.62;
const WIDE_EM = 1.05;
const WIDE = /[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]/u;

/** Estimated width of a text in letters' sizes. */
const widthEm = (text: string) =>
  [...text].reduce((sum, letter) => sum + (WIDE.test(letter) ? WIDE_EM : NARROW_EM), 0);

export function annotationSvg(
  columns: number,
  height: number,
  lines: readonly string[],
  border: "BLACK" | "WHITE",
): string {
  const [paper, ink] = border === "WHITE" ? ["#ffffff", "#000000"] : ["#000000", "#ffffff"];
  const line = height / Math.max(1, lines.length);
  const room = columns - 2 * MARGIN * line;
  // One size for all lines, that of the longest.
  const widest = Math.max(1, ...lines.map(widthEm));
  const size = Math.max(1, Math.min(line * LETTER, room / widest));
  const texts = lines.map((text, index) => {
    const y = (index + LETTER) * line;
    return `<text x="${(MARGIN * line).toFixed(1)}" y="${y.toFixed(1)}" font-size="${size.toFixed(2)}" fill="${ink}">${escapeMarkup(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${columns}" height="${height}" xml:space="preserve" font-family="${FONT}"><rect width="100%" height="100%" fill="${paper}"/>${texts.join("")}</svg>`;
}
