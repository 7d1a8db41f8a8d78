// A run of the moving plate with and without its filters: noise of what stands still, and what trails
// behind the edge.

import type { SimulatedBeam } from "../../../src/hal/detector/detector.ts";
import { EDGE_ANGLE_DEGREES, edgeOffsetMm } from "../../../src/hal/detector/sim/edge-object.ts";
import { PHASES_PER_SECOND, RUN_PHASES } from "../../../src/hal/detector/sim/ideal-image.ts";
import type { ProcessingSetting } from "../../../src/model/protocol.ts";
import type { PixelWindow } from "../../../src/workers/pixel/window.ts";
import type { PanelRig } from "./panel-rig.ts";

/** Some 80 nGy a frame at the panel. */
export const RUN_BEAM: SimulatedBeam = { kv: 75, mas: 0.004, phantom: "edge" };
/** Ten times as much, as serial runs have: the plate's shadow is 5 times the noise and not 1.6 times. */
export const BRIGHT_RUN_BEAM: SimulatedBeam = { ...RUN_BEAM, mas: 10 * RUN_BEAM.mas };
export const RUN_FPS = 30;
const FRAMES_PER_PHASE = RUN_FPS / PHASES_PER_SECOND;
/** The first ones settle a filter. */
const SETTLING_FRAMES = 12;
/** Steps of the plate to the right that are followed, from this phase on. */
const FIRST_STEP = 4;
const LAST_STEP = 7;
/** Frames after a step whose trail is told. */
export const TRAIL_FRAMES = 6;
const LOOP_FRAMES = RUN_PHASES * FRAMES_PER_PHASE;
/** How often the plate goes to and fro. */
const LOOPS = 3;
/** Room to the step's ends that is left out, pixels. */
const MARGIN_PIXELS = 1.5;

export interface RunFigures {
  /** Standard deviation in time of a pixel that sees nothing move, in parts of its mean. */
  readonly noise: number;
  /** The same over the pixels of one frame's even part. */
  readonly noiseInFrame: number;
  /**
   * Where the plate has gone: what is left of its shadow in the frame of the step (0) and after, 1 as
   * before the step. The panel's own lag is in it.
   */
  readonly trail: readonly number[];
  /** The last frame. */
  readonly frame: { readonly image: Uint16Array; readonly display: Uint8Array };
}

export async function runFigures(
  rig: PanelRig,
  setting: ProcessingSetting,
  { loops = LOOPS, beam = RUN_BEAM }: { loops?: number; beam?: SimulatedBeam } = {},
): Promise<RunFigures> {
  const { columns, rows, pitchMm } = rig.binned;
  await rig.startRun(beam, RUN_FPS);
  const still = { left: Math.floor(columns * 0.1), top: Math.floor(rows * 0.4), side: 128 };
  const pixels = still.side ** 2;
  const sums = new Float64Array(pixels);
  const squares = new Float64Array(pixels);
  let counted = 0;
  let inFrame = 0;
  const steps = new Map<number, { open: number; levels: number[] }>();
  const slope = Math.tan((EDGE_ANGLE_DEGREES * Math.PI) / 180);
  /** Mean over the strip that a step of the plate uncovers, in every row where the edge is then. */
  const strip = (image: Uint16Array, phase: number, shiftMm = 0): number => {
    let [sum, count] = [0, 0];
    for (let y = Math.floor(rows * 0.1); y < rows * 0.9; y++) {
      const yMm = (y + 0.5 - rows / 2) * pitchMm;
      const at = (mm: number) => (mm + shiftMm - yMm * slope) / pitchMm + columns / 2;
      const from = Math.ceil(at(edgeOffsetMm(phase - 1)) + MARGIN_PIXELS);
      const to = Math.floor(at(edgeOffsetMm(phase)) - MARGIN_PIXELS);
      for (let x = from; x < to; x++) {
        sum += image[y * columns + x] ?? 0;
        count++;
      }
    }
    return sum / count;
  };
  let last: RunFigures["frame"] = { image: new Uint16Array(0), display: new Uint8Array(0) };
  let window: PixelWindow | undefined;
  for (let frame = 0; frame < loops * LOOP_FRAMES; frame++) {
    rig.nextFrame();
    const { image, display, result } = await rig.processRunFrame(setting, window);
    window ??= result.window;
    last = { image, display };
    if (frame >= SETTLING_FRAMES) {
      counted++;
      let [sum, square] = [0, 0];
      for (let i = 0; i < pixels; i++) {
        const x = still.left + (i % still.side);
        const y = still.top + Math.floor(i / still.side);
        const value = image[y * columns + x] ?? 0;
        sums[i] = (sums[i] ?? 0) + value;
        squares[i] = (squares[i] ?? 0) + value * value;
        sum += value;
        square += value * value;
      }
      const mean = sum / pixels;
      inFrame += Math.sqrt(square / pixels - mean * mean) / mean;
    }
    for (let phase = FIRST_STEP; phase <= LAST_STEP; phase++) {
      const after = (frame % LOOP_FRAMES) - phase * FRAMES_PER_PHASE;
      if (after < -1 || after >= FRAMES_PER_PHASE * 2) continue;
      const key = Math.floor(frame / LOOP_FRAMES) * RUN_PHASES + phase;
      const step = steps.get(key) ?? { open: 0, levels: [] };
      step.levels[after + 1] = strip(image, phase);
      // The level beside it that has been open for long, a hand's breadth to the left.
      if (after === FRAMES_PER_PHASE * 2 - 1) step.open = strip(image, phase, -40);
      steps.set(key, step);
    }
  }
  let noise = 0;
  for (let i = 0; i < pixels; i++) {
    const mean = (sums[i] ?? 0) / counted;
    noise += Math.sqrt(Math.max(0, (squares[i] ?? 0) / counted - mean * mean)) / mean / pixels;
  }
  // Ratios of the sums: those of single steps would be pulled by their noise.
  const trail = Array.from({ length: TRAIL_FRAMES }, (_, after) => {
    let [left, whole] = [0, 0];
    for (const { open, levels } of steps.values()) {
      left += open - (levels[after + 1] ?? 0);
      whole += open - (levels[0] ?? 0);
    }
    return left / whole;
  });
  return { noise, noiseInFrame: inFrame / counted, trail, frame: last };
}
