// A page of text as a picture, such as the dose page of an exam: title, facts, a table, totals. Bright
// on dark, as images beside it are.

import { escapeMarkup } from "../../core/markup.ts";

export interface PageColumn {
  readonly title: string;
  readonly align: "left" | "right";
  /** Share of the page's width. */
  readonly share: number;
}

export interface TextPage {
  readonly title: string;
  /** Label and value, in two columns. */
  readonly facts: readonly (readonly [string, string])[];
  readonly columns: readonly PageColumn[];
  readonly rows: readonly (readonly string[])[];
  /** Label and value, below the table. */
  readonly totals: readonly (readonly [string, string])[];
  readonly note?: string | undefined;
}

export const PAGE_COLUMNS = 1280;
/** Rows of pixels of a page at least; a long table makes it longer. */
export const PAGE_ROWS_MIN = 960;
/** Table rows that a page shows. */
export const PAGE_TABLE_ROWS_MAX = 200;

const MARGIN = 48;
const LINE = 30;
/** Characters of a value that find room in full size; longer ones are made smaller, then cut. */
const VALUE_CHARACTERS = 30;
const VALUE_SIZE = 20;
const VALUE_SIZE_MIN = 11;
const FONT = "DejaVu Sans, Noto Sans, Noto Sans CJK JP, sans-serif";

/** The page as SVG, with its height in pixels. */
export function pageSvg(page: TextPage): { readonly svg: string; readonly rows: number } {
  const width = PAGE_COLUMNS - 2 * MARGIN;
  const parts: string[] = [];
  let y = MARGIN + 24;
  const text = (
    x: number,
    at: number,
    value: string,
    more: { size?: number; bold?: boolean; dim?: boolean; right?: boolean } = {},
  ) =>
    parts.push(
      `<text x="${Math.round(x)}" y="${at}" font-size="${more.size ?? 20}"${more.bold ? ' font-weight="bold"' : ""} fill="${more.dim ? "#a0a0a0" : "#f0f0f0"}"${more.right ? ' text-anchor="end"' : ""}>${escapeMarkup(value)}</text>`,
    );
  const rule = (at: number) =>
    parts.push(
      `<line x1="${MARGIN}" y1="${at}" x2="${PAGE_COLUMNS - MARGIN}" y2="${at}" stroke="#606060"/>`,
    );
  const pairs = (list: TextPage["facts"]) => {
    list.forEach(([label, value], index) => {
      const x = MARGIN + (index % 2) * (width / 2);
      text(x, y, label, { dim: true });
      const size = Math.max(
        VALUE_SIZE_MIN,
        Math.min(VALUE_SIZE, (VALUE_SIZE * VALUE_CHARACTERS) / [...value].length),
      );
      text(x + width * 0.2, y, cut(value, (VALUE_CHARACTERS * VALUE_SIZE) / size), { size });
      if (index % 2 === 1 || index === list.length - 1) y += LINE;
    });
  };

  text(MARGIN, y, page.title, { size: 32, bold: true });
  y += LINE + 20;
  pairs(page.facts);
  y += 10;
  rule(y - 20);
  y += 10;
  const cells = (values: readonly string[], more: { bold?: boolean; dim?: boolean }) => {
    let x = MARGIN;
    page.columns.forEach(({ align, share }, index) => {
      const room = share * width;
      const right = align === "right";
      text(right ? x + room - 12 : x, y, values[index] ?? "", { ...more, right, size: 18 });
      x += room;
    });
    y += LINE;
  };
  cells(
    page.columns.map((c) => c.title),
    { dim: true },
  );
  for (const row of page.rows.slice(0, PAGE_TABLE_ROWS_MAX)) cells(row, {});
  rule(y - 14);
  y += 20;
  pairs(page.totals);
  if (page.note !== undefined) text(MARGIN, y + 10, page.note, { dim: true, size: 18 });
  const rows = Math.max(PAGE_ROWS_MIN, y + LINE + MARGIN);
  return {
    rows,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${PAGE_COLUMNS}" height="${rows}" font-family="${FONT}"><rect width="100%" height="100%" fill="#000000"/>${parts.join("")}</svg>`,
  };
}

function cut(value: string, charactersMax: number): string {
  const characters = [...value];
  if (characters.length <= charactersMax + 1) return value;
  return `${characters.slice(0, Math.floor(charactersMax)).join("")}…`;
}
