// Enhanced radiographs as what they are for: noise falls, slight contrasts rise, great ones are compressed,
// edges get no seam, and what must stay stays: counts, surroundings, and everything where nothing is asked.

import { afterEach, beforeAll, expect, test } from "bun:test";
import { build } from "../../../script/build-kernels.ts";
import { SystemClock } from "../../../src/core/clock.ts";
import { Random } from "../../../src/core/random.ts";
import type { ProcessingSetting } from "../../../src/model/protocol.ts";
import { fillCurve } from "../../../src/workers/pixel/characteristic.ts";
import {
  activityAt,
  fillTones,
  GAIN_TABLE_ENTRIES,
  storedScale,
  TONE_LOW,
  TONE_SPAN,
  toneNoise,
} from "../../../src/workers/pixel/enhancement-tables.ts";
import { noiseModel } from "../../../src/workers/pixel/noise-model.ts";
import { type FrameResult, previewFactor } from "../../../src/workers/pixel/pipeline.ts";
import { PixelPool } from "../../../src/workers/pixel/pixel-pool.ts";
import { pyramidBytes, pyramidOver, SCALES_MAX } from "../../../src/workers/pixel/pyramid.ts";
import { BUILD_TIME_MAX_MS } from "./bench-memory.ts";

const [COLUMNS, ROWS] = [500, 430];
const PIXELS = COLUMNS * ROWS;
const MODE = {
  id: "full",
  columns: COLUMNS,
  rows: ROWS,
  bitsStored: 14,
  pitchMm: 0.16,
  countsPerMicroGray: 400,
};
const NOISE = noiseModel(MODE);
const PLAIN: ProcessingSetting = {
  characteristic: "logarithmic",
  edge: 0,
  noise: 0,
  windowCutPermille: 5,
  rotate: 0,
  flip: false,
  invert: true,
};

let open: PixelPool[] = [];

beforeAll(build, BUILD_TIME_MAX_MS);

afterEach(() => {
  for (const pool of open) pool.close();
  open = [];
});

async function start(workers = 2): Promise<PixelPool> {
  const slots = { raw: 1, image: 1, display: 1 };
  const pool = await PixelPool.start({ modes: [MODE], clock: new SystemClock(), slots, workers });
  open.push(pool);
  return pool;
}

type Scene = (x: number, y: number) => number;

interface Made extends FrameResult {
  readonly image: Uint16Array;
}

/** The scene in counts, with the noise of so many single frames. */
function frameOf(scene: Scene, noise: number): Uint16Array {
  const random = new Random(7);
  return Uint16Array.from({ length: PIXELS }, (_, i) => {
    const counts = scene(i % COLUMNS, Math.floor(i / COLUMNS));
    const deviation = Math.sqrt(counts * NOISE.countsPerQuantum + NOISE.readNoise ** 2);
    return Math.min(16383, Math.max(0, Math.round(counts + noise * deviation * random.gaussian())));
  });
}

/** The scene's radiograph, as 14 bits and by each of the settings. */
async function radiographs(
  scene: Scene,
  noise: number,
  settings: readonly Partial<ProcessingSetting>[],
  workers = 2,
): Promise<Made[]> {
  const pool = await start(workers);
  pool.raw.uint16(0, PIXELS).set(frameOf(scene, noise));
  const made: Made[] = [];
  for (const setting of settings) {
    const result = await pool.processRadiograph({
      rawSlot: 0,
      imageSlot: 0,
      modeIndex: 0,
      bitsStored: 14,
      processing: { ...PLAIN, ...setting },
      uncorrected: true,
    });
    made.push({ ...result, image: pool.image.uint16(0, PIXELS).slice() });
  }
  return made;
}

async function radiograph(scene: Scene, noise: number, setting: Partial<ProcessingSetting>) {
  const [made] = await radiographs(scene, noise, [setting]);
  if (made === undefined) throw new Error("no radiograph");
  return made;
}

function plainImage(frame: Uint16Array): Uint16Array {
  const curve = new Uint16Array(65536);
  fillCurve(curve, PLAIN, 14, 14);
  return frame.map((counts) => curve[counts] ?? 0);
}

/** Mean and deviation of the values in a rectangle. */
function figures(image: Uint16Array, left: number, top: number, right: number, bottom: number) {
  const values: number[] = [];
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) values.push(image[y * COLUMNS + x] ?? 0);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(square) };
}

const middle = (image: Uint16Array) => figures(image, 50, 50, COLUMNS - 50, ROWS - 50);
/** Something of everything: slopes, a bone, fine bars, a bright side. */
const body: Scene = (x, y) =>
  (x < 60 ? 14000 : 3000 + 4 * y) * (x % 90 < 30 ? 0.6 : 1) * (y % 8 < 4 ? 0.98 : 1);

test("a radiograph is the curve's values, bit by bit, where nothing is asked", async () => {
  const want = plainImage(frameOf(body, 1));
  for (const { image } of await radiographs(body, 1, [{}, { detail: 0, latitude: 0 }]))
    expect(image).toEqual(want);
});

test("a flat field keeps its level, and its noise falls by the part that is asked", async () => {
  for (const level of [80, 800, 6000]) {
    const parts = [0, 0.3, 0.6, 1];
    const made = await radiographs(
      () => level,
      1,
      parts.map((noise) => ({ noise })),
    );
    const [before, ...after] = made.map(({ image }) => middle(image));
    if (before === undefined) throw new Error("no radiograph");
    after.forEach((one, i) => {
      // Halvings round up: a few of the 16384 values where all detail of seven scales is left out.
      expect(Math.abs(one.mean - before.mean), `mean at ${level}`).toBeLessThan(6);
      const left = one.deviation / before.deviation;
      const asked = 1 - (parts[i + 1] ?? 0);
      expect(left, `noise at ${level}, ${asked} wanted`).toBeWithin(asked - 0.03, asked + 0.08);
    });
  }
});

test("noise is not raised with edges and detail", async () => {
  for (const level of [80, 800, 6000]) {
    const settings = [{}, { edge: 1.6, detail: 1 }];
    const [before, after] = (await radiographs(() => level, 1, settings)).map(({ image }) =>
      middle(image),
    );
    expect((after?.deviation ?? 0) / (before?.deviation ?? 1), `at ${level}`).toBeLessThan(1.05);
  }
});

test("a slight contrast of some millimetres rises with the detail asked for", async () => {
  // Discs of 3 mm that let 3 % less through.
  const discs: Scene = (x, y) =>
    2000 * (Math.hypot((x % 100) - 50, (y % 100) - 50) < 10 ? 0.97 : 1);
  const details = [0, 0.5, 1, 2];
  const made = await radiographs(
    discs,
    1,
    details.map((detail) => ({ detail, noise: 0.3 })),
  );
  const contrasts = made.map(({ image }) => {
    const disc = figures(image, 246, 246, 255, 255).mean;
    return disc - figures(image, 296, 246, 305, 255).mean;
  });
  const [none = 0, half = 0, one = 0, two = 0] = contrasts;
  expect(none).toBeGreaterThan(40);
  expect(half / none).toBeWithin(1.15, 1.6);
  expect(one / none).toBeWithin(1.35, 2.2);
  expect(two / none).toBeGreaterThan(one / none + 0.2);
});

test("fine structures rise with the edge asked for", async () => {
  // Bars of 0.8 mm, 2 % apart.
  const bars: Scene = (x) => 3000 * (x % 10 < 5 ? 0.98 : 1);
  const made = await radiographs(
    bars,
    0,
    [0, 1, 2].map((edge) => ({ edge })),
  );
  const [none = 0, one = 0, two = 0] = made.map(({ image }) => middle(image).deviation);
  expect(one / none).toBeWithin(1.15, 2);
  expect(two).toBeGreaterThan(one * 1.1);
});

test("a strong edge overshoots by a few per cent of its height, at the shipped settings' strengths", async () => {
  const edge: Scene = (x) => (x < 250 ? 1000 : 8000);
  for (const setting of [
    { edge: 1, detail: 0.5, noise: 0.3, latitude: 0.25 },
    { edge: 1.6, detail: 0.8, noise: 0.2, latitude: 0.1 },
  ]) {
    const { image } = await radiograph(edge, 0, setting);
    const row = image.subarray(200 * COLUMNS, 201 * COLUMNS);
    const [bright = 0, dark = 0] = [row[0], row[COLUMNS - 1]];
    const height = bright - dark;
    expect(height).toBeGreaterThan(1500);
    expect(Math.max(...row) - bright).toBeLessThan(0.07 * height);
    expect(dark - Math.min(...row)).toBeLessThan(0.07 * height);
  }
});

test("latitude compresses great differences and leaves slight ones", async () => {
  // Two halves a factor of eight apart, each with bars of 2 % and 1 mm. A bright strip across both: without it
  // the step between them is the edge of a collimator.
  const scene: Scene = (x, y) => (x < 250 && y > 50 ? 1000 : 8000) * (x % 12 < 6 ? 0.98 : 1);
  const [before, after] = await radiographs(scene, 0, [{}, { latitude: 0.5 }]);
  if (before === undefined || after === undefined) throw new Error("no radiograph");
  const sides = ({ image }: Made) => {
    const [left, right] = [figures(image, 0, 100, 96, 300), figures(image, 400, 100, 496, 300)];
    return { great: left.mean - right.mean, slight: left.deviation };
  };
  const [was, is] = [sides(before), sides(after)];
  expect(is.great / was.great).toBeWithin(0.45, 0.6);
  expect(is.slight / was.slight).toBeWithin(0.9, 1.05);
});

const STRONG = { edge: 1.6, noise: 0.5, detail: 1, latitude: 0.4 };

test("an enhanced radiograph does not depend on the number of threads", async () => {
  const settings = [STRONG, { ...STRONG, rotate: 90, flip: true } as const];
  const [one, turned] = await radiographs(body, 1, settings, 1);
  for (const workers of [2, 3, 5]) {
    const [again, turnedAgain] = await radiographs(body, 1, settings, workers);
    expect(again?.image).toEqual(one?.image ?? new Uint16Array());
    expect(turnedAgain?.image).toEqual(turned?.image ?? new Uint16Array());
    expect(turnedAgain?.window).toEqual(one?.window ?? { center: 0, width: 0 });
  }
  const [columns, rows] = [turned?.columns, turned?.rows];
  expect([columns, rows]).toEqual([ROWS, COLUMNS]);
});

test("every number of stored bits takes the same picture", async () => {
  const pool = await start();
  pool.raw.uint16(0, PIXELS).set(frameOf(body, 1));
  const means: number[] = [];
  for (const bitsStored of [8, 10, 12, 16]) {
    const processing = { ...PLAIN, ...STRONG };
    const request = { rawSlot: 0, imageSlot: 0, modeIndex: 0, bitsStored, processing };
    await pool.processRadiograph({ ...request, uncorrected: true });
    const image = pool.image.uint16(0, PIXELS);
    expect(image.every((value) => value < 2 ** bitsStored)).toBe(true);
    means.push(middle(image).mean / (2 ** bitsStored - 1));
  }
  for (const mean of means) expect(Math.abs(mean - (means[3] ?? 0))).toBeLessThan(0.002);
});

test("what lies behind the collimator is left alone, counts and field are the same", async () => {
  const scene: Scene = (x, y) =>
    x < 96 || x >= 400 || y < 96 || y >= 350 ? 30 : 1500 + 10 * (x % 200) + (y % 20 < 10 ? 60 : 0);
  const [before, after] = await radiographs(scene, 0.3, [{}, STRONG]);
  if (before?.analysis == null || after?.analysis == null) throw new Error("not looked at");
  expect(after.analysis).toEqual(before.analysis);
  const { left, top, right, bottom } = before.analysis.field;
  expect([left, top, right, bottom].join()).not.toBe([0, 0, COLUMNS, ROWS].join());
  // The collimator's edge, two boxes of the small picture, belongs to the picture.
  const edge = 2 * previewFactor({ columns: COLUMNS, rows: ROWS });
  const isOut = (x: number, y: number) =>
    x < left - edge || x >= right + edge || y < top - edge || y >= bottom + edge;
  let changed = 0;
  for (let i = 0; i < PIXELS; i++) {
    const [x, y] = [i % COLUMNS, Math.floor(i / COLUMNS)];
    if (before.image[i] === after.image[i]) continue;
    if (isOut(x, y)) throw new Error(`${x}, ${y} changed`);
    changed++;
  }
  expect(changed).toBeGreaterThan(((right - left) * (bottom - top)) / 2);
});

test("a strip inside the collimator's edge is enhanced as the rest is", async () => {
  // Openings that begin anywhere in a box of the small picture; inside all is alike.
  for (const first of [96, 99, 101, 103]) {
    const scene: Scene = (x, y) =>
      x < first || x >= 400 || y < first || y >= 350 ? 20 : 1500 * 2 ** ((x - first) / 120);
    const [before, after] = await radiographs(scene, 0, [{}, { latitude: 0.5 }]);
    const moved = (x: number) =>
      (after?.image[200 * COLUMNS + x] ?? 0) - (before?.image[200 * COLUMNS + x] ?? 0);
    const inside = moved(first + 60);
    expect(Math.abs(inside)).toBeGreaterThan(150);
    // A strip left plain would not have moved at all.
    for (let x = first; x < first + 40; x++) expect(moved(x) / inside).toBeWithin(0.7, 2.5);
  }
});

test("the automatic window is that of the enhanced picture", async () => {
  const ramp: Scene = (x) => 1000 * 2 ** (x / 200);
  const made = await radiographs(ramp, 0.5, [{}, { latitude: 0.5 }]);
  const [before, after] = made.map(({ window }) => window.width);
  expect((after ?? 0) / (before ?? 1)).toBeWithin(0.45, 0.6);
  const { image, window } = made[1] ?? {
    image: new Uint16Array(),
    window: { center: 0, width: 1 },
  };
  const within = image.filter((value) => Math.abs(value - window.center) <= window.width / 2);
  expect(within.length / PIXELS).toBeWithin(0.9, 0.995);
});

test("empty, saturated and tiny frames are processed", async () => {
  for (const level of [0, 16383]) {
    const { image, window } = await radiograph(() => level, 0, STRONG);
    expect(new Set(image).size).toBe(1);
    expect(window.width).toBeGreaterThanOrEqual(1);
  }
  const mode = { ...MODE, columns: 20, rows: 9 };
  const slots = { raw: 1, image: 1, display: 1 };
  const pool = await PixelPool.start({ modes: [mode], clock: new SystemClock(), slots });
  open.push(pool);
  pool.raw.uint16(0, 180).fill(700);
  const processing = { ...PLAIN, ...STRONG };
  const request = { rawSlot: 0, imageSlot: 0, modeIndex: 0, bitsStored: 14, processing };
  await pool.processRadiograph({ ...request, uncorrected: true });
  const curved = new Uint16Array(65536);
  fillCurve(curved, PLAIN, 14, 14);
  expect(new Set(pool.image.uint16(0, 180))).toEqual(new Set([curved[700] ?? 0]));
});

test("a radiograph between two frames of a run leaves nothing of itself in the run", async () => {
  const pool = await start();
  const processing = { ...PLAIN, noise: 1 };
  const request = { rawSlot: 0, imageSlot: 0, modeIndex: 0, bitsStored: 14, uncorrected: true };
  const frame = (deviceFrameId: number) =>
    pool.processFluoroFrame({
      ...request,
      processing,
      place: { run: 1, deviceFrameId, afterArm: false },
    });
  pool.raw.uint16(0, PIXELS).set(frameOf(() => 1000, 1));
  await frame(1);
  pool.raw.uint16(0, PIXELS).set(frameOf(body, 1));
  await pool.processRadiograph({ ...request, processing: { ...PLAIN, ...STRONG } });
  const next = frameOf(() => 1010, 1);
  pool.raw.uint16(0, PIXELS).set(next);
  await frame(2);
  expect(pool.image.uint16(0, PIXELS)).toEqual(plainImage(next));
});

test("a tone's noise is that of its counts along the curve", () => {
  for (const characteristic of ["linear", "logarithmic"] as const)
    for (const invert of [false, true]) {
      const curve = { characteristic, invert };
      const tones = new Uint16Array(65536);
      fillTones(tones, curve, 14);
      expect([tones[0], tones[16383]].toSorted()).toEqual(
        [TONE_LOW, TONE_LOW + TONE_SPAN].toSorted(),
      );
      for (const counts of [100, 1000, 9000]) {
        const noise = Math.sqrt(counts * NOISE.countsPerQuantum + NOISE.readNoise ** 2);
        const [a = 0, b = 0] = [tones[counts - 50], tones[counts + 50]];
        const want = (Math.abs(b - a) / 100) * noise;
        const got = toneNoise(tones[counts] ?? 0, curve, 14, NOISE);
        expect(got / want).toBeWithin(0.88, 1.12);
      }
    }
});

test("the ends of the tones become the ends of the stored values", () => {
  for (let bits = 8; bits <= 16; bits++) {
    const { factor, shift } = storedScale(bits);
    expect(factor).toBeLessThan(65536);
    // The kernel holds what is beyond 16 bits.
    const stored = Math.min(
      65535,
      Math.floor((TONE_SPAN * factor + 2 ** (shift - 1)) / 2 ** shift),
    );
    expect(stored).toBe(2 ** bits - 1);
  }
});

test("places of activity rise without gaps up to the greatest", () => {
  const places = Array.from({ length: 112 }, (_, place) => activityAt(place));
  for (let i = 1; i < places.length; i++)
    expect((places[i] ?? 0) - (places[i - 1] ?? 0)).toBeGreaterThanOrEqual(1);
  expect(places[111]).toBeWithin(63000, 65536);
  expect(GAIN_TABLE_ENTRIES).toBe(64 * 128);
});

test("a pyramid over any part of a frame fits the room of the whole", () => {
  const random = new Random(3);
  for (let i = 0; i < 500; i++) {
    const [columns, rows] = [random.int(24, 3000), random.int(24, 3000)];
    const [part, height] = [random.int(24, columns), random.int(24, rows)];
    const { levels } = pyramidOver({ columns: part, rows: height, stride: columns, at: 0 }, 64);
    const last = levels.at(-1);
    if (last === undefined) throw new Error("no level");
    expect(levels.length).toBeLessThanOrEqual(SCALES_MAX);
    const end = last.gain + last.stride * last.rows * 2;
    expect(end).toBeLessThanOrEqual(64 + pyramidBytes(columns, rows));
  }
});
