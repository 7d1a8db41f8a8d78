// What of a frame is anatomy: inside the collimator's opening and not the direct beam. Found in a
// small picture of corrected counts; the window then comes from the full frame's histogram of it.

export interface Picture {
  readonly pixels: Uint16Array;
  readonly columns: number;
  readonly rows: number;
}

/** Half open: right and bottom are the first column and row outside. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A row or column behind the collimator is darker than this part of the bright ones in the frame. */
const BORDER_LEVEL = 0.12;
/** The collimator's edge: the level rises this much within {@link EDGE_PIXELS}. */
const EDGE_RISE = 2.5;
const EDGE_PIXELS = 4;
/** The bright level of a row, column or frame: this part of its pixels is darker. */
const BRIGHT_PART = 0.95;

/** The collimated field. The whole picture where no edge of a collimator can be seen. */
export function findField(picture: Picture): Rectangle {
  const { columns, rows, pixels } = picture;
  const bright = quantile(pixels, BRIGHT_PART);
  const row = Array.from({ length: rows }, (_, y) =>
    quantile(pixels.subarray(y * columns, (y + 1) * columns), BRIGHT_PART),
  );
  const column = Array.from({ length: columns }, (_, x) =>
    quantile(
      Uint16Array.from({ length: rows }, (_, y) => pixels[y * columns + x] ?? 0),
      BRIGHT_PART,
    ),
  );
  const top = borderOf(row, bright);
  const bottom = rows - borderOf(row.toReversed(), bright);
  const left = borderOf(column, bright);
  const right = columns - borderOf(column.toReversed(), bright);
  const whole = { left: 0, top: 0, right: columns, bottom: rows };
  return right - left < 2 || bottom - top < 2 ? whole : { left, top, right, bottom };
}

/** How many entries of a profile, from its start, lie behind the collimator. */
function borderOf(profile: readonly number[], bright: number): number {
  let dark = 0;
  while (dark < profile.length && (profile[dark] ?? 0) < bright * BORDER_LEVEL) dark++;
  if (dark === 0 || dark === profile.length) return 0;
  const before = Math.max(1, profile[Math.max(0, dark - 2)] ?? 1);
  const after = profile[Math.min(profile.length - 1, dark + EDGE_PIXELS - 2)] ?? 0;
  // Thick anatomy gets dark slowly, a collimator at once. The penumbra's pixel goes too.
  return after >= before * EDGE_RISE ? Math.min(dark + 1, profile.length - 1) : 0;
}

/** Direct beam is at least this bright, of the brightest in the field. */
const BEAM_LEVEL = 0.6;
/** Neighbours in it differ by no more than this: nothing but heel effect and distance. */
const BEAM_SLOPE = 0.03;
/** Less than this part of the field is not worth leaving out. */
const BEAM_PART_MIN = 0.01;
/** Direct beam is flat: it spreads no more than this part of its median. Smooth anatomy does. */
const BEAM_SPREAD_MAX = 0.35;
/** The small picture has less noise than the frame: its least beam less this much is the threshold. */
const BEAM_MARGIN = 0.08;
/** What remains must be clearly darker than the beam, else the "beam" is anatomy. */
const REST_LEVEL_MAX = 0.7;

/**
 * Counts from which on a pixel saw the beam without a patient, or null where none did: the smooth
 * bright area that reaches the field's edge.
 */
export function findDirectBeam(picture: Picture, field: Rectangle): number | null {
  const { columns, pixels } = picture;
  const inField: number[] = [];
  for (let y = field.top; y < field.bottom; y++)
    for (let x = field.left; x < field.right; x++) inField.push(pixels[y * columns + x] ?? 0);
  const floor = quantile(Uint16Array.from(inField), 0.995) * BEAM_LEVEL;

  const seen = new Uint8Array(pixels.length);
  const stack: number[] = [];
  const beam: number[] = [];
  const visit = (x: number, y: number, near: number | null) => {
    if (x < field.left || y < field.top || x >= field.right || y >= field.bottom) return;
    const at = y * columns + x;
    const value = pixels[at] ?? 0;
    if (seen[at] === 1 || value < floor || value === 0) return;
    if (near !== null && Math.abs(value - near) > near * BEAM_SLOPE) return;
    seen[at] = 1;
    beam.push(value);
    stack.push(at);
  };
  for (let x = field.left; x < field.right; x++) {
    visit(x, field.top, null);
    visit(x, field.bottom - 1, null);
  }
  for (let y = field.top; y < field.bottom; y++) {
    visit(field.left, y, null);
    visit(field.right - 1, y, null);
  }
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const x = at % columns;
    const y = (at - x) / columns;
    const value = pixels[at] ?? 0;
    visit(x - 1, y, value);
    visit(x + 1, y, value);
    visit(x, y - 1, value);
    visit(x, y + 1, value);
  }
  if (beam.length < inField.length * BEAM_PART_MIN) return null;
  const beamValues = Uint16Array.from(beam);
  const least = quantile(beamValues, 0.02);
  const middle = quantile(beamValues, 0.5);
  if (quantile(beamValues, 0.98) - least > middle * BEAM_SPREAD_MAX) return null;
  const threshold = Math.round(least * (1 - BEAM_MARGIN));
  const rest = Uint16Array.from(inField.filter((value) => value < threshold));
  if (rest.length === 0) return null;
  if (quantile(rest, 0.5) > middle * REST_LEVEL_MAX) return null;
  return threshold;
}

export interface RelevantRange {
  readonly low: number;
  readonly median: number;
  readonly high: number;
  /** Pixels that counted. */
  readonly pixels: number;
}

/**
 * Counts between which the anatomy lies: `cutPermille` of the histogram below `beamFrom` is cut off at
 * each end. Everything counts where nothing lies below.
 */
export function relevantRange(
  histogram: Uint32Array,
  beamFrom: number | null,
  cutPermille: number,
): RelevantRange {
  const end = beamFrom === null ? histogram.length : Math.max(1, Math.floor(beamFrom));
  let pixels = 0;
  for (let bin = 0; bin < end; bin++) pixels += histogram[bin] ?? 0;
  if (pixels === 0)
    return beamFrom === null
      ? { low: 0, median: 0, high: 0, pixels: 0 }
      : relevantRange(histogram, null, cutPermille);
  const cut = (pixels * Math.min(cutPermille, 499)) / 1000;
  const at = (rank: number) => {
    let sum = 0;
    for (let bin = 0; bin < end; bin++) {
      sum += histogram[bin] ?? 0;
      if (sum > rank) return bin;
    }
    return end - 1;
  };
  return { low: at(cut), median: at(pixels / 2), high: at(Math.ceil(pixels - cut) - 1), pixels };
}

function quantile(values: Uint16Array, part: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
