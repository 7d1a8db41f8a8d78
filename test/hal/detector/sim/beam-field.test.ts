// The open beam over the panel: what a flat field taken in the room would hold.

import { expect, test } from "bun:test";
import { beamField, collimate } from "../../../../src/hal/detector/sim/beam-field.ts";
import { gridOver } from "../../../../src/hal/detector/sim/solids.ts";

const SIDE = 192;
const field = beamField(gridOver(SIDE, SIDE, 2.2));
const at = (x: number, y: number) => field[y * SIDE + x] ?? 0;
const MIDDLE = SIDE / 2;

test("the field is 1 on average, so that the beam's counts are those of the panel's mean", () => {
  expect(field.reduce((a, b) => a + b, 0) / field.length).toBeCloseTo(1, 3);
});

test("the anode's side, on top, is darker than the cathode's, by a tenth and more", () => {
  expect(at(MIDDLE, 0) / at(MIDDLE, SIDE - 1)).toBeWithin(0.7, 0.9);
  for (let y = 1; y < MIDDLE; y++) expect(at(MIDDLE, y)).toBeGreaterThan(at(MIDDLE, y - 1));
});

test("left and right are alike, and the corners are farther from the focus", () => {
  for (const y of [0, 50, 191]) expect(at(10, y)).toBeCloseTo(at(SIDE - 1 - 10, y), 6);
  const away = (192 / 2 - 0.5) * 2.2;
  // cos³ of the ray, along the row through the middle.
  expect(at(0, MIDDLE) / at(MIDDLE, MIDDLE)).toBeCloseTo((1 + (away / 1150) ** 2) ** -1.5, 3);
});

test("the collimator's blades keep all but a trace of the beam off, with a half shadow at their edge", () => {
  const grid = gridOver(100, 100, 1);
  const picture = new Float32Array(100 * 100).fill(1);
  collimate(picture, grid, [-20, -30, 40, 10]);
  const atMm = (x: number, y: number) => picture[(y + 50) * 100 + x + 50] ?? 0;
  expect(atMm(0, 0)).toBe(1);
  for (const [x, y] of [
    [-25, 0],
    [45, 0],
    [0, -35],
    [0, 15],
  ] as const)
    expect(atMm(x, y)).toBeCloseTo(0.002, 6);
  expect(atMm(-20, 0)).toBeWithin(0.5, 1);
  expect(atMm(-21, 0)).toBeWithin(0, 0.5);
});
