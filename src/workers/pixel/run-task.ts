// Carries out one task on the shared memory: picks the kernel and turns rows into addresses.

import { unreachable } from "../../core/assert.ts";
import { anatomyMask, relevantRange } from "./analysis.ts";
import { completeLines, darkDefects, flatDefects, gainMap, offsetMap } from "./calibration-maps.ts";
import { fillCurve } from "./characteristic.ts";
import { findField } from "./collimated-field.ts";
import { listDefects } from "./defects.ts";
import { findDirectBeam } from "./direct-beam.ts";
import { runEnhancementTask } from "./enhancement-task.ts";
import type { Kernels } from "./kernel-module.ts";
import { DEFECT_RECORD_BYTES, HISTOGRAM_BINS } from "./memory-map.ts";
import { fillNoiseLines, NOISE_LINES_BYTES } from "./noise-model.ts";
import type { Band, Orientation, Shape, Task, TaskResult } from "./pixel-messages.ts";
import { type PixelWindow, type WindowPlan, windowLevel } from "./window.ts";

const HISTOGRAM_BITS = 16;
const DONE: TaskResult = { type: "done" };
/** Values of so many bits and fewer take the kernel with the shorter product. */
const SHORT_PRODUCT_BITS_MAX = 15;
/** kernels/recursive.ts wants four times the noise. */
const RECURSIVE_NOISE_FACTOR = 4;
/** Below 1 in 1.15 fixed point. */
const KEEP_MAX = 32767;
/** With 12 fraction bits it fits a signed word. */
const EDGE_GAIN_MAX = 4;

export function runTask(kernels: Kernels, buffer: ArrayBufferLike, task: Task): TaskResult {
  switch (task.type) {
    case "correct": {
      const { first, count } = extent(task.shape, task.band);
      const at = first * 2;
      const { mode, source, out } = task;
      if (mode === null) {
        const from = new Uint8Array(buffer, source + at, count * 2);
        new Uint8Array(buffer, out + at, count * 2).set(from);
        return DONE;
      }
      const correct =
        mode.bitsStored <= SHORT_PRODUCT_BITS_MAX ? kernels.correct15 : kernels.correct16;
      correct(source + at, mode.offset + at, mode.gain + at, out + at, count);
      return DONE;
    }
    case "repair":
      kernels.repair(task.pixels, task.records, task.count);
      return DONE;
    case "shrink": {
      const { source, out, shape, band, factor } = task;
      const { first } = extent(shape, band);
      const outColumns = Math.ceil(shape.columns / factor);
      const to = out + (band.rowFrom / factor) * outColumns * 2;
      kernels.shrink(source + first * 2, shape.columns, band.rowTo - band.rowFrom, to, factor);
      return DONE;
    }
    case "look":
      return look(buffer, task);
    case "histogram":
      countMasked(kernels, buffer, task);
      return DONE;
    case "range": {
      const [sum = 0, ...others] = task.histograms;
      for (const other of others) kernels.addUp(sum, other, HISTOGRAM_BINS);
      const bins = new Uint32Array(buffer, sum, HISTOGRAM_BINS);
      return { type: "range", range: relevantRange(bins, task.cutPermille) };
    }
    case "fill-curve":
      fillCurve(new Uint16Array(buffer, task.table, 65536), task.curve, task.bitsIn, task.bitsOut);
      return DONE;
    case "recursive": {
      const { source, previous, out, shape, band, scratch, noise } = task;
      const lines = new Int16Array(buffer, scratch, NOISE_LINES_BYTES / 2);
      fillNoiseLines(lines, noise, RECURSIVE_NOISE_FACTOR);
      kernels.recursive(
        source,
        previous,
        out,
        shape.columns,
        shape.rows,
        band.rowFrom,
        band.rowTo,
        Math.min(KEEP_MAX, Math.round(task.keep * 32768)),
        scratch,
        scratch + NOISE_LINES_BYTES,
      );
      return DONE;
    }
    case "measure": {
      const { source, shape, area, out } = task;
      const [columns, rows] = [area.right - area.left, area.bottom - area.top];
      const first = source + (area.top * shape.columns + area.left) * 2;
      kernels.statistics(first, shape.columns, columns, rows, out);
      const [sum = 0] = new Float64Array(buffer, out, 1);
      return { type: "measure", mean: sum / (columns * rows) };
    }
    case "edge": {
      const { source, out, shape, band, scratch, noise, factor } = task;
      fillNoiseLines(new Int16Array(buffer, scratch, NOISE_LINES_BYTES / 2), noise, factor);
      kernels.edge(
        source,
        out,
        shape.columns,
        shape.rows,
        band.rowFrom,
        band.rowTo,
        Math.round(Math.min(EDGE_GAIN_MAX, task.gain) * 4096),
        scratch,
        scratch + NOISE_LINES_BYTES,
      );
      return DONE;
    }
    case "apply-curve": {
      const { first, count } = extent(task.shape, task.band);
      kernels.lut16(task.source + first * 2, task.out + first * 2, count, task.table);
      return DONE;
    }
    case "orient":
      orient(kernels, task.source, task.out, task.shape, task.band, task.orientation);
      return DONE;
    case "fill-levels":
      fillLevels(new Uint8Array(buffer, task.levels, 65536), task.window);
      return DONE;
    case "window": {
      const { first, count } = extent(task.shape, task.band);
      applyWindow(
        kernels,
        task.source + first * 2,
        task.out + first,
        count,
        task.plan,
        task.levels,
      );
      return DONE;
    }
    case "list-defects": {
      const { mode, map } = task;
      const pixels = new Uint16Array(buffer, map, mode.columns * mode.rows);
      const words = (mode.defectsMax * DEFECT_RECORD_BYTES) / 4;
      const records = new Uint32Array(buffer, mode.defects, words);
      return { type: "defects", count: listDefects(pixels, mode.columns, mode.rows, records) };
    }
    case "fill-tones":
    case "fill-gains":
    case "reduce":
    case "activity":
    case "gains":
    case "base":
    case "rebuild":
      runEnhancementTask(kernels, buffer, task);
      return DONE;
    case "accumulate": {
      const { source, areas, shape, band, first: isFirst } = task;
      const { first, count } = extent(shape, band);
      const [twos, fours] = [first * 2, first * 4];
      const { sums, squares, previous } = areas;
      kernels.accumulate(
        source + twos,
        previous + twos,
        sums + fours,
        squares + fours,
        count,
        isFirst,
      );
      return DONE;
    }
    case "take-dark":
    case "take-flat":
      return takeFrames(buffer, task);
    default:
      return unreachable(task);
  }
}

function takeFrames(
  buffer: ArrayBufferLike,
  task: Extract<Task, { type: "take-dark" | "take-flat" }>,
): TaskResult {
  const { areas, shape, frames } = task;
  const count = shape.columns * shape.rows;
  const words = (at: number) => new Uint16Array(buffer, at, count);
  const sums = new Uint32Array(buffer, areas.sums, count);
  const squares = new Uint32Array(buffer, areas.squares, count);
  const summed = { sums, squares, frames };
  const offset = words(areas.offset);
  const defect = words(areas.defect);
  if (task.type === "take-dark") {
    const figures = offsetMap(summed, shape, offset);
    darkDefects({ offset, dark: summed }, shape, defect);
    return { type: "dark-taken", figures, defects: completeLines(shape, defect) };
  }
  const gain = gainMap(summed, offset, shape, task.fullScale, words(areas.gain));
  if (gain.kind === "made") flatDefects(summed, offset, shape, defect);
  return { type: "flat-taken", gain, defects: completeLines(shape, defect) };
}

function look(
  buffer: ArrayBufferLike,
  { preview, mask, shape: { columns, rows } }: Extract<Task, { type: "look" }>,
): TaskResult {
  const picture = { pixels: new Uint16Array(buffer, preview, columns * rows), columns, rows };
  const field = findField(picture);
  const beam = findDirectBeam(picture, field);
  new Uint8Array(buffer, mask, columns * rows).set(anatomyMask(picture, field, beam));
  const area = (field.right - field.left) * (field.bottom - field.top);
  const beamPixels = beam?.reduce((sum, one) => sum + one, 0) ?? 0;
  return { type: "look", field, beamPart: beamPixels / area };
}

/** Runs of boxes in the mask are counted at once. */
function countMasked(
  kernels: Kernels,
  buffer: ArrayBufferLike,
  task: Extract<Task, { type: "histogram" }>,
): void {
  const { source, shape, factor, band, scratch } = task;
  const boxes = Math.ceil(shape.columns / factor);
  const mask = new Uint8Array(buffer, task.mask, boxes * Math.ceil(shape.rows / factor));
  new Uint8Array(buffer, scratch, 4 * HISTOGRAM_BINS * 4).fill(0);
  for (let top = band.rowFrom; top < band.rowTo; top += factor) {
    const height = Math.min(factor, band.rowTo - top);
    const row = (top / factor) * boxes;
    for (let box = 0; box < boxes; box++) {
      if (mask[row + box] !== 1) continue;
      const left = box * factor;
      while (box < boxes && mask[row + box] === 1) box++;
      const width = Math.min(box * factor, shape.columns) - left;
      const first = source + (top * shape.columns + left) * 2;
      kernels.histogram(first, shape.columns, width, height, scratch, HISTOGRAM_BITS);
    }
  }
  kernels.foldHistogram(scratch, HISTOGRAM_BITS);
}

/** First pixel and number of pixels of a band. */
function extent(shape: Shape, band: Band): { first: number; count: number } {
  return {
    first: band.rowFrom * shape.columns,
    count: (band.rowTo - band.rowFrom) * shape.columns,
  };
}

/**
 * Moves a band to where it belongs in the turned frame: clockwise quarter turns first, then mirrored
 * left to right. Turning by 90° or 270° is a transposition with one side reversed.
 */
export function orient(
  kernels: Pick<Kernels, "mirror" | "transpose">,
  source: number,
  out: number,
  { columns, rows }: Shape,
  { rowFrom, rowTo }: Band,
  { rotate, flip }: Orientation,
): void {
  if (rotate === 0 || rotate === 180) {
    const leftRight = (rotate === 180) !== flip;
    kernels.mirror(source, out, columns, rows, rowFrom, rowTo, leftRight, rotate === 180);
  } else {
    const reverseColumns = (rotate === 90) !== flip;
    kernels.transpose(source, out, columns, rows, rowFrom, rowTo, reverseColumns, rotate === 270);
  }
}

export function applyWindow(
  kernels: Pick<Kernels, "window8" | "window8Steep" | "window8Fine" | "lut8">,
  source: number,
  out: number,
  count: number,
  plan: WindowPlan,
  levels: number,
): void {
  switch (plan.by) {
    case "product":
      kernels.window8(source, out, count, plan.base, plan.span, plan.slope, plan.start);
      break;
    case "steep-product":
      kernels.window8Steep(source, out, count, plan.base, plan.span, plan.slope, plan.start);
      break;
    case "fine-product": {
      const { base, span, slope, fine, start } = plan;
      kernels.window8Fine(source, out, count, base, span, slope, fine, start);
      break;
    }
    case "table":
      kernels.lut8(source, out, count, levels);
      break;
    default:
      unreachable(plan);
  }
}

/** Level of every 16-bit value. */
export function fillLevels(levels: Uint8Array, window: PixelWindow): void {
  for (let value = 0; value < levels.length; value++) levels[value] = windowLevel(value, window);
}
