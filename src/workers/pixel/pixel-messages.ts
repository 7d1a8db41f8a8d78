// What the pool and its threads tell each other: tasks on a band of rows, addresses and numbers, never
// pixels. A task is pure work on the shared memory, so a phase is over when all its tasks are.

import type { MapFigures } from "../../model/calibration.ts";
import type { ProcessingSetting } from "../../model/protocol.ts";
import type { Rectangle, RelevantRange } from "./analysis.ts";
import type { DefectCounts, GainResult } from "./calibration-maps.ts";
import type { Curve } from "./characteristic.ts";
import type { EnhancementTask } from "./enhancement.ts";
import type { CalibrationAreas, ModeLayout } from "./memory-map.ts";
import type { NoiseModel } from "./noise-model.ts";
import type { PixelWindow, WindowPlan } from "./window.ts";

export interface Band {
  readonly rowFrom: number;
  readonly rowTo: number;
}

export interface Shape {
  readonly columns: number;
  readonly rows: number;
}

/** From one area of the memory to another (or the same), a band of whole rows of it. */
interface OnBand {
  readonly source: number;
  readonly out: number;
  readonly shape: Shape;
  readonly band: Band;
}

export type Orientation = Pick<ProcessingSetting, "rotate" | "flip">;

export type Task =
  /** Offset and gain of the mode; a plain copy where `mode` is null. */
  | ({ readonly type: "correct"; readonly mode: ModeLayout | null } & OnBand)
  | {
      readonly type: "repair";
      readonly pixels: number;
      readonly records: number;
      readonly count: number;
    }
  | ({ readonly type: "shrink"; readonly factor: number } & OnBand)
  /** Finds the anatomy in the small picture and writes its mask. */
  | {
      readonly type: "look";
      readonly preview: number;
      readonly mask: number;
      readonly shape: Shape;
    }
  /** Counts the pixels of a band whose box of `factor` × `factor` the mask holds. */
  | {
      readonly type: "histogram";
      readonly source: number;
      readonly mask: number;
      readonly shape: Shape;
      readonly factor: number;
      readonly band: Band;
      readonly scratch: number;
    }
  | {
      readonly type: "range";
      /** One histogram per band; they are added up into the first. */
      readonly histograms: readonly number[];
      readonly cutPermille: number;
    }
  | {
      readonly type: "fill-curve";
      readonly table: number;
      readonly curve: Curve;
      readonly bitsIn: number;
      readonly bitsOut: number;
    }
  /** Noise reduction in time; `previous` is the filtered frame before. */
  | ({
      readonly type: "recursive";
      readonly previous: number;
      /** Part of the past that is kept where nothing moves, 0 … 1. */
      readonly keep: number;
      readonly noise: NoiseModel;
      readonly scratch: number;
    } & OnBand)
  /** The mean of a rectangle; `out` takes what the kernel writes. */
  | {
      readonly type: "measure";
      readonly source: number;
      readonly shape: Shape;
      readonly area: Rectangle;
      readonly out: number;
    }
  /** Edge enhancement of counts; detail below `factor` times the noise is left alone. */
  | ({
      readonly type: "edge";
      readonly gain: number;
      readonly noise: NoiseModel;
      readonly factor: number;
      readonly scratch: number;
    } & OnBand)
  | ({ readonly type: "apply-curve"; readonly table: number } & OnBand)
  | ({ readonly type: "orient"; readonly orientation: Orientation } & OnBand)
  | { readonly type: "fill-levels"; readonly levels: number; readonly window: PixelWindow }
  | ({ readonly type: "window"; readonly plan: WindowPlan; readonly levels: number } & OnBand)
  /** Makes the mode's list of defects from the map at `map`. */
  | { readonly type: "list-defects"; readonly map: number; readonly mode: ModeLayout }
  | EnhancementTask
  | CalibrationTask;

/** What makes calibration maps. The areas of sums and maps are those of the memory map. */
export type CalibrationTask =
  /** Adds a band of a frame to the sums. */
  | {
      readonly type: "accumulate";
      readonly source: number;
      readonly areas: CalibrationAreas;
      readonly shape: Shape;
      readonly band: Band;
      /** The first frame begins the sums anew. */
      readonly first: boolean;
    }
  /** Offset map and dark defects out of dark frames. */
  | (OnSums & { readonly type: "take-dark" })
  /** Gain map out of flat frames, and their defects beside those of the dark ones. */
  | (OnSums & { readonly type: "take-flat"; readonly fullScale: number });

interface OnSums {
  readonly areas: CalibrationAreas;
  readonly shape: Shape;
  /** Frames summed. */
  readonly frames: number;
}

/** What a task found out; `done` for those that only change memory. */
export type TaskResult =
  | { readonly type: "done" }
  | { readonly type: "look"; readonly field: Rectangle; readonly beamPart: number }
  | { readonly type: "range"; readonly range: RelevantRange }
  | { readonly type: "dark-taken"; readonly figures: MapFigures; readonly defects: DefectCounts }
  | { readonly type: "flat-taken"; readonly gain: GainResult; readonly defects: DefectCounts }
  | { readonly type: "measure"; readonly mean: number }
  /** null: more defects than the list has room for. */
  | { readonly type: "defects"; readonly count: number | null };

/** What a thread gets once, at its start. */
export interface PixelStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}
