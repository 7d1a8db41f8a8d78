// Every kernel against its plain JavaScript twin, over random and edge values and awkward sizes.

import { afterEach, beforeAll, expect, test } from "bun:test";
import { Random } from "../../../src/core/random.ts";
import { applyWindow, fillLevels, orient } from "../../../src/workers/pixel/run-task.ts";
import { planWindow } from "../../../src/workers/pixel/window.ts";
import { type Bench, BUILD_TIME_MAX_MS, bench } from "./bench-memory.ts";
import * as oracle from "./oracle.ts";

let b: Bench;
const random = new Random(7);

beforeAll(async () => {
  b = await bench();
}, BUILD_TIME_MAX_MS);

afterEach(() => {
  b.checkGuards();
  b.clear();
});

const EDGES = [0, 1, 2, 255, 256, 16383, 16384, 32766, 32767, 32768, 32769, 65534, 65535];
/** Random values with many extreme ones among them. */
const values = (count: number, max = 65535) =>
  Uint16Array.from({ length: count }, () =>
    Math.min(max, random.chance(0.3) ? random.pick(EDGES) : random.int(0, max)),
  );
const COUNTS = [0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 1000, 4097];

for (const [name, max] of [
  ["correct15", 32767],
  ["correct16", 65535],
] as const)
  test(`${name} subtracts the offset, stops at zero and rounds the product to nearest`, () => {
    for (const count of COUNTS) {
      b.clear();
      const raw = b.put16(values(count, max));
      const offset = b.put16(values(count));
      const gain = b.put16(values(count));
      const out = b.put16(new Uint16Array(count));
      b.kernels[name](raw.at, offset.at, gain.at, out.at, count);
      const want = raw.view.map((r, i) =>
        oracle.correct(r, offset.view[i] ?? 0, gain.view[i] ?? 0),
      );
      expect(out.view).toEqual(want);
      b.checkGuards();
    }
  });

test("correct16 saturates at full scale", () => {
  const raw = b.put16(new Uint16Array(9).fill(65535));
  const offset = b.put16(new Uint16Array(9));
  const gain = b.put16(new Uint16Array(9).fill(65535));
  const out = b.put16(new Uint16Array(9));
  b.kernels.correct16(raw.at, offset.at, gain.at, out.at, 9);
  expect([...out.view]).toEqual(new Array(9).fill(65535));
});

test("correct15 takes raw values beyond 15 bits as full scale", () => {
  const raw = b.put16(new Uint16Array(17).fill(60000));
  const offset = b.put16(new Uint16Array(17).fill(100));
  const gain = b.put16(new Uint16Array(17).fill(32768));
  const out = b.put16(new Uint16Array(17));
  b.kernels.correct15(raw.at, offset.at, gain.at, out.at, 17);
  expect([...out.view]).toEqual(new Array(17).fill(32667));
});

test("repair replaces each listed pixel by the weighted mean of its neighbours", () => {
  const pixels = b.put16(values(64));
  const before = pixels.view.slice();
  const records = b.area32(16);
  records.view.set([5, 4, 6, 5, 5, (16384 | (16384 << 16)) >>> 0, 0, 0]);
  records.view.set([20, 12, 28, 19, 21, 8192 | (8192 << 16), 8192 | (8192 << 16), 0], 8);
  b.kernels.repair(pixels.at, records.at, 2);
  const at = (i: number) => before[i] ?? 0;
  const want = before.slice();
  want[5] = Math.floor((at(4) + at(6)) / 2 + 0.5);
  want[20] = Math.floor((at(12) + at(28) + at(19) + at(21)) / 4 + 0.5);
  expect(pixels.view).toEqual(want);
});

const SHAPES = [
  [1, 1],
  [1, 9],
  [7, 5],
  [8, 8],
  [16, 24],
  [33, 40],
  [67, 35],
  [100, 3],
  [150, 75],
] as const;

for (const rotate of [0, 90, 180, 270] as const)
  for (const flip of [false, true])
    test(`turning by ${rotate}°${flip ? " and mirroring" : ""} is right, also in bands`, () => {
      for (const [columns, rows] of SHAPES) {
        b.clear();
        const source = b.put16(values(columns * rows));
        const out = b.put16(new Uint16Array(columns * rows));
        const cut = random.int(0, rows);
        for (const band of [
          { rowFrom: 0, rowTo: cut },
          { rowFrom: cut, rowTo: rows },
        ])
          orient(b.kernels, source.at, out.at, { columns, rows }, band, { rotate, flip });
        const want = oracle.orient({ pixels: source.view.slice(), columns, rows }, rotate, flip);
        expect(out.view).toEqual(want.pixels);
        b.checkGuards();
      }
    });

test("the histogram counts every pixel of the rectangle once, excess in the last bin", () => {
  const [columns, rows, left, top] = [45, 30, 3, 2];
  const pixels = values(columns * rows);
  for (const bits of [14, 15, 16])
    for (const [width, height] of [
      [columns, rows],
      [37, 20],
      [5, 1],
      [8, 3],
    ] as const) {
      b.clear();
      const inset = width < columns ? top * columns + left : 0;
      const source = b.put16(pixels);
      const bins = b.area32(4 << bits);
      bins.view.fill(0);
      b.kernels.histogram(source.at + inset * 2, columns, width, height, bins.at, bits);
      b.kernels.foldHistogram(bins.at, bits);
      const want = new Uint32Array(1 << bits);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const bin = Math.min(want.length - 1, pixels[inset + y * columns + x] ?? 0);
          want[bin] = (want[bin] ?? 0) + 1;
        }
      expect(bins.view.subarray(0, 1 << bits)).toEqual(want);
      b.checkGuards();
    }
});

test("a flat frame fills one bin", () => {
  const source = b.put16(new Uint16Array(4096).fill(1234));
  const bins = b.area32(4 << 14);
  bins.view.fill(0);
  b.kernels.histogram(source.at, 64, 64, 64, bins.at, 14);
  b.kernels.foldHistogram(bins.at, 14);
  expect(bins.view[1234]).toBe(4096);
});

test("histograms add up", () => {
  const sums = b.area32(16);
  const more = b.area32(16);
  sums.view.set(Array.from({ length: 16 }, (_, i) => i));
  more.view.fill(10);
  b.kernels.addUp(sums.at, more.at, 16);
  expect([...sums.view]).toEqual(Array.from({ length: 16 }, (_, i) => i + 10));
});

test("statistics are exact sums over the rectangle", () => {
  for (const [columns, rows] of [
    [1, 1],
    [7, 3],
    [8, 2],
    [50, 41],
  ] as const) {
    b.clear();
    const stride = columns + 5;
    const pixels = values(stride * rows);
    const source = b.put16(pixels);
    const out = b.area64(4);
    b.kernels.statistics(source.at, stride, columns, rows, out.at);
    const inside = [...pixels].filter((_, i) => i % stride < columns);
    const sum = inside.reduce((a, v) => a + v, 0);
    const squares = inside.reduce((a, v) => a + v * v, 0);
    expect([...out.view]).toEqual([sum, squares, Math.min(...inside), Math.max(...inside)]);
    b.checkGuards();
  }
});

test("statistics do not overflow on full-scale pixels", () => {
  const source = b.put16(new Uint16Array(400_000).fill(65535));
  const out = b.area64(4);
  b.kernels.statistics(source.at, 1000, 1000, 400, out.at);
  expect([...out.view]).toEqual([400_000 * 65535, 400_000 * 65535 ** 2, 65535, 65535]);
});

/** Center and width pairs: typical, odd, even, fractional, tiny, huge, out of range. */
const WINDOWS: readonly (readonly [number, number])[] = [
  [2048, 4096],
  [2048.5, 4096],
  [1000, 1],
  [1000, 2],
  [1000.5, 2],
  [1000, 1.5],
  [1000.3, 2.7],
  [1000, 3],
  [127.5, 256],
  [128, 256],
  [40, 400],
  [8192, 16384],
  [8192.5, 16383],
  [32768, 65536],
  [32767.5, 65535],
  [5000, 9999],
  [10, 100],
  [65530, 60],
  [-100, 50],
  [-100, 400],
  [70000, 100],
  [70000, 30000],
  [0, 65536],
  [1234.56, 789.01],
  [3000, 511],
  [3000, 257],
];

const ALL_VALUES = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The printed formula, or whole-number arithmetic where its floating point might round wrongly. */
function expected(x: number, center: number, width: number): number {
  const y = oracle.windowFormula(x, center, width) + 0.5;
  return Math.abs(y - Math.round(y)) > 1e-6 ? Math.floor(y) : oracle.windowed(x, center, width);
}

function checkWindow(center: number, width: number): string {
  b.clear();
  const source = b.put16(ALL_VALUES);
  const out = b.area8(65536);
  const levels = b.area8(65536);
  const plan = planWindow({ center, width });
  if (plan.by === "table") fillLevels(levels.view, { center, width });
  applyWindow(b.kernels, source.at, out.at, 65536, plan, levels.at);
  const wrong = ALL_VALUES.filter((x) => out.view[x] !== expected(x, center, width));
  expect({ center, width, by: plan.by, wrong: [...wrong.subarray(0, 3)] }).toEqual({
    center,
    width,
    by: plan.by,
    wrong: [],
  });
  b.checkGuards();
  return plan.by;
}

test("the window is that of PS3.3 C.11.2.1.2.1 for every value and every kind of window", () => {
  for (const [center, width] of WINDOWS) checkWindow(center, width);
});

test("random windows are exact, and by multiplication unless only a few values wide", () => {
  for (let i = 0; i < 150; i++) {
    const width = random.int(1, random.pick([10, 300, 4096, 16384, 65536]));
    const center = random.int(0, 32768) + (random.chance(0.5) ? 0.5 : 0);
    const by = checkWindow(center, width);
    if (width > 4) expect(by).not.toBe("table");
  }
});

test("the oracle's whole-number window is the printed formula, rounded", () => {
  const wrong: string[] = [];
  for (const [center, width] of WINDOWS)
    for (let x = 0; x < 65536; x += 7) {
      const off = oracle.windowFormula(x, center, width) - oracle.windowed(x, center, width);
      if (Math.abs(off) > 0.5 + 1e-9) wrong.push(`${x} in ${center}, ${width}`);
    }
  expect(wrong).toEqual([]);
});

test("steep, usual and the widest windows take the product they need", () => {
  const narrow = Array.from(
    { length: 60 },
    (_, i) => planWindow({ center: 1000, width: i + 5 }).by,
  );
  expect(new Set(narrow)).toEqual(new Set(["product", "steep-product"]));
  for (const width of [600, 1500, 4096, 6001, 8488])
    expect(planWindow({ center: 5000, width }).by).toBe("product");
  expect(planWindow({ center: 30000.5, width: 60001 }).by).toBe("fine-product");
});

test("windowing odd counts leaves what lies behind alone", () => {
  for (const count of COUNTS)
    for (const window of [
      { center: 2000, width: 3000 },
      { center: 8000, width: 16000 },
      { center: 1000, width: 1.5 },
    ]) {
      b.clear();
      const source = b.put16(values(count));
      const out = b.area8(count);
      const levels = b.area8(65536);
      const plan = planWindow(window);
      fillLevels(levels.view, window);
      applyWindow(b.kernels, source.at, out.at, count, plan, levels.at);
      const want = Uint8Array.from(source.view, (x) =>
        oracle.windowed(x, window.center, window.width),
      );
      expect(out.view).toEqual(want);
      b.checkGuards();
    }
});

test("a table of 16 bits is applied to each pixel, in place too", () => {
  const table = values(65536);
  for (const count of COUNTS) {
    b.clear();
    const source = b.put16(values(count));
    const area = b.put16(table);
    const want = source.view.map((x) => table[x] ?? 0);
    b.kernels.lut16(source.at, source.at, count, area.at);
    expect(source.view).toEqual(want);
    b.checkGuards();
  }
});

test("halving averages boxes of four, at odd edges what is there", () => {
  for (const [columns, rows] of [...SHAPES, [48, 10] as const, [49, 11] as const]) {
    b.clear();
    const source = b.put16(values(columns * rows));
    const out = b.put16(new Uint16Array(Math.ceil(columns / 2) * Math.ceil(rows / 2)));
    b.kernels.halve(source.at, columns, rows, out.at);
    expect(out.view).toEqual(oracle.halve({ pixels: source.view, columns, rows }));
    b.checkGuards();
  }
});

test("shrinking averages boxes of any whole factor", () => {
  for (const [columns, rows] of SHAPES)
    for (const factor of [1, 2, 3, 8, 10, 16, 17]) {
      b.clear();
      const source = b.put16(values(columns * rows));
      const out = b.put16(new Uint16Array(Math.ceil(columns / factor) * Math.ceil(rows / factor)));
      b.kernels.shrink(source.at, columns, rows, out.at, factor);
      expect(out.view).toEqual(oracle.shrink({ pixels: source.view, columns, rows }, factor));
      b.checkGuards();
    }
});

test("shrinking does not overflow on full-scale boxes", () => {
  const source = b.put16(new Uint16Array(256 * 256).fill(65535));
  const out = b.put16([0]);
  b.kernels.shrink(source.at, 256, 256, out.at, 256);
  expect(out.view[0]).toBe(65535);
});

test("accumulate sums frames and the squares of their differences, begun anew by the first", () => {
  for (const count of COUNTS) {
    b.clear();
    const frames = Array.from({ length: 5 }, () => values(count));
    const source = b.put16(new Uint16Array(count));
    const previous = b.put16(values(count));
    const sums = b.area32(count);
    const squares = b.area32(count);
    frames.forEach((frame, k) => {
      source.view.set(frame);
      b.kernels.accumulate(source.at, previous.at, sums.at, squares.at, count, k === 0);
    });
    const want = oracle.accumulated(frames);
    expect([...sums.view]).toEqual(want.sums);
    expect([...squares.view]).toEqual(want.squares);
    b.checkGuards();
  }
});

test("accumulate holds 128 frames of the greatest difference", () => {
  const source = b.put16(new Uint16Array(9));
  const previous = b.put16(new Uint16Array(9));
  const sums = b.area32(9);
  const squares = b.area32(9);
  for (let k = 0; k < 128; k++) {
    source.view.fill(k % 2 === 0 ? 0 : 65535);
    b.kernels.accumulate(source.at, previous.at, sums.at, squares.at, 9, k === 0);
  }
  expect([...sums.view]).toEqual(new Array(9).fill(64 * 65535));
  expect([...squares.view]).toEqual(new Array(9).fill(127 * 4095 * 4095));
});
