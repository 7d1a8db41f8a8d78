// The linear window of PS3.3 C.11.2.1.2.1: exactly, and as the numbers that the integer kernels take.

import { assert } from "../../core/assert.ts";

export interface PixelWindow {
  readonly center: number;
  /** At least 1. */
  readonly width: number;
}

/**
 * Grey level 0 … 255 of a stored value, the formula's real result rounded half up. It divides last, so
 * that halves come out exact where center and width are whole or half numbers.
 */
export function windowLevel(value: number, { center, width }: PixelWindow): number {
  // PS3.3 C.11.2.1.2.1: three cases, with ymin = 0 and ymax = 255.
  if (value <= center - 0.5 - (width - 1) / 2) return 0;
  if (value > center - 0.5 + (width - 1) / 2) return 255;
  return Math.floor(((value - (center - 0.5)) * 255 + (width - 1) * 128) / (width - 1));
}

/** The window whose ends are the two stored values: `low` becomes 0, `high` 255. */
export function windowOfRange(low: number, high: number): PixelWindow {
  assert(high >= low, "a window's upper end lies above its lower end");
  return { center: (low + high + 1) / 2, width: high - low + 1 };
}

const VALUES = 65536;

/** What a kernel's sum may be, and its fraction bits as a factor. */
interface Word {
  readonly least: number;
  readonly greatest: number;
  readonly fraction: number;
}
const UNSIGNED: Word = { least: 0, greatest: 2 ** 32 - 1, fraction: 2 ** 24 };
const SIGNED: Word = { least: -(2 ** 31), greatest: 2 ** 31 - 1, fraction: 2 ** 22 };

/**
 * How a kernel computes a window: level = (min(x − base, span) · slope + start) >> 24, or >> 22 where it
 * is steep or fine, `fine` being 16 more bits of slope; or by a table, where no such numbers exist
 * (widths below some grey levels).
 */
export type WindowPlan =
  | ({ readonly by: "product" | "steep-product" } & Line)
  | ({ readonly by: "fine-product"; readonly fine: number } & Line)
  | { readonly by: "table" };

interface Line {
  readonly base: number;
  readonly span: number;
  readonly slope: number;
  readonly start: number;
}

/**
 * The cheapest exact way to compute a window. Every one of the 255 steps of the formula is compared
 * with where the integer arithmetic steps, so a plan that is returned is exact for all 65536 values.
 */
export function planWindow(window: PixelWindow): WindowPlan {
  const steps = windowSteps(window);
  const first = steps[1] ?? VALUES;
  const last = steps[255] ?? VALUES;
  const base = Math.max(0, Math.min(first, VALUES) - 1);
  const span = Math.min(last, VALUES - 1) - base;
  const levelsPerValue = Math.min(255, 255 / (window.width - 1));
  for (const [by, word] of [
    ["product", UNSIGNED],
    ["steep-product", SIGNED],
  ] as const) {
    const ideal = levelsPerValue * word.fraction;
    for (const slope of [Math.floor(ideal), Math.ceil(ideal)]) {
      const start = startOf(steps, base, span, slope, 0, word);
      if (start !== null) return { by, base, span, slope, start };
    }
  }
  const ideal = levelsPerValue * SIGNED.fraction;
  const slope = Math.floor(ideal);
  const fine = Math.floor((ideal - slope) * 65536);
  const start = startOf(steps, base, span, slope, fine, SIGNED);
  if (start !== null) return { by: "fine-product", base, span, slope, fine, start };
  return { by: "table" };
}

/** Index j: the least value whose level is j or more; 65536 where there is none. */
function windowSteps(window: PixelWindow): number[] {
  const steps = [0];
  for (let level = 1; level <= 255; level++) {
    const guess = window.center - 0.5 + ((level - 0.5) / 255 - 0.5) * (window.width - 1);
    let value = Math.min(VALUES, Math.max(0, Math.ceil(guess)));
    while (value > 0 && windowLevel(value - 1, window) >= level) value--;
    while (value < VALUES && windowLevel(value, window) < level) value++;
    steps.push(value);
  }
  return steps;
}

/** A start value with which all steps fall where they must, or null. */
function startOf(
  steps: readonly number[],
  base: number,
  span: number,
  slope: number,
  fine: number,
  word: Word,
): number | null {
  const rise = (t: number) => t * slope + Math.floor((t * fine) / 65536);
  let least = word.least;
  let greatest = word.greatest - rise(span);
  for (let level = 1; level <= 255; level++) {
    const t = (steps[level] ?? VALUES) - base;
    const reached = level * word.fraction;
    if (t <= span) least = Math.max(least, reached - rise(t));
    if (t > 0) greatest = Math.min(greatest, reached - 1 - rise(t - 1));
  }
  return least <= greatest ? Math.floor((least + greatest) / 2) : null;
}
