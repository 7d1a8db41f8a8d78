// Exposure index by IEC 62494-1.

import { expect, test } from "bun:test";
import { exposureIndex, receptorDose, relevantRegionMean } from "../../src/model/exposure-index.ts";
import { gy } from "../../src/model/units.ts";

test("is 100 per µGy at the receptor", () => {
  expect(exposureIndex(gy(2.5e-6))).toEqual({ index: 250 });
  expect(exposureIndex(gy(10e-6)).index).toBe(1000);
});

test.each([
  [2.5e-6, 250, 0],
  [5e-6, 250, 3],
  [1.25e-6, 250, -3],
  [2.5e-6 * 10 ** 0.1, 250, 1],
  [25e-6, 250, 10],
])("%d Gy against a target of %d deviates by %d", (dose, target, deviation) => {
  expect(exposureIndex(gy(dose), target)).toMatchObject({ target, deviation });
});

test("has no deviation without dose or without target", () => {
  expect(exposureIndex(gy(0), 250)).toEqual({ index: 0, target: 250 });
  expect(exposureIndex(gy(2.5e-6), 0)).toEqual({ index: 250 });
});

test("takes the dose from the counts of the calibrated, linear panel", () => {
  expect(receptorDose(500, 2e8)).toBe(gy(2.5e-6));
  expect(receptorDose(-3, 2e8)).toBe(gy(0));
});

test("looks at the relevant region: what collimator and direct beam add at the ends is cut", () => {
  const histogram = new Uint32Array(4096);
  histogram[0] = 40; // behind the collimator
  histogram[500] = 450;
  histogram[700] = 450;
  histogram[4095] = 40; // direct beam
  expect(relevantRegionMean(histogram)).toBeCloseTo(600, 9);
  expect(relevantRegionMean(histogram, 0)).toBeCloseTo((450 * 1200 + 40 * 4095) / 980, 9);
  expect(relevantRegionMean(new Uint32Array(4096))).toBe(0);
});

test("cuts within a bin, so that a uniform picture keeps its value", () => {
  const histogram = new Uint32Array(16);
  histogram[9] = 1000;
  expect(relevantRegionMean(histogram)).toBe(9);
});
