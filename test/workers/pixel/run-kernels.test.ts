// The filters of runs: bit by bit against their plain twins, whole and in bands, and as what they are for:
// noise falls, moving things leave no trail, edges rise and noise does not.

import { afterEach, beforeAll, expect, test } from "bun:test";
import { Random } from "../../../src/core/random.ts";
import {
  fillNoiseLines,
  NOISE_LINES_BYTES,
  type NoiseModel,
} from "../../../src/workers/pixel/noise-model.ts";
import { noiseLeftAt, RunHistory } from "../../../src/workers/pixel/run-filter.ts";
import { runTask } from "../../../src/workers/pixel/run-task.ts";
import { type Bench, BUILD_TIME_MAX_MS, bench } from "./bench-memory.ts";
import * as oracle from "./run-oracle.ts";

let b: Bench;
const random = new Random(11);
/** The simulated panel's binned mode. */
const NOISE: NoiseModel = { countsPerQuantum: 2.2, readNoise: 3 };

beforeAll(async () => {
  b = await bench();
}, BUILD_TIME_MAX_MS);

afterEach(() => {
  b.checkGuards();
  b.clear();
});

const SHAPES = [
  [8, 1],
  [8, 9],
  [9, 2],
  [15, 8],
  [16, 5],
  [67, 35],
  [150, 31],
] as const;
const EDGES = [0, 1, 255, 256, 16383, 32767, 32768, 36407, 65534, 65535];

/** Values with neighbours alike, as in pictures, and leaps among them. */
function picture(count: number): Uint16Array {
  let level = 1000;
  return Uint16Array.from({ length: count }, () => {
    if (random.chance(0.05)) level = random.chance(0.5) ? random.pick(EDGES) : random.int(0, 65535);
    return Math.min(65535, Math.max(0, level + random.int(-60, 60)));
  });
}

const near = (pixels: Uint16Array) =>
  pixels.map((value) => (random.chance(0.02) ? random.pick(EDGES) : Math.max(0, value - 20)));

function tangents(model: NoiseModel, factor: number): readonly oracle.Tangent[] {
  const lines = new Int16Array(NOISE_LINES_BYTES / 2);
  fillNoiseLines(lines, model, factor);
  return Array.from({ length: lines.length / 16 }, (_, i) => [
    lines[i * 16] ?? 0,
    lines[i * 16 + 8] ?? 0,
  ]);
}

function bandsAt(rows: number, cut: number) {
  return [
    { rowFrom: 0, rowTo: cut },
    { rowFrom: cut, rowTo: rows },
  ].filter(({ rowFrom, rowTo }) => rowTo > rowFrom);
}

const scratchFor = (columns: number) => b.area8(NOISE_LINES_BYTES + 4 * (columns * 2 + 32));

for (const model of [NOISE, { countsPerQuantum: 40, readNoise: 3 }])
  test(`the filter in time is its twin to the bit, in any bands, at ${model.countsPerQuantum} counts a quantum`, () => {
    for (const [columns, rows] of SHAPES)
      for (const keep of [0.25, 0.875, 1]) {
        b.clear();
        const source = b.put16(picture(columns * rows));
        const previous = b.put16(near(source.view));
        const out = b.put16(new Uint16Array(columns * rows));
        const scratch = scratchFor(columns);
        for (const band of bandsAt(rows, random.int(0, rows)))
          runTask(b.kernels, b.buffer, {
            type: "recursive",
            source: source.at,
            previous: previous.at,
            out: out.at,
            keep,
            noise: model,
            shape: { columns, rows },
            band,
            scratch: scratch.at,
          });
        const want = oracle.recursive(
          { pixels: source.view, columns, rows },
          { pixels: previous.view, columns, rows },
          Math.min(32767, keep * 32768),
          tangents(model, 4),
        );
        expect(out.view).toEqual(want);
        b.checkGuards();
      }
  });

test("the edge filter is its twin to the bit, in any bands", () => {
  for (const [columns, rows] of SHAPES)
    for (const gain of [0.6, 1, 4]) {
      b.clear();
      const source = b.put16(picture(columns * rows));
      const out = b.put16(new Uint16Array(columns * rows));
      const scratch = scratchFor(columns);
      for (const band of bandsAt(rows, random.int(0, rows)))
        runTask(b.kernels, b.buffer, {
          type: "edge",
          source: source.at,
          out: out.at,
          gain,
          noise: NOISE,
          factor: 0.5,
          shape: { columns, rows },
          band,
          scratch: scratch.at,
        });
      const want = oracle.edge(
        { pixels: source.view, columns, rows },
        Math.min(32767, Math.round(gain * 4096)),
        tangents(NOISE, 0.5),
      );
      expect(out.view).toEqual(want);
      b.checkGuards();
    }
});

test("the tangents give the noise of every level within 15 %", () => {
  const lines = tangents(NOISE, 4);
  for (let counts = 32; counts <= 32767; counts = Math.ceil(counts * 1.07)) {
    const level = Math.min(...lines.map(([offset, slope]) => offset + (slope * counts) / 32768));
    const noise = 4 * Math.sqrt(2.2 * counts + 9);
    // Half a count of rounding in the offset besides.
    expect(level).toBeGreaterThan(noise - 1);
    expect(level).toBeLessThan(noise * 1.15 + 1);
  }
});

// ---- what they are for ------------------------------------------------------------------------------

const COLUMNS = 96;
const ROWS = 64;

/** Plays frames through the filter; gives the filtered ones. */
function play(frames: number, strength: number, mean: (x: number, y: number, n: number) => number) {
  b.clear();
  const work = b.put16(new Uint16Array(COLUMNS * ROWS));
  const areas = [work, work].map(() => b.put16(new Uint16Array(COLUMNS * ROWS)));
  const scratch = scratchFor(COLUMNS);
  const history = new RunHistory();
  const seen: Uint16Array[] = [];
  for (let n = 0; n < frames; n++) {
    for (let y = 0; y < ROWS; y++)
      for (let x = 0; x < COLUMNS; x++) {
        const m = mean(x, y, n);
        const sd = Math.sqrt(NOISE.countsPerQuantum * m + NOISE.readNoise ** 2);
        work.view[y * COLUMNS + x] = Math.max(0, Math.round(m + sd * random.gaussian()));
      }
    const time = history.next({ run: 1, deviceFrameId: n, afterArm: false }, 0, strength);
    const out = time === null ? undefined : areas[time.next];
    const previous = time?.previous == null ? undefined : areas[time.previous];
    if (time !== null && out !== undefined && previous !== undefined)
      runTask(b.kernels, b.buffer, {
        type: "recursive",
        source: work.at,
        previous: previous.at,
        out: out.at,
        keep: time.keep,
        noise: NOISE,
        shape: { columns: COLUMNS, rows: ROWS },
        band: { rowFrom: 0, rowTo: ROWS },
        scratch: scratch.at,
      });
    else out?.view.set(work.view);
    seen.push((out ?? work).view.slice());
  }
  return seen;
}

function spread(pixels: Uint16Array, wanted: number) {
  let sum = 0;
  let squares = 0;
  for (const value of pixels) {
    sum += value - wanted;
    squares += (value - wanted) ** 2;
  }
  const bias = sum / pixels.length;
  return { bias, sd: Math.sqrt(squares / pixels.length - bias ** 2) };
}

for (const [strength, level] of [
  [0.3, 1000],
  [0.7, 60],
  [0.7, 1000],
  [0.7, 9000],
  [1, 1000],
] as const)
  test(`at strength ${strength} and ${level} counts the noise of a still scene falls to what is stated`, () => {
    const single = Math.sqrt(NOISE.countsPerQuantum * level + NOISE.readNoise ** 2);
    const frames = play(40, strength, () => level);
    const left = spread(frames.at(-1) ?? new Uint16Array(), level);
    expect(left.sd / single).toBeGreaterThan(noiseLeftAt(strength) * 0.93);
    expect(left.sd / single).toBeLessThan(noiseLeftAt(strength) * 1.08 + 0.5 / single);
    expect(Math.abs(left.bias)).toBeLessThan(single * 0.02 + 0.5);
  });

test("the first frames are averaged, so that the fourth has half the noise", () => {
  const frames = play(4, 1, () => 1000);
  const single = Math.sqrt(NOISE.countsPerQuantum * 1000 + NOISE.readNoise ** 2);
  expect(spread(frames[3] ?? new Uint16Array(), 1000).sd / single).toBeCloseTo(0.5, 1);
});

test("a moving bar leaves no trail: where it was a frame ago, at most 5 % of its contrast are left", () => {
  const [level, bar] = [1000, 6];
  const contrast = 300;
  const left = (n: number) => 10 + n * bar;
  const inside = (x: number, n: number) => x >= left(n) && x < left(n) + bar;
  const frames = play(12, 1, (x, _y, n) => (inside(x, n) ? level - contrast : level));
  for (let n = 6; n < 12; n++) {
    let trail = 0;
    let own = 0;
    let count = 0;
    for (let y = 2; y < ROWS - 2; y++)
      for (let x = 0; x < COLUMNS; x++) {
        const value = frames[n]?.[y * COLUMNS + x] ?? 0;
        if (inside(x, n - 1)) trail += level - value;
        if (inside(x, n)) own += level - value;
        if (inside(x, n)) count++;
      }
    expect(Math.abs(trail / count)).toBeLessThan(contrast * 0.05);
    // And it is there at once, in full.
    expect(own / count).toBeGreaterThan(contrast * 0.95);
  }
});

test("a faint thing below the noise of a frame fades within a few frames", () => {
  const frames = play(50, 0.7, (x, _y, n) => (x < 48 && n < 25 ? 1030 : 1000));
  const mean = (n: number) => {
    const half = (frames[n] ?? new Uint16Array()).filter((_, i) => i % COLUMNS < 44);
    return half.reduce((sum, value) => sum + value, 0) / half.length;
  };
  expect(mean(24)).toBeGreaterThan(1027);
  // 1 − k a frame, k = 0.23: after nine frames a tenth is left.
  expect(mean(25 + 9)).toBeLessThan(1000 + 30 * 0.13);
});

test("strength 0 is the identity", () => {
  const history = new RunHistory();
  for (let n = 0; n < 3; n++)
    expect(history.next({ run: 1, deviceFrameId: n, afterArm: false }, 0, 0)).toBeNull();
});

test("a run, a mode, a gap and a frame begun before the beam each begin anew", () => {
  const fresh = (
    second: Partial<{ run: number; deviceFrameId: number; afterArm: boolean }>,
    mode = 0,
  ) => {
    const history = new RunHistory();
    const first = { run: 1, deviceFrameId: 10, afterArm: false };
    history.next(first, 0, 0.7);
    return history.next({ ...first, deviceFrameId: 11, ...second }, mode, 0.7);
  };
  expect(fresh({})?.previous).not.toBeNull();
  expect(fresh({ deviceFrameId: 14 })?.previous).not.toBeNull();
  expect(fresh({ deviceFrameId: 15 })?.previous).toBeNull();
  expect(fresh({ deviceFrameId: 9 })?.previous).toBeNull();
  expect(fresh({ run: 2 })?.previous).toBeNull();
  expect(fresh({}, 1)?.previous).toBeNull();
  expect(fresh({ afterArm: true })).toBeNull();

  const history = new RunHistory();
  history.next({ run: 1, deviceFrameId: 0, afterArm: true }, 0, 0.7);
  const after = history.next({ run: 1, deviceFrameId: 1, afterArm: false }, 0, 0.7);
  expect(after?.previous).toBeNull();
});

test("the edge filter lifts a fine line and leaves flat noise as it is", () => {
  const still = (x: number) => (x === 40 ? 700 : 1000);
  const noisy = play(1, 0, (x) => still(x))[0] ?? new Uint16Array();
  b.clear();
  const source = b.put16(noisy);
  const out = b.put16(new Uint16Array(COLUMNS * ROWS));
  const scratch = scratchFor(COLUMNS);
  runTask(b.kernels, b.buffer, {
    type: "edge",
    source: source.at,
    out: out.at,
    gain: 1,
    noise: NOISE,
    factor: 1.2,
    shape: { columns: COLUMNS, rows: ROWS },
    band: { rowFrom: 0, rowTo: ROWS },
    scratch: scratch.at,
  });
  const columnMean = (pixels: Uint16Array, x: number) => {
    let sum = 0;
    for (let y = 0; y < ROWS; y++) sum += pixels[y * COLUMNS + x] ?? 0;
    return sum / ROWS;
  };
  const depth = (pixels: Uint16Array) => 1000 - columnMean(pixels, 40);
  expect(depth(out.view) / depth(noisy)).toBeGreaterThan(1.3);
  const flat = (pixels: Uint16Array) => pixels.filter((_, i) => i % COLUMNS >= 50);
  const before = spread(flat(noisy), 1000).sd;
  expect(spread(flat(out.view), 1000).sd / before).toBeLessThan(1.25);
});
