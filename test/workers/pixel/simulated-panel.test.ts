// The pipeline against what the simulated panel knows of itself: after correction only quantum noise
// is left, and no defect can be told from its neighbours.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { build } from "../../../script/build-kernels.ts";
import { SystemClock } from "../../../src/core/clock.ts";
import {
  SIMULATED_MODES,
  simulatedDetector,
} from "../../../src/hal/detector/sim/simulated-detector.ts";
import type { ProcessingSetting } from "../../../src/model/protocol.ts";
import { type FrameRequest, PixelPool } from "../../../src/workers/pixel/pixel-pool.ts";
import { BUILD_TIME_MAX_MS } from "./bench-memory.ts";

const SIZE = 896;
const PIXELS = SIZE * SIZE;
const BEAM = { kv: 55, mas: 2.5 };
const clock = new SystemClock();
const [full] = SIMULATED_MODES;
if (full === undefined) throw new Error("the simulated panel has a mode");
// A part of the panel, with its own pixels: hand and wrist.
const mode = { ...full, columns: SIZE, rows: SIZE };
const panel = simulatedDetector({ seed: 4, clock, phantom: "extremity", modes: [mode] });
const LINEAR: ProcessingSetting = {
  characteristic: "linear",
  edge: 0,
  noise: 0,
  windowCutPermille: 5,
  rotate: 0,
  flip: false,
  invert: false,
};

let pool: PixelPool;
let request: FrameRequest;

beforeAll(async () => {
  await build();
  pool = await PixelPool.start({ modes: [mode], clock, slots: { raw: 2, image: 2, display: 1 } });
  const frame = Promise.withResolvers<number>();
  await panel.open(pool.raw, (event) => {
    if (event.type === "frame") frame.resolve(event.slot);
  });
  await panel.arm({
    modeId: mode.id,
    trigger: "software",
    frames: 1,
    kind: "normal",
    exposureEvent: 1,
    beam: BEAM,
  });
  await panel.trigger();
  const rawSlot = await frame.promise;
  const imageSlot = pool.image.take();
  if (imageSlot === null) throw new Error("no slot");
  request = { rawSlot, imageSlot, modeIndex: 0, bitsStored: mode.bitsStored, processing: LINEAR };
  await pool.loadCalibration(0, await panel.factoryCalibration(mode.id));
}, BUILD_TIME_MAX_MS);

afterAll(async () => {
  pool.close();
  await panel.close();
});

/** Differences to the truth, in units of the noise expected there. */
function deviations(image: Uint16Array, where: (pixel: number) => boolean): number[] {
  const ideal = panel.truth.ideal(mode.id, BEAM);
  const countsPerQuantum = panel.truth.countsPerQuantum(mode.id);
  const found: number[] = [];
  for (let i = 0; i < PIXELS; i++) {
    const truth = ideal[i] ?? 0;
    // Near saturation the panel knows no more than that it is bright.
    if (!where(i) || truth > 15000) continue;
    // Read noise of about 2 counts, in the frame and left in the offset map.
    found.push(((image[i] ?? 0) - truth) / Math.sqrt(truth * countsPerQuantum + 5));
  }
  expect(found.length).toBeGreaterThan(10);
  return found;
}

const rootMeanSquare = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

test("what is left after correction is within a tenth of quantum noise", async () => {
  await pool.processRadiograph(request);
  const image = pool.image.uint16(request.imageSlot, PIXELS);
  const defective = new Set(panel.truth.defects(mode.id).map((defect) => defect.index));
  const left = deviations(image, (pixel) => !defective.has(pixel));
  expect(rootMeanSquare(left)).toBeWithin(0.9, 1.1);
});

test("without correction the panel's pattern is far above noise", async () => {
  await pool.processRadiograph({ ...request, uncorrected: true });
  const image = pool.image.uint16(request.imageSlot, PIXELS);
  expect(rootMeanSquare(deviations(image, () => true))).toBeGreaterThan(3);
});

test("every kind of defect is repaired to what its surroundings are", async () => {
  await pool.processRadiograph(request);
  const image = pool.image.uint16(request.imageSlot, PIXELS);
  const defects = panel.truth.defects(mode.id);
  for (const kind of new Set(defects.map((defect) => defect.kind))) {
    const pixels = new Set(defects.filter((d) => d.kind === kind).map((d) => d.index));
    const left = deviations(image, (pixel) => pixels.has(pixel)).map(Math.abs);
    // Nothing can know of an anatomical edge that runs through a defect: a few are off by some noise,
    // while a defect left alone is off by 50 times the noise and more.
    expect(Math.max(...left), kind).toBeLessThan(15);
    expect(left.filter((deviation) => deviation < 3).length / left.length, kind).toBeGreaterThan(
      0.85,
    );
  }
});

test("bone is bright in a shipped protocol's image and the window spans bone to skin", async () => {
  const processing = { ...LINEAR, characteristic: "logarithmic", invert: true } as const;
  const { analysis, window } = await pool.processRadiograph({ ...request, processing });
  const image = pool.image.uint16(request.imageSlot, PIXELS);
  const ideal = panel.truth.ideal(mode.id, BEAM);
  const darkest = ideal.reduce((best, counts, i) => (counts < (ideal[best] ?? 0) ? i : best), 0);
  const open = panel.truth.openCounts(mode.id, BEAM);
  const background = ideal.findIndex((counts) => counts > open * 0.99);
  expect(image[darkest] ?? 0).toBeGreaterThan(window.center);
  expect(image[background] ?? 0).toBeLessThan(window.center - window.width / 2);
  const field = panel.truth.beamField(mode.id);
  const beam = ideal.filter((counts, i) => counts > 0.95 * open * (field[i] ?? 1)).length;
  expect(analysis?.beamPart).toBeWithin(beam / PIXELS - 0.02, beam / PIXELS + 0.02);
});
