// The way of a frame from the panel's counts to a stored image and a picture for the screen, phase by
// phase. Each phase is spread over the threads in bands of rows and is over when all bands are:
//
//   raw slot → offset, gain → defects → (runs: filters) → field, beam, histogram → curve → (radiographs: enhancement) → turn
//     → image slot → window → display slot
//
// Between the defects and the analysis a frame is linear counts in `work`; after the curve it is stored
// values, not yet turned. Runs are filtered at the first of these two places, radiographs enhanced at the second.

import { assert } from "../../core/assert.ts";
import type { ProcessingSetting } from "../../model/protocol.ts";
import type { Rectangle, RelevantRange } from "./analysis.ts";
import { type Enhancement, enhancementPhases, planEnhancement, tableTasks } from "./enhancement.ts";
import {
  DEFECT_RECORD_BYTES,
  type EnhancementAreas,
  type ModeLayout,
  PREVIEW_PIXELS_MAX,
} from "./memory-map.ts";
import type { NoiseModel } from "./noise-model.ts";
import type { Band, Shape, Task, TaskResult } from "./pixel-messages.ts";
import { filterPhases, type RunFilter } from "./run-filter.ts";
import { type PixelWindow, planWindow, windowOfRange } from "./window.ts";

/** Bands begin at a multiple of this, so that the boxes of a smaller picture lie in one band. */
const BAND_ROWS = 32;
/** The small picture for the analysis has at most so many columns and rows. */
const PREVIEW_SIDE_MAX = 192;
/** An automatic window is at least this part of all values, so that an empty frame isn't all noise. */
const WINDOW_WIDTH_MIN = 1 / 128;

/** Boxes of the small picture that a collimator's edge may take of the opening. */
const EDGE_BOXES = 2;

/** Runs tasks side by side, one a thread and the rest in turn. Rejects after all have ended. */
export interface Crew {
  readonly threads: number;
  run(tasks: readonly Task[]): Promise<readonly TaskResult[]>;
}

/** Addresses of what a frame goes through. */
export interface FramePlaces {
  readonly raw: number;
  readonly image: number;
  readonly display: number | null;
  readonly work: number;
  readonly preview: number;
  readonly mask: number;
  readonly curve: number;
  readonly levels: number;
  readonly history: readonly [number, number];
  readonly enhancement: EnhancementAreas;
  readonly scratch: readonly number[];
}

export interface FrameOrder {
  /** What the frame is for: radiographs and frames of runs have filters of their own. */
  readonly use: "radiograph" | "run";
  readonly mode: ModeLayout;
  /** Sorted pixel numbers and addresses of the mode's defects; null: the frame stays uncorrected. */
  readonly defects: DefectList | null;
  readonly processing: ProcessingSetting;
  /** Significant bits of the image, 8 to 16. */
  readonly bitsStored: number;
  /** Filters of a frame of a run. */
  readonly filter?: RunFilter | undefined;
  /** Given: the frame is enhanced as the processing says; noise of the mode. */
  readonly noise?: NoiseModel | undefined;
  /** Given: this window and no analysis. */
  readonly window?: PixelWindow | undefined;
  /** Analyse although the window is given: to see what it would be now. */
  readonly look?: boolean | undefined;
  /** Whether the table of the curve has to be made first. */
  readonly curveIsMade: boolean;
}

export interface DefectList {
  readonly count: number;
  /** The list itself, to find where a band's part begins. */
  readonly records: Uint32Array;
}

/** Milliseconds each phase took. */
export type PhaseTimes = Readonly<Record<string, number>>;

export interface FrameResult {
  /** Size of the image after turning. */
  readonly columns: number;
  readonly rows: number;
  readonly window: PixelWindow;
  /** Null where the frame was not looked at. */
  readonly analysis: FrameAnalysis | null;
  /** The window that was found in this frame, where it was looked at. */
  readonly found?: PixelWindow | undefined;
  /** Of a frame of a run: mean corrected counts in the middle of the panel, before any filter. */
  readonly centralMean?: number | undefined;
  readonly timesMs: PhaseTimes;
}

export interface FrameAnalysis {
  /** Collimated field in the panel's own columns and rows, before turning. */
  readonly field: Rectangle;
  /** Part of the field that saw the beam without a patient. */
  readonly beamPart: number;
  /** Corrected counts of the anatomy. */
  readonly counts: RelevantRange;
}

/** Takes one frame all the way. `curveTable` is the area the curve lies in once it is made. */
export async function processFrame(
  crew: Crew,
  places: FramePlaces,
  order: FrameOrder,
  curveTable: Uint16Array,
  monotonicMs: () => number,
): Promise<FrameResult> {
  const { mode, processing, bitsStored } = order;
  assert(bitsStored >= 8 && bitsStored <= 16, "an image has 8 to 16 bits");
  const shape: Shape = { columns: mode.columns, rows: mode.rows };
  const bands = bandsOf(shape.rows, crew.threads);
  const timesMs: Record<string, number> = {};
  const startMs = monotonicMs();
  const phase = async (name: string, tasks: readonly Task[]) => {
    const beganMs = monotonicMs();
    const results = await crew.run(tasks);
    timesMs[name] = (timesMs[name] ?? 0) + monotonicMs() - beganMs;
    return results;
  };

  await correct(phase, places, shape, bands, order);
  // Linear counts in `work`.
  const centralMean =
    order.use === "run" ? await measure(phase, places, centralField(shape), shape) : undefined;
  if (order.filter !== undefined)
    for (const { name, tasks } of filterPhases(order.filter, processing, places, shape, bands))
      await phase(name, tasks);

  if (!order.curveIsMade) {
    const { curve: table } = places;
    const [bitsIn, bitsOut] = [mode.bitsStored, bitsStored];
    await phase("curve", [{ type: "fill-curve", table, curve: processing, bitsIn, bitsOut }]);
  }
  const seen =
    order.window === undefined || order.look === true
      ? await analyse(phase, places, shape, bands, order)
      : null;

  const enhancement = planned(places, order, shape, seen);
  if (enhancement !== null) await tone(phase, places, shape, bands, enhancement);
  const turns = processing.rotate !== 0 || processing.flip;
  const curved = turns ? places.work : places.image;
  await phase(
    "curve",
    bands.map((band) => ({
      type: "apply-curve",
      source: places.work,
      out: curved,
      table: places.curve,
      shape,
      band,
    })),
  );
  // Stored values in `curved`, in the panel's rows and columns.

  let found = seen === null ? undefined : windowOf(seen.counts, curveTable, bitsStored);
  if (enhancement !== null && seen !== null) {
    const middle = seen.counts.median;
    const target = { image: curved, shape, field: opening(seen.field, shape), bitsStored, middle };
    const bandsIn = (rows: number) => bandsOf(rows, crew.threads);
    for (const tasks of enhancementPhases(enhancement, target, places.scratch, bandsIn))
      await phase("enhance", tasks);
    const range = await anatomyRange(phase, places, curved, shape, bands, processing);
    found = leastWindow(range.low, range.high, bitsStored);
  }
  const window = order.window ?? found;
  assert(window !== undefined, "a window is given or found");
  if (turns) await orient(phase, places, shape, bands, processing);
  const turned = turnedShape(shape, processing);
  if (places.display !== null) await display(phase, places, places.display, turned, window, crew);
  return {
    ...turned,
    window,
    analysis: seen,
    found,
    centralMean,
    timesMs: { ...timesMs, total: monotonicMs() - startMs },
  };
}

type Phase = (name: string, tasks: readonly Task[]) => Promise<readonly TaskResult[]>;

/** Raw slot → corrected counts in `work`; a copy where there is no calibration. */
async function correct(
  phase: Phase,
  { raw, work }: FramePlaces,
  shape: Shape,
  bands: readonly Band[],
  { mode, defects }: FrameOrder,
): Promise<void> {
  const maps = defects === null ? null : mode;
  await phase(
    "correct",
    bands.map((band) => ({ type: "correct", source: raw, out: work, mode: maps, shape, band })),
  );
  if (defects !== null)
    await phase("repair", repairTasks(defects, mode.defects, work, shape, bands));
}

/** Stored values in `work` → the image slot. */
async function orient(
  phase: Phase,
  { work, image }: FramePlaces,
  shape: Shape,
  bands: readonly Band[],
  { rotate, flip }: ProcessingSetting,
): Promise<void> {
  const orientation = { rotate, flip };
  await phase(
    "orient",
    bands.map((band) => ({ type: "orient", source: work, out: image, orientation, shape, band })),
  );
}

async function analyse(
  phase: Phase,
  places: FramePlaces,
  shape: Shape,
  bands: readonly Band[],
  { processing }: FrameOrder,
): Promise<FrameAnalysis> {
  const { work, preview, mask } = places;
  const factor = previewFactor(shape);
  const small: Shape = {
    columns: Math.ceil(shape.columns / factor),
    rows: Math.ceil(shape.rows / factor),
  };
  assert(small.columns * small.rows <= PREVIEW_PIXELS_MAX, "the small picture fits its area");
  await phase(
    "analyse",
    bands.map((band) => ({ type: "shrink", source: work, out: preview, factor, shape, band })),
  );
  const [seen] = await phase("analyse", [{ type: "look", preview, mask, shape: small }]);
  assert(seen?.type === "look", "a look answers what it saw");
  const counts = await anatomyRange(phase, places, work, shape, bands, processing);
  const field: Rectangle = {
    left: seen.field.left * factor,
    top: seen.field.top * factor,
    right: Math.min(shape.columns, seen.field.right * factor),
    bottom: Math.min(shape.rows, seen.field.bottom * factor),
  };
  return { field, beamPart: seen.beamPart, counts };
}

/** Range of the values at `source` in the anatomy, whose mask the analysis has made. */
async function anatomyRange(
  phase: Phase,
  { mask, scratch }: FramePlaces,
  source: number,
  shape: Shape,
  bands: readonly Band[],
  { windowCutPermille }: Pick<ProcessingSetting, "windowCutPermille">,
): Promise<RelevantRange> {
  const factor = previewFactor(shape);
  await phase(
    "analyse",
    bands.map((band, index) => ({
      type: "histogram",
      source,
      mask,
      shape,
      factor,
      band,
      scratch: scratch[index] ?? 0,
    })),
  );
  const histograms = scratch.slice(0, bands.length);
  const [found] = await phase("analyse", [
    { type: "range", histograms, cutPermille: windowCutPermille },
  ]);
  assert(found?.type === "range", "a range answers what it found");
  return found.range;
}

/** The enhancement of a radiograph that was looked at. */
function planned(
  { enhancement, history }: FramePlaces,
  { use, mode, noise, processing }: FrameOrder,
  shape: Shape,
  seen: FrameAnalysis | null,
): Enhancement | null {
  if (use !== "radiograph" || noise === undefined || seen === null) return null;
  const { bitsStored } = mode;
  const [finest] = history;
  const field = opening(seen.field, shape);
  return planEnhancement(processing, noise, bitsStored, enhancement, finest, shape, field);
}

/** The collimator's opening with the boxes that hold its edge, which the analysis leaves out of the field. */
function opening(field: Rectangle, shape: Shape): Rectangle {
  const penumbra = EDGE_BOXES * previewFactor(shape);
  return {
    left: Math.max(0, field.left - penumbra),
    top: Math.max(0, field.top - penumbra),
    right: Math.min(shape.columns, field.right + penumbra),
    bottom: Math.min(shape.rows, field.bottom + penumbra),
  };
}

/** Counts in `work` → tones in the area the enhancement works on. */
async function tone(
  phase: Phase,
  { work, history: [out], enhancement: { tones } }: FramePlaces,
  shape: Shape,
  bands: readonly Band[],
  enhancement: Enhancement,
): Promise<void> {
  await phase("enhance", tableTasks(enhancement));
  await phase(
    "enhance",
    bands.map((band) => ({ type: "apply-curve", source: work, out, table: tones, shape, band })),
  );
}

/** The middle third of columns and rows: what automatic brightness keeps bright enough. */
export function centralField({ columns, rows }: Shape): Rectangle {
  const [left, top] = [Math.floor(columns / 3), Math.floor(rows / 3)];
  return { left, top, right: columns - left, bottom: rows - top };
}

async function measure(
  phase: Phase,
  { work, scratch }: FramePlaces,
  area: Rectangle,
  shape: Shape,
): Promise<number> {
  const out = scratch[0] ?? 0;
  const [measured] = await phase("measure", [{ type: "measure", source: work, shape, area, out }]);
  assert(measured?.type === "measure", "a measurement answers a mean");
  return measured.mean;
}

function windowOf(counts: RelevantRange, curve: Uint16Array, bitsStored: number): PixelWindow {
  const a = curve[counts.low] ?? 0;
  const b = curve[counts.high] ?? 0;
  return leastWindow(Math.min(a, b), Math.max(a, b), bitsStored);
}

function leastWindow(low: number, high: number, bitsStored: number): PixelWindow {
  const { center, width } = windowOfRange(low, high);
  return { center, width: Math.max(width, Math.round(2 ** bitsStored * WINDOW_WIDTH_MIN)) };
}

async function display(
  phase: Phase,
  { image, levels }: FramePlaces,
  out: number,
  shape: Shape,
  window: PixelWindow,
  crew: Crew,
): Promise<void> {
  const plan = planWindow(window);
  if (plan.by === "table") await phase("window", [{ type: "fill-levels", levels, window }]);
  await phase(
    "window",
    bandsOf(shape.rows, crew.threads).map((band) => ({
      type: "window",
      source: image,
      out,
      plan,
      levels,
      shape,
      band,
    })),
  );
}

/** Rows and columns change places by a quarter turn. */
export function turnedShape(shape: Shape, { rotate }: Pick<ProcessingSetting, "rotate">): Shape {
  return rotate === 90 || rotate === 270
    ? { columns: shape.rows, rows: shape.columns }
    : { columns: shape.columns, rows: shape.rows };
}

/** At most `threads` bands of about equal height that cover all rows, none empty. */
export function bandsOf(rows: number, threads: number): Band[] {
  const height = Math.ceil(rows / threads / BAND_ROWS) * BAND_ROWS;
  const bands: Band[] = [];
  for (let rowFrom = 0; rowFrom < rows; rowFrom += height)
    bands.push({ rowFrom, rowTo: Math.min(rows, rowFrom + height) });
  return bands;
}

/** The least power of two that makes the frame small enough to look at as a whole. */
export function previewFactor({ columns, rows }: Shape): number {
  let factor = 1;
  while (Math.max(columns, rows) / factor > PREVIEW_SIDE_MAX) factor *= 2;
  assert(factor <= BAND_ROWS, "the boxes of the small picture lie within a band");
  return factor;
}

function repairTasks(
  { count, records }: DefectList,
  address: number,
  pixels: number,
  { columns }: Shape,
  bands: readonly Band[],
): Task[] {
  const tasks: Task[] = [];
  for (const { rowFrom, rowTo } of bands) {
    const first = firstAtOrAfter(records, count, rowFrom * columns);
    const end = firstAtOrAfter(records, count, rowTo * columns);
    if (end > first)
      tasks.push({
        type: "repair",
        pixels,
        records: address + first * DEFECT_RECORD_BYTES,
        count: end - first,
      });
  }
  return tasks;
}

/** Index of the first of `count` records whose pixel is `pixel` or later. */
function firstAtOrAfter(records: Uint32Array, count: number, pixel: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle * (DEFECT_RECORD_BYTES / 4)] ?? 0) < pixel) low = middle + 1;
    else high = middle;
  }
  return low;
}
