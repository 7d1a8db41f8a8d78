// The pipeline as a whole, on small frames: correction, curve, turning, window, two threads, and what
// happens when there is no calibration or a thread dies.

import { afterEach, beforeAll, expect, test } from "bun:test";
import { build } from "../../../script/build-kernels.ts";
import { SystemClock } from "../../../src/core/clock.ts";
import { Random } from "../../../src/core/random.ts";
import type { CalibrationMap } from "../../../src/hal/detector/detector.ts";
import type { ProcessingSetting } from "../../../src/model/protocol.ts";
import { PixelPool, type PixelPoolOptions } from "../../../src/workers/pixel/pixel-pool.ts";
import { WorkerError } from "../../../src/workers/worker-thread.ts";
import { BUILD_TIME_MAX_MS } from "./bench-memory.ts";
import * as oracle from "./oracle.ts";

const COLUMNS = 150;
const ROWS = 130;
const PIXELS = COLUMNS * ROWS;
const MODE = { id: "small", columns: COLUMNS, rows: ROWS, bitsStored: 14 };
const PLAIN: ProcessingSetting = {
  characteristic: "linear",
  edge: 0,
  noise: 0,
  windowCutPermille: 5,
  rotate: 0,
  flip: false,
  invert: false,
};

let open: PixelPool[] = [];

beforeAll(build, BUILD_TIME_MAX_MS);

afterEach(() => {
  for (const pool of open) pool.close();
  open = [];
});

async function pool(options: Partial<PixelPoolOptions> = {}): Promise<PixelPool> {
  const started = await PixelPool.start({
    modes: [MODE],
    clock: new SystemClock(),
    slots: { raw: 2, image: 2, display: 2 },
    ...options,
  });
  open.push(started);
  return started;
}

function map(kind: CalibrationMap["kind"], pixels: Uint16Array): CalibrationMap {
  return { kind, modeId: MODE.id, pixels, createdMs: 0, temperatureC: 25, frames: 16 };
}

const filled = (value: number) => new Uint16Array(PIXELS).fill(value);

function slots(p: PixelPool) {
  const [rawSlot, imageSlot, displaySlot] = [p.raw.take(), p.image.take(), p.display.take()];
  if (rawSlot === null || imageSlot === null || displaySlot === null) throw new Error("no slot");
  return { rawSlot, imageSlot, displaySlot, modeIndex: 0, bitsStored: 14 };
}

/**
 * What a promise was rejected with. Not expect().rejects: that spins the event loop itself, and what a
 * thread tells meanwhile is not heard.
 */
const failure = (promise: Promise<unknown>) => promise.then(() => "nothing failed", String);

test("a frame is corrected with the maps, repaired, curved and windowed", async () => {
  const p = await pool();
  const random = new Random(3);
  const draw = (low: number, high: number) =>
    Uint16Array.from({ length: PIXELS }, () => random.int(low, high));
  const [raw, offset, gain] = [draw(0, 16383), draw(0, 500), draw(30000, 36000)];
  const defect = filled(0);
  const dead = [0, 77, 5000, PIXELS - 1];
  for (const pixel of dead) defect[pixel] = 1;
  await p.loadCalibration(0, [map("offset", offset), map("gain", gain), map("defect", defect)]);

  const request = slots(p);
  p.raw.uint16(request.rawSlot, PIXELS).set(raw);
  const result = await p.processRadiograph({ ...request, processing: PLAIN });

  const image = p.image.uint16(request.imageSlot, PIXELS);
  const wrong: number[] = [];
  for (let i = 0; i < PIXELS; i++) {
    const counts = oracle.correct(raw[i] ?? 0, offset[i] ?? 0, gain[i] ?? 0);
    if (!dead.includes(i) && image[i] !== Math.min(16383, counts)) wrong.push(i);
  }
  expect(wrong).toEqual([]);
  const around = [5000 - 1, 5000 + 1, 5000 - COLUMNS, 5000 + COLUMNS];
  const mean =
    around
      .map((i) => oracle.correct(raw[i] ?? 0, offset[i] ?? 0, gain[i] ?? 0))
      .reduce((a, b) => a + b, 0) / 4;
  expect(Math.abs((image[5000] ?? 0) - Math.min(16383, mean))).toBeLessThan(1);

  const { center, width } = result.window;
  const shown = p.display.bytes(request.displaySlot, PIXELS);
  expect(shown).toEqual(Uint8Array.from(image, (x) => oracle.windowed(x, center, width)));
  // The raw frame is still as the panel delivered it.
  expect(p.raw.uint16(request.rawSlot, PIXELS)).toEqual(raw);
});

for (const rotate of [0, 90, 180, 270] as const)
  for (const flip of [false, true])
    test(`the image is turned by ${rotate}°${flip ? " and mirrored" : ""}`, async () => {
      const p = await pool({ workers: 3 });
      const request = slots(p);
      const raw = Uint16Array.from({ length: PIXELS }, (_, i) => i % 16384);
      p.raw.uint16(request.rawSlot, PIXELS).set(raw);
      const processing = { ...PLAIN, rotate, flip };
      const result = await p.processRadiograph({ ...request, processing, uncorrected: true });
      const want = oracle.orient({ pixels: raw, columns: COLUMNS, rows: ROWS }, rotate, flip);
      expect([result.columns, result.rows]).toEqual([want.columns, want.rows]);
      expect(p.image.uint16(request.imageSlot, PIXELS)).toEqual(want.pixels);
    });

test("with inversion much radiation is dark and bone is bright", async () => {
  const p = await pool();
  const request = slots(p);
  const raw = Uint16Array.from({ length: PIXELS }, (_, i) => 800 + Math.floor(i / COLUMNS) * 60);
  p.raw.uint16(request.rawSlot, PIXELS).set(raw);
  for (const characteristic of ["linear", "logarithmic"] as const) {
    const processing = { ...PLAIN, characteristic, invert: true };
    await p.processRadiograph({ ...request, processing, uncorrected: true });
    const image = p.image.uint16(request.imageSlot, PIXELS);
    const shown = p.display.bytes(request.displaySlot, PIXELS);
    expect(image[0] ?? 0).toBeGreaterThan(image[PIXELS - 1] ?? 0);
    expect([shown[0], shown[PIXELS - 1]]).toEqual([255, 0]);
  }
});

test("the curve spans all stored bits: no radiation at one end, saturation at the other", async () => {
  const p = await pool();
  const request = slots(p);
  p.raw.uint16(request.rawSlot, PIXELS).fill(0, 0, 1).fill(16383, 1);
  for (const bitsStored of [10, 12, 16]) {
    const processing = { ...PLAIN, characteristic: "logarithmic", invert: true } as const;
    await p.processRadiograph({ ...request, bitsStored, processing, uncorrected: true });
    const image = p.image.uint16(request.imageSlot, 2);
    expect([...image]).toEqual([2 ** bitsStored - 1, 0]);
  }
});

test("the automatic window ignores collimated border and direct beam", async () => {
  const p = await pool();
  const request = slots(p);
  const raw = p.raw.uint16(request.rawSlot, PIXELS);
  const random = new Random(11);
  // Border 40 counts, beam 12000, a body of 1000 to 4000 counts in the middle.
  for (let y = 0; y < ROWS; y++)
    for (let x = 0; x < COLUMNS; x++) {
      const inField = x >= 20 && x < 130 && y >= 15 && y < 115;
      const inBody = x >= 40 && x < 110 && y >= 30 && y < 115;
      const level = inBody ? 1000 + ((x - 40) / 70) * 3000 : inField ? 12000 : 40;
      raw[y * COLUMNS + x] = Math.round(level * (1 + 0.005 * random.gaussian()));
    }
  const { analysis, window } = await p.processRadiograph({
    ...request,
    processing: PLAIN,
    uncorrected: true,
  });
  expect(analysis?.field.left).toBeWithin(20, 23);
  expect(analysis?.field.right).toBeWithin(128, 131);
  expect(analysis?.field.top).toBeWithin(15, 18);
  expect(analysis?.field.bottom).toBeWithin(113, 116);
  // 110 × 100 of field, 70 × 85 of body.
  expect(analysis?.beamPart).toBeWithin(0.42, 0.48);
  expect(analysis?.counts.low).toBeWithin(980, 1120);
  expect(analysis?.counts.high).toBeWithin(3850, 4060);
  expect(window.center).toBeWithin(2400, 2600);
});

test("an empty and a saturated frame still get a window", async () => {
  const p = await pool();
  const request = slots(p);
  for (const level of [0, 16383]) {
    p.raw.uint16(request.rawSlot, PIXELS).fill(level);
    const { window } = await p.processRadiograph({
      ...request,
      processing: { ...PLAIN, characteristic: "logarithmic", invert: true },
      uncorrected: true,
    });
    expect(window.width).toBeGreaterThanOrEqual(1);
  }
});

test("a fluoroscopy frame takes the run's window as it is", async () => {
  const p = await pool();
  const request = slots(p);
  p.raw.uint16(request.rawSlot, PIXELS).fill(3000);
  const result = await p.processFluoroFrame({
    ...request,
    processing: PLAIN,
    uncorrected: true,
    window: { center: 4000, width: 4000 },
  });
  expect(result.analysis).toBeNull();
  expect(p.display.bytes(request.displaySlot, 1)[0]).toBe(oracle.windowed(3000, 4000, 4000));
});

test("without an offset map a frame is refused unless asked for uncorrected", async () => {
  const p = await pool();
  const request = { ...slots(p), processing: PLAIN };
  expect(p.calibrated(0)).toBe(false);
  expect(await failure(p.processRadiograph(request))).toMatch(/no offset map; calibrate/);
  await p.processRadiograph({ ...request, uncorrected: true });
  await p.loadCalibration(0, [map("offset", filled(10))]);
  expect(p.calibrated(0)).toBe(true);
  await p.processRadiograph(request);
});

test("a calibration map of another size or mode is refused by name", async () => {
  const p = await pool();
  const wrong = { ...map("gain", new Uint16Array(10)), modeId: "other" };
  expect(await failure(p.loadCalibration(0, [wrong]))).toMatch(/gain map is of mode other/);
});

test("a defect map beyond repair leaves the mode uncalibrated", async () => {
  const p = await pool();
  const maps = [map("offset", filled(1)), map("defect", filled(1))];
  expect(await failure(p.loadCalibration(0, maps))).toMatch(/have the panel serviced/);
  expect(p.calibrated(0)).toBe(false);
});

test("frames asked for at the same time do not disturb each other", async () => {
  const p = await pool();
  const [a, b] = [slots(p), slots(p)];
  p.raw.uint16(a.rawSlot, PIXELS).fill(1000);
  p.raw.uint16(b.rawSlot, PIXELS).fill(2000);
  const processing = PLAIN;
  await Promise.all(
    [a, b, a, b].map((request, i) =>
      p.processRadiograph({
        ...request,
        processing: { ...processing, invert: i > 1 },
        uncorrected: true,
      }),
    ),
  );
  expect(p.image.uint16(a.imageSlot, PIXELS)).toEqual(filled(16383 - 1000));
  expect(p.image.uint16(b.imageSlot, PIXELS)).toEqual(filled(16383 - 2000));
});

test("a thread that dies fails its frame, is started anew, and the next frame is fine", async () => {
  const p = await pool({ entry: new URL("./crashing-worker.ts", import.meta.url) });
  const deaths: string[] = [];
  p.deaths.add((error) => deaths.push(error.message));
  const request = { ...slots(p), processing: PLAIN, uncorrected: true };
  const raw = p.raw.uint16(request.rawSlot, PIXELS);
  for (let round = 1; round <= 2; round++) {
    raw.fill(0xdead, 0, 1);
    expect(await failure(p.processRadiograph(request))).toMatch(/the pixel worker died/);
    expect(deaths).toHaveLength(round);
    raw.fill(500);
    await p.processRadiograph(request);
    expect(p.image.uint16(request.imageSlot, PIXELS)).toEqual(filled(500));
  }
});

test("closing rejects what is under way and what comes after", async () => {
  const p = await pool();
  const request = { ...slots(p), processing: PLAIN, uncorrected: true };
  const running = p.processRadiograph(request).catch((error) => error);
  p.close();
  expect(await running).toBeInstanceOf(WorkerError);
  expect(await failure(p.processRadiograph(request))).toMatch(/closed/);
});

test("missing kernels are named with the remedy", async () => {
  const { compileKernels } = await import("../../../src/workers/pixel/kernel-module.ts");
  await expect(compileKernels("/nonexistent/kernels.wasm")).rejects.toThrow(/run script\/setup/);
});

/** Three noisy frames of a run through a pool of so many threads: the images, one after the other. */
async function run(workers: number, processing: Partial<ProcessingSetting>, inTime = true) {
  const p = await pool({ workers });
  const random = new Random(5);
  const request = slots(p);
  const images: Uint16Array[] = [];
  for (let n = 0; n < 3; n++) {
    const raw = Uint16Array.from({ length: PIXELS }, () => random.int(900, 1100));
    p.raw.uint16(request.rawSlot, PIXELS).set(raw);
    await p.processFluoroFrame({
      ...request,
      processing: { ...PLAIN, ...processing },
      uncorrected: true,
      place: inTime ? { run: 1, deviceFrameId: n, afterArm: false } : undefined,
    });
    images.push(p.image.uint16(request.imageSlot, PIXELS).slice());
  }
  return images;
}

test("a filtered run does not depend on the number of threads", async () => {
  const filtered = { noise: 0.7, edge: 0.6, rotate: 90 as const };
  const one = await run(1, filtered);
  expect(await run(2, filtered)).toEqual(one);
  expect(await run(4, filtered)).toEqual(one);
});

test("a run without noise reduction and edges is the frames themselves", async () => {
  const random = new Random(5);
  for (const image of await run(2, {}))
    expect(image).toEqual(Uint16Array.from({ length: PIXELS }, () => random.int(900, 1100)));
});

test("frames of a run that have no place in it are not filtered in time", async () => {
  const random = new Random(5);
  for (const image of await run(2, { noise: 1 }, false))
    expect(image).toEqual(Uint16Array.from({ length: PIXELS }, () => random.int(900, 1100)));
});
