// Field, direct beam and relevant range on drawn pictures.

import { expect, test } from "bun:test";
import { Random } from "../../../src/core/random.ts";
import {
  anatomyMask,
  type Picture,
  type Rectangle,
  relevantRange,
} from "../../../src/workers/pixel/analysis.ts";
import { findField } from "../../../src/workers/pixel/collimated-field.ts";
import { findDirectBeam } from "../../../src/workers/pixel/direct-beam.ts";

const SIZE = 100;
const WHOLE: Rectangle = { left: 0, top: 0, right: SIZE, bottom: SIZE };
const random = new Random(2);

/** A picture of counts by position, with a little noise. */
function picture(counts: (x: number, y: number) => number): Picture {
  const pixels = Uint16Array.from({ length: SIZE * SIZE }, (_, i) =>
    Math.max(0, counts(i % SIZE, Math.floor(i / SIZE)) * (1 + 0.003 * random.gaussian())),
  );
  return { pixels, columns: SIZE, rows: SIZE };
}

/** Counts behind a round body in the middle: thin at its edge, thick inside. */
function body(x: number, y: number, radius: number, open: number): number {
  const inside = radius ** 2 - (x - SIZE / 2) ** 2 - (y - SIZE / 2) ** 2;
  return inside <= 0 ? open : open * Math.exp((-2.5 * Math.sqrt(inside)) / radius);
}

const share = (mask: Uint8Array | null) =>
  (mask?.reduce((sum, one) => sum + one, 0) ?? 0) / (SIZE * SIZE);

test("an open field is the whole picture", () => {
  expect(findField(picture((x, y) => body(x, y, 40, 8000)))).toEqual(WHOLE);
});

test("each edge of the collimator is found, penumbra included", () => {
  const field = findField(
    picture((x, y) => (x < 10 || x >= 80 || y < 5 || y >= 90 ? 60 : body(x, y, 30, 8000))),
  );
  expect(field).toEqual({ left: 11, top: 6, right: 79, bottom: 89 });
});

test("the edges of a small field in thick anatomy are found in the halo of its scatter", () => {
  const halo = (x: number, y: number) => {
    const inside = x >= 35 && x < 65 && y >= 30 && y < 60;
    const away = Math.hypot(Math.max(35 - x, 0, x - 64), Math.max(30 - y, 0, y - 59));
    return 120 * Math.exp(-((away / 15) ** 2)) + (inside ? 400 : 1);
  };
  expect(findField(picture(halo))).toEqual({ left: 36, top: 31, right: 64, bottom: 59 });
});

test("what shows through blades that are not quite tight is no edge", () => {
  // Outside the field a body lets 2 of 200 counts through; the field lies right in the middle.
  const leaky = (x: number, y: number) =>
    x >= 30 && x < 70 && y >= 30 && y < 70
      ? 9000
      : x < 10 || x >= 90
        ? 200
        : Math.abs(y - 50) < 48
          ? 2
          : 200;
  expect(findField(picture(leaky))).toEqual({ left: 31, top: 31, right: 69, bottom: 69 });
});

test("anatomy that gets thick towards an edge is no collimator", () => {
  const field = findField(picture((_, y) => 8000 * Math.exp(-y / 20)));
  expect(field).toEqual(WHOLE);
});

test("a dark and an even picture are taken whole", () => {
  for (const level of [0, 5000]) {
    const even = picture(() => level);
    expect(findField(even)).toEqual(WHOLE);
    expect(findDirectBeam(even, WHOLE)).toBeNull();
  }
});

test("the direct beam around a body is found, heel effect or not", () => {
  const area = 1 - (Math.PI * 30 ** 2) / SIZE ** 2;
  for (const heel of [0, 0.5]) {
    const seen = picture((x, y) => body(x, y, 30, 9000 * (1 - (heel * y) / SIZE)));
    const beam = findDirectBeam(seen, WHOLE);
    expect(share(beam)).toBeWithin(area - 0.02, area + 0.02);
    expect(beam?.[50 * SIZE + 50]).toBe(0);
  }
});

test("beam enclosed by anatomy is found by its brightness", () => {
  const hole = picture((x, y) =>
    Math.hypot(x - 50, y - 50) < 8 ? 9100 : body(x, y, 40, 9000) * 0.999,
  );
  expect(findDirectBeam(hole, WHOLE)?.[50 * SIZE + 50]).toBe(1);
});

test("smooth anatomy that covers the field is not taken for beam", () => {
  for (const counts of [
    (_: number, y: number) => 800 + y * 80,
    (x: number, y: number) => 3000 + 2000 * Math.sin(x / 15) * Math.cos(y / 20),
    (x: number) => 9000 * Math.exp(-x / 40),
  ])
    expect(findDirectBeam(picture(counts), WHOLE)).toBeNull();
});

test("lungs are no beam: bright, but enclosed", () => {
  const chest = picture((x, y) => {
    const lung = Math.hypot((x - 30) / 15, (y - 50) / 30) < 1;
    return lung ? 6000 : 900;
  });
  expect(findDirectBeam(chest, WHOLE)).toBeNull();
});

/** Counts of a chest whose lungs reach both sides of the field, ribs and all. */
function lungs(x: number, y: number): number {
  if (Math.abs(x - 50) < 12) return 700;
  const rib = Math.sin(y / 4) > 0.3 ? 0.8 : 1;
  return 3500 * rib * (1 - Math.abs(y - 50) / 200) * (0.7 + Math.abs(x - 50) / 160);
}

/** Counts of a finger that leaves the field at the top: flesh, bone in the middle. */
function finger(x: number, y: number): number {
  const off = Math.abs(x - 50);
  if (y > 80 || off >= 14) return 9000;
  if (off < 5) return 2500;
  return 9000 * Math.exp(-0.4 * Math.sqrt(1 - (off / 14) ** 2));
}

test("lungs that reach the edge of a small field are no beam", () => {
  expect(findDirectBeam(picture(lungs), WHOLE)).toBeNull();
});

test("soft parts that reach the edge of the field are anatomy, not beam", () => {
  const beam = findDirectBeam(picture(finger), WHOLE);
  for (const y of [1, 20, 60]) {
    for (const x of [42, 58]) expect(beam?.[y * SIZE + x]).toBe(0);
    for (const x of [10, 90]) expect(beam?.[y * SIZE + x]).toBe(1);
  }
});

test("a sliver of beam beside the skin is found", () => {
  const chest = picture((x, y) => (x < 5 ? 9000 : lungs(x, y)));
  const beam = findDirectBeam(chest, WHOLE);
  for (const y of [5, 50, 95]) {
    expect(beam?.[y * SIZE + 2]).toBe(1);
    expect(beam?.[y * SIZE + 10]).toBe(0);
  }
});

test("what is anatomy does not change with the dose", () => {
  const dosed = (counts: (x: number, y: number) => number, dose: number) => {
    const noisy = new Random(6);
    const pixels = Uint16Array.from({ length: SIZE * SIZE }, (_, i) => {
      const mean = counts(i % SIZE, Math.floor(i / SIZE)) * dose;
      return Math.max(0, mean + Math.sqrt(mean / 64 + 1) * noisy.gaussian());
    });
    const beam = findDirectBeam({ pixels, columns: SIZE, rows: SIZE }, WHOLE);
    return share(anatomyMask({ columns: SIZE, rows: SIZE }, WHOLE, beam));
  };
  const round = (x: number, y: number) => body(x, y, 30, 9000);
  for (const counts of [lungs, finger, round]) {
    const usual = dosed(counts, 1);
    for (const dose of [0.05, 0.25, 4]) expect(dosed(counts, dose)).toBeCloseTo(usual, 2);
  }
});

test("the mask holds neither beam nor what lies beside it, but never nothing", () => {
  const beam = new Uint8Array(SIZE * SIZE);
  beam[10 * SIZE + 10] = 1;
  const mask = anatomyMask({ columns: SIZE, rows: SIZE }, WHOLE, beam);
  expect(share(mask)).toBe(1 - 9 / SIZE ** 2);
  const all = new Uint8Array(SIZE * SIZE).fill(1);
  expect(share(anatomyMask({ columns: SIZE, rows: SIZE }, WHOLE, all))).toBe(1);
});

test("the range cuts the given part off at each end", () => {
  const histogram = new Uint32Array(65536).fill(1, 1000, 2000);
  expect(relevantRange(histogram, 0)).toEqual({
    low: 1000,
    median: 1500,
    high: 1999,
    mean: 1499.5,
    pixels: 1000,
  });
  expect(relevantRange(histogram, 10)).toMatchObject({ low: 1010, high: 1989 });
  expect(relevantRange(new Uint32Array(65536), 5).pixels).toBe(0);
});
