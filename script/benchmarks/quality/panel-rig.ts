// The simulated panel in front of the pixel pool, without clocks and states between: exposures into a
// raw slot, and the picture after each stage of the chain.

import { SimulatedClock } from "../../../src/core/clock.ts";
import type {
  CalibrationMap,
  DetectorMode,
  SimulatedBeam,
} from "../../../src/hal/detector/detector.ts";
import {
  type GroundTruth,
  phantomFrames,
  SIMULATED_MODES,
} from "../../../src/hal/detector/sim/simulated-detector.ts";
import type { FrameMaker } from "../../../src/hal/detector/software-panel.ts";
import type { FrameKind } from "../../../src/model/frame.ts";
import type { ProcessingSetting } from "../../../src/model/protocol.ts";
import type { FrameResult } from "../../../src/workers/pixel/pipeline.ts";
import { PixelPool } from "../../../src/workers/pixel/pixel-pool.ts";
import type { PixelWindow } from "../../../src/workers/pixel/window.ts";
import type { PanelNoise } from "./residual.ts";

/** Corrected counts as they are: no curve, no filter. */
export const COUNTS: ProcessingSetting = {
  characteristic: "linear",
  edge: 0,
  noise: 0,
  windowCutPermille: 5,
  rotate: 0,
  flip: false,
  invert: false,
};

/** Read noise of the frame and of the offset map, the line's noise, rounding of frame and result, counts². */
const READ_VARIANCE = 2.2 ** 2 * (1 + 1 / 64) + 0.4 ** 2 + 3 / 12;

export interface Processed {
  /** Values of `mode.bitsStored` bits, a copy. */
  readonly image: Uint16Array;
  /** 8 bits, a copy. */
  readonly display: Uint8Array;
  readonly result: FrameResult;
}

export interface PanelRig {
  readonly full: DetectorMode;
  readonly binned: DetectorMode;
  readonly truth: GroundTruth;
  readonly noise: (mode: DetectorMode) => PanelNoise;
  /** A radiograph (or dark, flat frame) of the full mode; what the panel delivers. */
  expose(beam: SimulatedBeam, kind?: FrameKind): Promise<Uint16Array>;
  /** The exposed frame through the chain; defects as the panel has them where `repair` is false. */
  process(setting: ProcessingSetting, repair?: boolean): Promise<Processed>;
  /** Begins a run of the binned mode. */
  startRun(beam: SimulatedBeam, fps: number): Promise<void>;
  /** The run's next frame, which `process…` then takes. */
  nextFrame(): Uint16Array;
  processRunFrame(setting: ProcessingSetting, window?: PixelWindow): Promise<Processed>;
  close(): void;
}

/** Index of the pool's modes: the panel's, and the full one again with a map of no defects. */
const FULL = 0;
const BINNED = 1;
const UNREPAIRED = 2;

/** @param side columns and rows of the full mode; the middle of the panel is taken */
export async function startRig(seed: number, side = 2688): Promise<PanelRig> {
  const [shippedFull, shippedBinned] = SIMULATED_MODES;
  if (shippedFull === undefined || shippedBinned === undefined)
    throw new Error("the simulated panel has two modes");
  const full = { ...shippedFull, columns: side, rows: side };
  const binned = { ...shippedBinned, columns: side / 2, rows: side / 2 };
  const clock = new SimulatedClock();
  const maker: FrameMaker & { readonly truth: GroundTruth } = phantomFrames({
    seed,
    clock,
    modes: [full, binned],
  });
  const unrepaired = { ...full, id: "unrepaired" };
  const pool = await PixelPool.start({
    modes: [full, binned, unrepaired],
    clock,
    slots: { raw: 1, image: 1, display: 1 },
  });
  const maps = maker.maps(full);
  await pool.loadCalibration(FULL, maps);
  await pool.loadCalibration(BINNED, maker.maps(binned));
  await pool.loadCalibration(
    UNREPAIRED,
    maps
      .map((map): CalibrationMap => ({ ...map, modeId: unrepaired.id }))
      .map((map) => (map.kind === "defect" ? { ...map, pixels: map.pixels.slice().fill(0) } : map)),
  );
  const slots = { rawSlot: 0, imageSlot: 0, displaySlot: 0 };
  const taken = [pool.raw.take(), pool.image.take(), pool.display.take()];
  if (taken.some((slot) => slot !== 0)) throw new Error("a fresh pool begins with slot 0");
  let frame = 0;
  let run = 0;
  const prepare = async (
    mode: DetectorMode,
    kind: FrameKind,
    beam: SimulatedBeam,
    fps?: number,
  ) => {
    // Long enough for every ghost to fade.
    await clock.advance(120_000);
    maker.prepare(
      {
        modeId: mode.id,
        trigger: "software",
        frames: fps === undefined ? 1 : "continuous",
        fps,
        kind,
        exposureEvent: 1,
        beam,
      },
      mode,
    );
    frame = 0;
    run++;
  };
  const make = (mode: DetectorMode) => {
    const into = pool.raw.uint16(0, mode.columns * mode.rows);
    maker.make(into, frame++);
    return into;
  };
  const took = (result: FrameResult): Processed => {
    const pixels = result.columns * result.rows;
    return {
      image: pool.image.uint16(0, pixels).slice(),
      display: pool.display.bytes(0, pixels).slice(),
      result,
    };
  };
  return {
    full,
    binned,
    truth: maker.truth,
    noise: (mode) => ({
      countsPerQuantum: maker.truth.countsPerQuantum(mode.id),
      readVariance: READ_VARIANCE,
    }),
    async expose(beam, kind = "normal") {
      await prepare(full, kind, beam);
      return make(full);
    },
    async process(setting, repair = true) {
      return took(
        await pool.processRadiograph({
          ...slots,
          modeIndex: repair ? FULL : UNREPAIRED,
          bitsStored: full.bitsStored,
          processing: setting,
        }),
      );
    },
    startRun: (beam, fps) => prepare(binned, "normal", beam, fps),
    nextFrame: () => make(binned),
    async processRunFrame(setting, window) {
      return took(
        await pool.processFluoroFrame({
          ...slots,
          modeIndex: BINNED,
          bitsStored: binned.bitsStored,
          processing: setting,
          window,
          place: { run, deviceFrameId: frame, afterArm: false },
        }),
      );
    },
    close: () => pool.close(),
  };
}
