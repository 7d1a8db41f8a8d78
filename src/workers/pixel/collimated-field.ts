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

/** The picture as lines seen from one side: `at(line, along)` with line 0 at the panel's edge. */
interface Side {
  readonly lines: number;
  readonly from: number;
  readonly to: number;
  at(line: number, along: number): number;
}

/** The collimated field. The whole picture where no edge of a collimator can be seen. */
export function findField({ pixels, columns, rows }: Picture): Rectangle {
  const floor = quantile(pixels, BRIGHTEST_PART) * INSIDE_LEVEL_MIN;
  const whole: Rectangle = { left: 0, top: 0, right: columns, bottom: rows };
  let field = whole;
  for (const part of [RISEN_PART_FIRST, RISEN_PART]) {
    const { left, top, right, bottom } = field;
    const value = (x: number, y: number) => pixels[y * columns + x] ?? 0;
    const across = { lines: columns, from: top, to: bottom };
    const down = { lines: rows, from: left, to: right };
    field = {
      left: edgeFrom({ ...across, at: (line, along) => value(line, along) }, part, floor),
      right:
        columns - edgeFrom({ ...across, at: (l, y) => value(columns - 1 - l, y) }, part, floor),
      top: edgeFrom({ ...down, at: (line, along) => value(along, line) }, part, floor),
      bottom: rows - edgeFrom({ ...down, at: (l, x) => value(x, rows - 1 - l) }, part, floor),
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
function lightOf({ from, to, at }: Side, line: number): number {
  let sum = 0;
  for (let along = from; along < to; along++) sum += at(line, along);
  return sum / Math.max(1, to - from) + RISE_COUNTS;
}

function brightLevel({ from, to, at }: Side, line: number): number {
  return quantile(
    Uint16Array.from({ length: to - from }, (_, i) => at(line, from + i)),
    BRIGHT_PART,
  );
}

/** Part of the light in the inner line that is a rise over the outer. */
function risenPart({ from, to, at }: Side, outer: number, inner: number): number {
  let [risen, all] = [0, 0];
  for (let along = from; along < to; along++) {
    const value = at(inner, along);
    all += value;
    if (value > RISE * at(outer, along) + RISE_COUNTS) risen += value;
  }
  return all === 0 ? 0 : risen / all;
}
