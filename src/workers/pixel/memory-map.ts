// Where everything lies in the one shared memory: kernel data first, then the slots, then calibration
// maps and working areas. Plain data, computed once from the panel's modes and handed to every worker.

import { assert } from "../../core/assert.ts";
import { type SlotPoolLayout, slotPoolBytes } from "../../core/slot-pool.ts";
import { GAIN_TABLES_BYTES } from "./enhancement-tables.ts";
import { PAGE_BYTES } from "./kernel-module.ts";
import { pyramidBytes } from "./pyramid.ts";

/** The first page belongs to the kernels' static data. */
export const KERNEL_DATA_BYTES = PAGE_BYTES;
/** Defective pixels a mode may have, in 1/1000 of its pixels; more is a broken panel. */
export const DEFECTS_PER_MILLE_MAX = 20;
/** One record of the defect list, see kernels/repair.ts. */
export const DEFECT_RECORD_BYTES = 32;
export const HISTOGRAM_BINS = 65536;
/** Working area of a worker: four partial histograms. */
const SCRATCH_BYTES = 4 * HISTOGRAM_BINS * 4;
/** Room for the small picture that the field and the direct beam are looked for in. */
export const PREVIEW_PIXELS_MAX = 256 * 256;
/** WebAssembly's 32-bit addresses end here. */
const MEMORY_BYTES_MAX = 4 * 2 ** 30;
/** Vectors may read some bytes past the last row of an area. */
const GUARD_BYTES = 64;

/** Size of one panel mode as the pixel chain needs it. */
export interface FrameShape {
  readonly columns: number;
  readonly rows: number;
  /** Significant bits of the panel's 16. */
  readonly bitsStored: number;
}

export interface ModeLayout extends FrameShape {
  readonly offset: number;
  readonly gain: number;
  /** The list of defects, sorted by pixel. */
  readonly defects: number;
  readonly defectsMax: number;
}

/** Byte addresses from the memory's start. */
export interface MemoryMap {
  readonly totalBytes: number;
  /** Frames as the panel delivers them. */
  readonly raw: SlotPoolLayout;
  /** Processed frames, 16 bits. */
  readonly image: SlotPoolLayout;
  /** Windowed frames, 8 bits. */
  readonly display: SlotPoolLayout;
  readonly modes: readonly ModeLayout[];
  /** One corrected frame on its way from raw to image. */
  readonly work: number;
  readonly preview: number;
  /** Which pixels of the small picture are anatomy: a byte each. */
  readonly mask: number;
  /** Characteristic curve: 65536 × u16. */
  readonly curve: number;
  /** Window table: 65536 × u8. */
  readonly levels: number;
  /** The run's filtered frame before this one, and this one: corrected counts. */
  readonly history: readonly [number, number];
  /** What radiographs are enhanced with; their finest level takes the first area of `history`. */
  readonly enhancement: EnhancementAreas;
  /** One area per worker. */
  readonly scratch: readonly number[];
  /** What calibration frames are summed in; untouched, and so without memory of its own, until then. */
  readonly calibration: CalibrationAreas;
}

export interface EnhancementAreas {
  /** All levels but the finest, see pyramid.ts. */
  readonly pyramid: number;
  /** From counts to tones: 65536 × u16. */
  readonly tones: number;
  /** Gains by scale, level and activity. */
  readonly gains: number;
}

/** A word for every pixel of the largest mode in each. */
export interface CalibrationAreas {
  /** u32: sums of the frames. */
  readonly sums: number;
  /** u32: squares of the differences of frames that follow each other. */
  readonly squares: number;
  /** u16: the frame before. */
  readonly previous: number;
  /** u16: the maps that come of it. */
  readonly offset: number;
  readonly gain: number;
  readonly defect: number;
}

export interface SlotCounts {
  readonly raw: number;
  readonly image: number;
  readonly display: number;
}

export const DEFAULT_SLOTS: SlotCounts = { raw: 8, image: 6, display: 4 };

/** Lays out the memory for the modes of one panel. */
export function memoryMap(
  modes: readonly FrameShape[],
  workers: number,
  slots: SlotCounts = DEFAULT_SLOTS,
): MemoryMap {
  assert(modes.length > 0 && workers > 0, "a panel has a mode and the pool a worker");
  let at = KERNEL_DATA_BYTES;
  const area = (bytes: number): number => {
    const base = at;
    // Not by bit operations: the sum may pass 2³¹.
    at += Math.ceil((bytes + GUARD_BYTES) / 64) * 64;
    return base;
  };
  const pixelsMax = Math.max(...modes.map((mode) => mode.columns * mode.rows));
  const pool = (name: string, count: number, slotBytes: number): SlotPoolLayout => ({
    name,
    base: area(slotPoolBytes(count, slotBytes)),
    slots: count,
    slotBytes,
  });
  const map: Omit<MemoryMap, "totalBytes"> = {
    raw: pool("raw", slots.raw, pixelsMax * 2),
    image: pool("image", slots.image, pixelsMax * 2),
    display: pool("display", slots.display, pixelsMax),
    modes: modes.map(({ columns, rows, bitsStored }) => {
      assert(bitsStored >= 8 && bitsStored <= 16, "a panel delivers 8 to 16 bits");
      const defectsMax = Math.max(16, Math.floor((columns * rows * DEFECTS_PER_MILLE_MAX) / 1000));
      return {
        columns,
        rows,
        bitsStored,
        offset: area(columns * rows * 2),
        gain: area(columns * rows * 2),
        defects: area(defectsMax * DEFECT_RECORD_BYTES),
        defectsMax,
      };
    }),
    work: area(pixelsMax * 2),
    preview: area(PREVIEW_PIXELS_MAX * 2),
    mask: area(PREVIEW_PIXELS_MAX),
    curve: area(65536 * 2),
    levels: area(65536),
    history: [area(pixelsMax * 2), area(pixelsMax * 2)],
    enhancement: {
      pyramid: area(Math.max(...modes.map((mode) => pyramidBytes(mode.columns, mode.rows)))),
      tones: area(65536 * 2),
      gains: area(GAIN_TABLES_BYTES),
    },
    scratch: Array.from({ length: workers }, () => area(SCRATCH_BYTES)),
    calibration: {
      sums: area(pixelsMax * 4),
      squares: area(pixelsMax * 4),
      previous: area(pixelsMax * 2),
      offset: area(pixelsMax * 2),
      gain: area(pixelsMax * 2),
      defect: area(pixelsMax * 2),
    },
  };
  assert(at <= MEMORY_BYTES_MAX, "the frame slots fit into 4 GiB; ask for fewer");
  return { ...map, totalBytes: at };
}
