// The collimator's opening in a picture. Scatter makes a halo behind the blades, so darkness alone does
// not tell them: what does is a straight step up, over most of the light there, with nothing as bright outside.

import { type Picture, quantile, type Rectangle } from "./analysis.ts";

/** From a blade's shadow into the field the level rises at least so many times … */
const RISE = 1.4;
/** … and by more than this many counts, else it is noise in the dark … */
const RISE_COUNTS = 1;
/** … over so many pixels: the blade's edge is in between. */
const STEP_PIXELS = 3;
/** … and more than it rose just before by this: a halo's tail gets steeper outwards. */
const STEEPER = 1.25;
/** This part of the light in the line inside the edge must have risen; at first little is known of its ends. */
const RISEN_PART_FIRST = 0.5;
const RISEN_PART = 0.7;
/** The bright level of a line: this part of its pixels is darker. */
const BRIGHT_PART = 0.95;
/** And that of the picture. */
const BRIGHTEST_PART = 0.995;
/** No line outside is brighter than this part of the line inside. */
const OUTSIDE_LEVEL_MAX = 0.7;

/** The line inside is at least this bright, of the brightest: blades are not quite tight, and show anatomy. */
const INSIDE_LEVEL_MIN = 0.03;

/** The picture as lines seen from one side, line 0 at the panel's edge. */
interface Side {
  readonly pixels: Uint16Array;
  readonly lines: number;
  readonly from: number;
  readonly to: number;
  /** Place of line 0's first pixel, and how far it is to the next line and along it. */
  readonly first: number;
  readonly nextLine: number;
  readonly along: number;
}

/** The collimated field. The whole picture where no edge of a collimator can be seen. */
export function findField({ pixels, columns, rows }: Picture): Rectangle {
  const floor = quantile(pixels, BRIGHTEST_PART) * INSIDE_LEVEL_MIN;
  const whole: Rectangle = { left: 0, top: 0, right: columns, bottom: rows };
  let field = whole;
  for (const part of [RISEN_PART_FIRST, RISEN_PART]) {
    const { left, top, right, bottom } = field;
    const across = { pixels, lines: columns, from: top, to: bottom, along: columns };
    const down = { pixels, lines: rows, from: left, to: right, along: 1 };
    const [lastColumn, lastRow] = [columns - 1, (rows - 1) * columns];
    const edge = (side: Side) => edgeFrom(side, part, floor);
    field = {
      left: edge({ ...across, first: 0, nextLine: 1 }),
      right: columns - edge({ ...across, first: lastColumn, nextLine: -1 }),
      top: edge({ ...down, first: 0, nextLine: columns }),
      bottom: rows - edge({ ...down, first: lastRow, nextLine: -columns }),
    };
    if (field.right - field.left < 2 || field.bottom - field.top < 2) return whole;
  }
  return field;
}

/** How many lines lie behind the blade on this side, the half shadow included; 0 where there is none. */
function edgeFrom(side: Side, partMin: number, floor: number): number {
  const bright = Array.from({ length: side.lines }, (_, line) => brightLevel(side, line));
  const light = Array.from({ length: side.lines }, (_, line) => lightOf(side, line));
  let outside = 0;
  let edge = 0;
  for (let line = 0; line + STEP_PIXELS < side.lines; line++) {
    outside = Math.max(outside, bright[line] ?? 0);
    const inside = bright[line + STEP_PIXELS] ?? 0;
    const isEdge =
      inside >= floor &&
      isStep(light, line) &&
      outside <= inside * OUTSIDE_LEVEL_MAX &&
      risenPart(side, line, line + STEP_PIXELS) >= partMin;
    if (isEdge) edge = line + 2;
    // The outermost step is the blade; what rises farther in is anatomy.
    else if (edge > 0) break;
  }
  return edge;
}

/** Whether the light rises more over the next pixels than over those before. */
function isStep(light: readonly number[], line: number): boolean {
  const before = light[Math.max(0, line - STEP_PIXELS)] ?? 1;
  const here = light[line] ?? 1;
  const after = light[line + STEP_PIXELS] ?? 1;
  return after / here >= STEEPER * Math.max(1, here / before);
}

/** Mean of a line, never quite dark. */
function lightOf({ pixels, from, to, first, nextLine, along }: Side, line: number): number {
  const start = first + line * nextLine;
  let sum = 0;
  for (let i = from; i < to; i++) sum += pixels[start + i * along] ?? 0;
  return sum / Math.max(1, to - from) + RISE_COUNTS;
}

/** The value below which {@link BRIGHT_PART} of a line lies: the least of the brightest few. */
function brightLevel({ pixels, from, to, first, nextLine, along }: Side, line: number): number {
  const start = first + line * nextLine;
  const brightest = new Uint16Array(to - from - Math.floor((to - from) * BRIGHT_PART));
  const more = brightest.length - 1;
  for (let i = from; i < to; i++) {
    const value = pixels[start + i * along] ?? 0;
    if (value <= (brightest[0] ?? 0)) continue;
    let at = 0;
    for (; at < more && (brightest[at + 1] ?? 0) < value; at++)
      brightest[at] = brightest[at + 1] ?? 0;
    brightest[at] = value;
  }
  return brightest[0] ?? 0;
}

/** Part of the light in the inner line that is a rise over the outer. */
function risenPart(
  { pixels, from, to, first, nextLine, along }: Side,
  outer: number,
  inner: number,
): number {
  const outside = first + outer * nextLine;
  const inside = first + inner * nextLine;
  let [risen, all] = [0, 0];
  for (let i = from; i < to; i++) {
    const value = pixels[inside + i * along] ?? 0;
    all += value;
    if (value > RISE * (pixels[outside + i * along] ?? 0) + RISE_COUNTS) risen += value;
  }
  return all === 0 ? 0 : risen / all;
}
