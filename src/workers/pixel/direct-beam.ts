// Where the beam reached the panel without a patient in between: left out of window and exposure index.

import { type Picture, quantile, type Rectangle, valuesIn } from "./analysis.ts";

/** First guess of the direct beam: what is at least this bright, of the brightest in the field. */
const BRIGHTEST_PART = 0.995;
const GUESS_LEVEL = 0.75;
/** Rounds of fitting a surface to the beam and asking anew what belongs to it. */
const FIT_ROUNDS = 6;
/** Beam is what is no darker than the surface by more than this and {@link NOISE_TIMES} its noise. */
const BEAM_BAND = 0.05;
const NOISE_TIMES = 3;
/** A beam is even: of what is nearly as bright … */
const NEARLY_LEVEL = 0.82;
/** … this part lies within {@link EVEN_BAND} of the surface. Lungs and soft parts are spread out. */
const EVEN_BAND = 0.03;
const EVEN_PART_MIN = 0.95;
/** It reaches the collimator: this part of the field's outline at least is beam. */
const OUTLINE_PART_MIN = 0.02;
/** Less than this part of the field is not worth leaving out. */
const BEAM_PART_MIN = 0.01;
/** What remains must be clearly darker than the beam, else the "beam" is anatomy. */
const REST_LEVEL_MAX = 0.85;
/** The beam ends at the skin, where the level falls to this within {@link SKIN_PIXELS}. */
const SKIN_LEVEL = 0.92;
const SKIN_PIXELS = 2;
/** The part of the beam's border that must be skin. Smooth anatomy has no such border. */
const SKIN_PART_MIN = 0.5;

/**
 * Pixels that saw the beam without a patient (1), or null where none did. The beam is the field's
 * brightest level and even: a second-order surface (heel effect, distance) through it leaves hardly more
 * than noise. All that matters is relative to that surface and to the noise found in it, so that more or
 * less dose does not change what is taken for anatomy.
 */
export function findDirectBeam(picture: Picture, field: Rectangle): Uint8Array | null {
  const { columns, pixels } = picture;
  const inField = valuesIn(picture, field);
  const bright = quantile(inField, BRIGHTEST_PART);
  if (bright === 0) return null;
  let surface: Surface = { ...NO_SURFACE, even: bright };
  let level = GUESS_LEVEL;
  let noise = 0;
  const beam = new Uint8Array(pixels.length);
  let count = markBrighter(picture, field, surface, level, beam);
  for (let round = 0; round < FIT_ROUNDS; round++) {
    const fitted = fitGently(picture, field, beam);
    if (fitted === null) return null;
    surface = fitted;
    noise = noiseIn(picture, field, beam, surface);
    level = 1 - BEAM_BAND - NOISE_TIMES * noise;
    const before = count;
    count = markBrighter(picture, field, surface, level, beam);
    if (count === before) break;
  }
  if (!isEven(picture, field, surface, noise)) return null;
  const beamValues = pixels.filter((_, at) => beam[at] === 1);
  if (beamValues.length < inField.length * BEAM_PART_MIN) return null;
  if (outlinePart(columns, field, beam) < OUTLINE_PART_MIN) return null;
  const rest: number[] = [];
  for (let y = field.top; y < field.bottom; y++)
    for (let x = field.left; x < field.right; x++)
      if (beam[y * columns + x] === 0) rest.push(pixels[y * columns + x] ?? 0);
  if (rest.length === 0) return null;
  const middle = quantile(beamValues, 0.5);
  if (quantile(Uint16Array.from(rest), 0.5) > middle * REST_LEVEL_MAX) return null;
  return skinPart(picture, field, beam) < SKIN_PART_MIN ? null : beam;
}

/** Counts by position: a polynomial in u and v, which go from −1 to 1 across and down the field. */
interface Surface {
  readonly even: number;
  readonly u: number;
  readonly v: number;
  readonly uu: number;
  readonly uv: number;
  readonly vv: number;
}

const NO_SURFACE: Surface = { even: 0, u: 0, v: 0, uu: 0, uv: 0, vv: 0 };

/** The surface at the columns of a row of the field. */
function surfaceRow(
  { even, u, v, uu, uv, vv }: Surface,
  field: Rectangle,
  y: number,
  into: Float64Array,
): void {
  const across = 2 / (field.right - field.left);
  const down = ((y - field.top + 0.5) * 2) / (field.bottom - field.top) - 1;
  const [still, slope] = [even + v * down + vv * down * down, u + uv * down];
  for (let x = field.left; x < field.right; x++) {
    const right = (x - field.left + 0.5) * across - 1;
    into[x] = Math.max(1, still + right * (slope + uu * right));
  }
}

/** Marks (1) what is at least `level` of the surface and unmarks the rest; how many are marked. */
function markBrighter(
  { columns, pixels }: Picture,
  field: Rectangle,
  surface: Surface,
  level: number,
  marks: Uint8Array,
): number {
  const row = new Float64Array(columns);
  let count = 0;
  for (let y = field.top; y < field.bottom; y++) {
    surfaceRow(surface, field, y, row);
    for (let x = field.left; x < field.right; x++) {
      const at = y * columns + x;
      const mark = (pixels[at] ?? 0) >= (row[x] ?? 0) * level ? 1 : 0;
      marks[at] = mark;
      count += mark;
    }
  }
  return count;
}

/** How much the surface rises or falls over the whole picture's side, relative to it: mean of the marked. */
function steepness(
  { columns, rows }: Picture,
  field: Rectangle,
  marks: Uint8Array,
  { u, v, uu, uv, vv, even }: Surface,
): number {
  const across = 2 / (field.right - field.left);
  const down = 2 / (field.bottom - field.top);
  let [sum, count] = [0, 0];
  for (let y = field.top; y < field.bottom; y++)
    for (let x = field.left; x < field.right; x++) {
      if (marks[y * columns + x] === 0) continue;
      const [i, j] = [(x - field.left + 0.5) * across - 1, (y - field.top + 0.5) * down - 1];
      const level = even + u * i + v * j + uu * i * i + uv * i * j + vv * j * j;
      const rise = Math.hypot((u + 2 * uu * i + uv * j) * across, (v + 2 * vv * j + uv * i) * down);
      sum += rise / Math.max(1, level);
      count++;
    }
  return count === 0 ? 0 : (Math.max(columns, rows) * sum) / count;
}

/** A beam's surface rises or falls by no more than so many times itself over the whole picture's side. */
const STEEPNESS_MAX = 1.2;

/** The surface of the highest order that is no steeper than a beam can be; slivers of beam tell little. */
function fitGently(picture: Picture, field: Rectangle, marks: Uint8Array): Surface | null {
  for (const terms of [6, 3, 1]) {
    const surface = fitSurface(picture, field, marks, terms);
    if (surface !== null && steepness(picture, field, marks, surface) <= STEEPNESS_MAX)
      return surface;
  }
  return null;
}

/** Which terms of the surface: powers of u and v; the first three make a plane. */
const TERMS = [
  [0, 0],
  [1, 0],
  [0, 1],
  [2, 0],
  [1, 1],
  [0, 2],
] as const;
/** The powers of u whose sums a row gives. */
const POWERS = 5;

/** The surface of so many terms with the least squares to the marked pixels; null where it is not defined. */
function fitSurface(
  { columns, pixels }: Picture,
  field: Rectangle,
  marks: Uint8Array,
  size: number,
): Surface | null {
  const terms = TERMS.slice(0, size);
  // Normal equations, the right side as the last column. Row by row, where v is the same for all.
  const equations = terms.map(() => new Float64Array(size + 1));
  const across = 2 / (field.right - field.left);
  const sums = new Float64Array(POWERS);
  const weighted = new Float64Array(POWERS);
  for (let y = field.top; y < field.bottom; y++) {
    const v = ((y - field.top + 0.5) * 2) / (field.bottom - field.top) - 1;
    sums.fill(0);
    weighted.fill(0);
    for (let x = field.left; x < field.right; x++) {
      const at = y * columns + x;
      if (marks[at] === 0) continue;
      const u = (x - field.left + 0.5) * across - 1;
      const value = pixels[at] ?? 0;
      let power = 1;
      for (let k = 0; k < POWERS; k++) {
        sums[k] = (sums[k] ?? 0) + power;
        weighted[k] = (weighted[k] ?? 0) + power * value;
        power *= u;
      }
    }
    for (const [i, [ui, vi]] of terms.entries()) {
      const equation = equations[i];
      if (equation === undefined) continue;
      for (const [j, [uj, vj]] of terms.entries())
        equation[j] = (equation[j] ?? 0) + v ** (vi + vj) * (sums[ui + uj] ?? 0);
      equation[size] = (equation[size] ?? 0) + v ** vi * (weighted[ui] ?? 0);
    }
  }
  const solved = solve(equations);
  if (solved === null) return null;
  const [even = 0, u = 0, v = 0, uu = 0, uv = 0, vv = 0] = solved;
  return { even, u, v, uu, uv, vv };
}

/** A pivot smaller than this part of the largest: the pixels do not define a surface. */
const PIVOT_MIN = 1e-9;

/** Gauss–Jordan elimination with the largest pivot of each column; null where there is no solution. */
function solve(rows: Float64Array[]): number[] | null {
  const size = rows.length;
  const largest = Math.max(...rows.map((row, i) => Math.abs(row[i] ?? 0)));
  for (let i = 0; i < size; i++) {
    let best = i;
    for (let r = i + 1; r < size; r++)
      if (Math.abs(rows[r]?.[i] ?? 0) > Math.abs(rows[best]?.[i] ?? 0)) best = r;
    const [pivotRow, here] = [rows[best], rows[i]];
    const pivot = pivotRow?.[i] ?? 0;
    if (pivotRow === undefined || here === undefined || Math.abs(pivot) <= largest * PIVOT_MIN)
      return null;
    rows[best] = here;
    rows[i] = pivotRow;
    for (const [r, row] of rows.entries()) {
      if (r === i) continue;
      const factor = (row[i] ?? 0) / pivot;
      for (let j = i; j <= size; j++) row[j] = (row[j] ?? 0) - factor * (pivotRow[j] ?? 0);
    }
  }
  return rows.map((row, i) => (row[size] ?? 0) / (row[i] ?? 1));
}

/** Median of |a − 2b + c| of three normal deviates, in standard deviations. */
const MEDIAN_DIFFERENCE = 1.652;
/** One row of so many is enough to know the noise. */
const NOISE_ROW_STEP = 4;

/** Noise of the marked pixels relative to the surface, from neighbours side by side; a slope is none. */
function noiseIn(
  { columns, pixels }: Picture,
  field: Rectangle,
  marks: Uint8Array,
  surface: Surface,
): number {
  const row = new Float64Array(columns);
  const found = new Float32Array(columns * Math.ceil((field.bottom - field.top) / NOISE_ROW_STEP));
  let count = 0;
  for (let y = field.top; y < field.bottom; y += NOISE_ROW_STEP) {
    surfaceRow(surface, field, y, row);
    for (let x = field.left + 1; x < field.right - 1; x++) {
      const at = y * columns + x;
      if (marks[at] === 0 || marks[at - 1] === 0 || marks[at + 1] === 0) continue;
      const bow = (pixels[at - 1] ?? 0) - 2 * (pixels[at] ?? 0) + (pixels[at + 1] ?? 0);
      found[count++] = Math.abs(bow) / (row[x] ?? 1);
    }
  }
  const sorted = found.subarray(0, count).sort();
  return (sorted[count >> 1] ?? 0) / MEDIAN_DIFFERENCE;
}

/** Whether nearly all that is about as bright as the surface lies close to it, the skin's pixels apart. */
function isEven(picture: Picture, field: Rectangle, surface: Surface, noise: number): boolean {
  const { columns, pixels } = picture;
  const bright = new Uint8Array(pixels.length);
  markBrighter(picture, field, surface, NEARLY_LEVEL - NOISE_TIMES * noise, bright);
  const row = new Float64Array(columns);
  let [near, close] = [0, 0];
  for (let y = field.top + 1; y < field.bottom - 1; y++) {
    surfaceRow(surface, field, y, row);
    for (let x = field.left + 1; x < field.right - 1; x++) {
      const at = y * columns + x;
      const within =
        bright[at] === 1 &&
        bright[at - 1] === 1 &&
        bright[at + 1] === 1 &&
        bright[at - columns] === 1 &&
        bright[at + columns] === 1;
      if (!within) continue;
      near++;
      const off = (pixels[at] ?? 0) / (row[x] ?? 1) - 1;
      if (Math.abs(off) < EVEN_BAND + NOISE_TIMES * noise) close++;
    }
  }
  return near > 0 && close / near >= EVEN_PART_MIN;
}

/** Part of the field's outermost pixels that are marked. */
function outlinePart(columns: number, field: Rectangle, marked: Uint8Array): number {
  let [outline, found] = [0, 0];
  for (let y = field.top; y < field.bottom; y++) {
    const whole = y === field.top || y === field.bottom - 1;
    const step = whole ? 1 : Math.max(1, field.right - 1 - field.left);
    for (let x = field.left; x < field.right; x += step) {
      outline++;
      found += marked[y * columns + x] ?? 0;
    }
  }
  return outline === 0 ? 0 : found / outline;
}

/** Of the beam's border with the rest of the field, the part where the level falls steeply. */
function skinPart({ columns, pixels }: Picture, field: Rectangle, beam: Uint8Array): number {
  let border = 0;
  let skin = 0;
  const inside = (x: number, y: number) =>
    x >= field.left && y >= field.top && x < field.right && y < field.bottom;
  for (let y = field.top; y < field.bottom; y++)
    for (let x = field.left; x < field.right; x++) {
      const at = y * columns + x;
      if (beam[at] === 0) continue;
      for (const [dx, dy] of [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ] as const) {
        if (!inside(x + dx, y + dy) || beam[(y + dy) * columns + x + dx] === 1) continue;
        const [farX, farY] = [x + dx * SKIN_PIXELS, y + dy * SKIN_PIXELS];
        if (!inside(farX, farY)) continue;
        border++;
        if ((pixels[farY * columns + farX] ?? 0) < (pixels[at] ?? 0) * SKIN_LEVEL) skin++;
      }
    }
  return border === 0 ? 0 : skin / border;
}
