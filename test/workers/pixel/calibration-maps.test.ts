// Maps out of summed frames of a small sensor whose faults are known.

import { expect, test } from "bun:test";
import { Random } from "../../../src/core/random.ts";
import {
  completeLines,
  darkDefects,
  type FrameSums,
  flatDefects,
  gainMap,
  offsetMap,
} from "../../../src/workers/pixel/calibration-maps.ts";
import { accumulated } from "./oracle.ts";

const SHAPE = { columns: 128, rows: 96 };
const PIXELS = SHAPE.columns * SHAPE.rows;
const FULL_SCALE = 16383;
const FRAMES = 24;

/** Sums of frames whose pixels have these levels and this noise. */
function sums(level: (pixel: number) => number, noise: number, seed: number): FrameSums {
  const random = new Random(seed);
  const frames = Array.from({ length: FRAMES }, () =>
    Uint16Array.from({ length: PIXELS }, (_, i) =>
      Math.min(FULL_SCALE, Math.max(0, Math.round(level(i) + noise * random.gaussian()))),
    ),
  );
  const { sums, squares } = accumulated(frames);
  return { sums: Uint32Array.from(sums), squares: Uint32Array.from(squares), frames: FRAMES };
}

const dark = (level = (_: number) => 220) => sums(level, 2.2, 1);
/** Flat field of 6000 counts, the sensor 2 % brighter to the right. */
const RESPONSE = (i: number) => 1 + 0.02 * ((i % SHAPE.columns) / SHAPE.columns - 0.5);
const flat = (counts = 6000) => sums((i) => 220 + counts * RESPONSE(i), 60, 2);
const words = () => new Uint16Array(PIXELS);

test("an offset map is the mean of the dark frames, with its spread and the noise of a frame", () => {
  const out = words();
  const figures = offsetMap(
    dark((i) => 200 + (i % 2)),
    SHAPE,
    out,
  );
  expect(figures.mean).toBeCloseTo(200.5, 0);
  expect(figures.noise).toBeGreaterThan(1.9);
  expect(figures.noise).toBeLessThan(2.6);
});

test("drift from frame to frame is no noise", () => {
  const frames = Array.from({ length: FRAMES }, (_, k) => words().fill(200 + k));
  const { sums, squares } = accumulated(frames);
  const summed = {
    sums: Uint32Array.from(sums),
    squares: Uint32Array.from(squares),
    frames: FRAMES,
  };
  expect(offsetMap(summed, SHAPE, words()).noise).toBeLessThan(1);
});

test("a gain map makes the flats flat, 1 on average in the middle", () => {
  const offset = words();
  offsetMap(dark(), SHAPE, offset);
  const gain = words();
  const result = gainMap(flat(), offset, SHAPE, FULL_SCALE, gain);
  expect(result.kind).toBe("made");
  if (result.kind !== "made") return;
  expect(result.figures.mean).toBeGreaterThan(5950);
  expect(result.figures.mean).toBeLessThan(6050);
  let worst = 0;
  for (let i = 0; i < PIXELS; i++)
    worst = Math.max(worst, Math.abs(((gain[i] ?? 0) / 32768) * RESPONSE(i) - 1));
  // Noise of 24 flats: 1 % / √24, some five times that at the worst of 12,288 pixels.
  expect(worst).toBeLessThan(0.011);
});

const REFUSALS = [
  ["too dark a field", 300, "raise the mAs"],
  ["too bright a field", 15000, "lower the mAs"],
] as const;
for (const [what, counts, words_] of REFUSALS)
  test(`${what} is refused in words`, () => {
    const offset = words();
    offsetMap(dark(), SHAPE, offset);
    const result = gainMap(flat(counts), offset, SHAPE, FULL_SCALE, words());
    expect(result).toMatchObject({ kind: "refused" });
    expect(result.kind === "refused" && result.reason).toContain(words_);
  });

test("something in the beam is refused in words", () => {
  const offset = words();
  offsetMap(dark(), SHAPE, offset);
  const shadowed = sums((i) => 220 + (i % SHAPE.columns < 40 ? 1000 : 6000), 60, 3);
  const result = gainMap(shadowed, offset, SHAPE, FULL_SCALE, words());
  expect(result.kind === "refused" && result.reason).toContain("out of the beam");
});

test("dead, hot, stuck, flickering and dull pixels are found, and hardly any other", () => {
  const DEAD = 5_000;
  const HOT = 6_001;
  const DULL = 7_002;
  const FLICKER = 3_003;
  const random = new Random(9);
  const offset = words();
  const darks = sums(
    (i) => (i === DEAD ? 3 : i === HOT ? 9_000 : i === FLICKER ? 220 + random.int(0, 90) : 220),
    2.2,
    4,
  );
  offsetMap(darks, SHAPE, offset);
  const defect = words();
  darkDefects({ offset, dark: darks }, SHAPE, defect);
  expect([defect[DEAD], defect[HOT], defect[FLICKER]]).toEqual([1, 1, 1]);
  const flats = sums(
    (i) => (i === DEAD ? 3 : i === HOT ? 9_000 : 220 + (i === DULL ? 4_500 : 6_000)),
    60,
    5,
  );
  flatDefects(flats, offset, SHAPE, defect);
  const { pixels, inLines } = completeLines(SHAPE, defect);
  expect(defect[DULL]).toBe(1);
  expect(inLines).toBe(0);
  expect(pixels).toBeLessThanOrEqual(6);
});

test("a line that is defective for the most part is defective throughout, and ends where it ends", () => {
  const map = words();
  const at = (x: number, y: number) => y * SHAPE.columns + x;
  for (let y = 20; y < SHAPE.rows; y++) if (y % 3 !== 0) map[at(50, y)] = 1;
  map[at(90, 10)] = 1;
  const { pixels, inLines } = completeLines(SHAPE, map);
  expect(map[at(50, 20)]).toBe(1);
  expect(map[at(50, 30)]).toBe(1);
  expect(map[at(50, 19)]).toBe(0);
  expect(inLines).toBe(SHAPE.rows - 20);
  expect(pixels).toBe(inLines + 1);
});

test("a lone defect beyond a line's ends does not lengthen it", () => {
  const map = words();
  const at = (x: number, y: number) => y * SHAPE.columns + x;
  for (let y = 30; y < 80; y++) map[at(50, y)] = 1;
  for (const y of [4, 10, 88]) map[at(50, y)] = 1;
  const { pixels, inLines } = completeLines(SHAPE, map);
  expect([map[at(50, 29)], map[at(50, 30)], map[at(50, 79)], map[at(50, 80)]]).toEqual([
    0, 1, 1, 0,
  ]);
  expect(inLines).toBe(50);
  expect(pixels).toBe(53);
});
