// The pyramid's kernels said again in plain JavaScript, one pixel at a time. Nothing here is shared with
// the code under test.

import type { Frame } from "./oracle.ts";

const held = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
const halfway = (a: number, b: number) => (a + b + 1) >> 1;
const at = ({ pixels, columns, rows }: Frame, x: number, y: number) =>
  pixels[held(y, 0, rows - 1) * columns + held(x, 0, columns - 1)] ?? 0;

function made(columns: number, rows: number, of: (x: number, y: number) => number): Frame {
  const pixels = new Uint16Array(columns * rows);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) pixels[y * columns + x] = of(x, y);
  return { pixels, columns, rows };
}

/** (a + 4b + 6c + 4d + e) / 16 by halvings, each rounded up. */
function five(of: (i: number) => number): number {
  const outer = halfway(of(-2), of(2));
  return halfway(halfway(of(-1), of(1)), halfway(of(0), halfway(outer, of(0))));
}

export function reduce(frame: Frame): Frame {
  const { columns, rows } = frame;
  const halfRows = Math.ceil(rows / 2);
  const upright = made(columns, halfRows, (x, y) => five((i) => at(frame, x, 2 * y + i)));
  return made(Math.ceil(columns / 2), halfRows, (x, y) => five((i) => at(upright, 2 * x + i, y)));
}

/** Between two pixels the mean, on one of them (a + 6c + b) / 8. */
function between(place: number, of: (i: number) => number): number {
  const i = place >> 1;
  if (place & 1) return halfway(of(i), of(i + 1));
  return halfway(halfway(halfway(of(i - 1), of(i + 1)), of(i)), of(i));
}

export function enlarge(half: Frame, columns: number, rows: number): Frame {
  const tall = made(half.columns, rows, (x, y) => between(y, (i) => at(half, x, i)));
  return made(columns, rows, (x, y) => between(x, (i) => at(tall, i, y)));
}

/** Linearly: on a pixel it is the pixel. */
export function enlargeGains(half: Frame, columns: number, rows: number): Frame {
  const line = (place: number, of: (i: number) => number) =>
    halfway(of(place >> 1), of((place + 1) >> 1));
  const tall = made(half.columns, rows, (x, y) => line(y, (i) => at(half, x, i)));
  return made(columns, rows, (x, y) => line(x, (i) => at(tall, i, y)));
}

export function activity(frame: Frame, half: Frame): Frame {
  const wide = enlarge(half, frame.columns, frame.rows);
  // Of an odd frame the last row or column is taken twice.
  const amount = (x: number, y: number) => {
    const [i, j] = [Math.min(x, frame.columns - 1), Math.min(y, frame.rows - 1)];
    // A row beyond the last one is compared with what the enlarged half would be there.
    const beside = y < frame.rows ? at(wide, i, j) : at(beyond, i, y);
    return Math.abs(at(frame, i, j) - beside);
  };
  const beyond = enlarge(half, frame.columns, frame.rows + 1);
  return made(half.columns, half.rows, (x, y) => {
    let sum = 0;
    for (const j of [2 * y, 2 * y + 1]) for (const i of [2 * x, 2 * x + 1]) sum += amount(i, j);
    return Math.min(65535, sum);
  });
}

/** 8 places an octave, from 8 on; below, each amount has its own. */
function place(amount: number): number {
  let shift = 0;
  while (amount >> shift >= 16) shift++;
  return 8 * shift + (amount >> shift);
}

export function gains(amounts: Frame, levels: Frame, table: Uint16Array): Frame {
  const { columns, rows } = amounts;
  const smooth = (of: (i: number) => number) => halfway(halfway(of(-1), of(1)), of(0));
  const upright = made(columns, rows, (x, y) => smooth((i) => at(amounts, x, y + i)));
  return made(columns, rows, (x, y) => {
    const amount = smooth((i) => at(upright, x + i, y));
    return table[Math.floor(at(levels, x, y) / 512) * 128 + place(amount)] ?? 0;
  });
}

export interface Stored {
  readonly low: number;
  readonly span: number;
  readonly factor: number;
  readonly shift: number;
}

export function rebuild(
  frame: Frame,
  half: Frame,
  rebuilt: Frame,
  gain: Frame,
  stored: Stored | null,
): Frame {
  const { columns, rows } = frame;
  const before = enlarge(half, columns, rows);
  const after = enlarge(rebuilt, columns, rows);
  const weights = enlargeGains(gain, columns, rows);
  return made(columns, rows, (x, y) => {
    const detail = at(frame, x, y) - at(before, x, y);
    const weighted = held(Math.floor((detail * at(weights, x, y) + 2048) / 4096), -32768, 32767);
    const sum = held(at(after, x, y) + weighted, 0, 32767);
    if (stored === null) return sum;
    const { low, span, factor, shift } = stored;
    const t = held(sum - low, 0, span);
    return Math.min(65535, Math.floor((t * factor + 2 ** (shift - 1)) / 2 ** shift));
  });
}
