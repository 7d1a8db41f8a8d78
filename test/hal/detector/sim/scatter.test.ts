// Scatter: as much as the thickness says, spread wide, less behind a grid.

import { expect, test } from "bun:test";
import {
  scatterOf,
  scatterOn,
  scatterToPrimary,
} from "../../../../src/hal/detector/sim/scatter.ts";
import { gridOver } from "../../../../src/hal/detector/sim/solids.ts";

const SIDE = 200;
const grid = gridOver(SIDE, SIDE, 2);
const even = (value: number) => new Float32Array(SIDE * SIDE).fill(value);

test("scatter over primary grows with thickness: below 1 for a limb, about 4 for a trunk", () => {
  expect(scatterToPrimary(50, false)).toBeWithin(0.5, 1);
  expect(scatterToPrimary(200, false)).toBeWithin(3.5, 4.5);
  expect(scatterToPrimary(0, false)).toBe(0);
});

test("a grid lowers it to a seventh", () => {
  expect(scatterToPrimary(200, true) / scatterToPrimary(200, false)).toBeCloseTo(1 / 7, 6);
});

test("behind an even body everywhere the scatter is even, and what the ratio says", () => {
  const scatter = scatterOn(scatterOf(even(0.1), even(200), grid, true), grid);
  for (const value of scatter) expect(value).toBeCloseTo(0.1 * scatterToPrimary(200, true), 6);
});

test("scatter of a body reaches the open beam beside it, less with distance, and no edge is seen", () => {
  const body = Float32Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE < 100 ? 200 : 0));
  const primary = body.map((mm) => (mm > 0 ? 0.1 : 1));
  const scatter = scatterOn(scatterOf(primary, body, grid, true), grid);
  const row = scatter.subarray(100 * SIDE, 101 * SIDE);
  for (let x = 1; x < SIDE; x++) {
    expect(row[x] ?? 0).toBeLessThanOrEqual((row[x - 1] ?? 0) + 1e-7);
    expect((row[x - 1] ?? 0) - (row[x] ?? 0)).toBeLessThan(0.03 * (row[0] ?? 0));
  }
  // Half way at the body's edge.
  expect((row[100] ?? 0) / (row[0] ?? 1)).toBeCloseTo(0.5, 1);
});
