// Residual and repair figures on made-up pictures whose figures are known.

import { expect, test } from "bun:test";
import { repairQuality, residualOf } from "../../script/benchmarks/quality/residual.ts";
import { Random } from "../../src/core/random.ts";

const PIXELS = 200_000;
const QUANTUM = { countsPerQuantum: 2, readVariance: 0 };
const truth = Float64Array.from({ length: PIXELS }, (_, i) => 100 + (i % 900));

function noisy(times: number): Float64Array {
  const random = new Random(7);
  return truth.map((mean) => mean + times * Math.sqrt(2 * mean) * random.gaussian());
}

test("quantum noise alone is 1, half as much again is 1.5", () => {
  expect(residualOf(noisy(1), truth, QUANTUM, () => true).overQuantum).toBeCloseTo(1, 2);
  expect(residualOf(noisy(1.5), truth, QUANTUM, () => true).overQuantum).toBeCloseTo(1.5, 2);
});

test("read noise counts against quanta, not against the panel", () => {
  const random = new Random(8);
  const read = noisy(1).map((value) => value + 30 * random.gaussian());
  const found = residualOf(read, truth, { countsPerQuantum: 2, readVariance: 900 }, () => true);
  expect(found.overQuantum).toBeWithin(1.3, 1.4);
  expect(found.overPanel).toBeCloseTo(1, 2);
});

test("pixels left out do not count, and a shift is told as bias", () => {
  const shifted = truth.map((mean, i) => mean + (i % 2 === 0 ? 10 : 1e6));
  const found = residualOf(shifted, truth, QUANTUM, (i) => i % 2 === 0);
  expect(found).toMatchObject({ biasCounts: 10, pixels: PIXELS / 2 });
});

test("repaired pixels are judged in units of their own noise", () => {
  const off = truth.map((mean, i) => mean + (i === 3 ? 8 : 1) * Math.sqrt(2 * mean));
  const found = repairQuality(off, truth, QUANTUM, [1, 2, 3, 4]);
  expect(found.pixels).toBe(4);
  expect(found.withinThree).toBe(0.75);
  expect(found.worst).toBeCloseTo(8, 6);
  expect(found.deviation).toBeCloseTo(Math.sqrt((3 + 64) / 4), 6);
});
