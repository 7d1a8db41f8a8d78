// The noise power spectrum against noise whose spectrum is known.

import { expect, test } from "bun:test";
import { noisePower, powerAt } from "../../script/benchmarks/quality/noise-power.ts";
import { Random } from "../../src/core/random.ts";

const SIDE = 512;
const PITCH_MM = 0.2;
const SIGMA = 5;

const white = () => {
  const random = new Random(3);
  return Float64Array.from({ length: SIDE * SIDE }, () => 1000 + SIGMA * random.gaussian());
};
const measured = (pixels: Float64Array, side = 64) =>
  noisePower({ pixels, columns: SIDE, rows: SIDE }, PITCH_MM, side);

test("white noise is flat at variance times the pixel's area", () => {
  const found = measured(white());
  const level = SIGMA ** 2 * PITCH_MM ** 2;
  for (const value of found.radial) expect(value / level).toBeWithin(0.9, 1.1);
  const mean = found.radial.reduce((a, b) => a + b, 0) / found.radial.length;
  expect(mean / level).toBeCloseTo(1, 1);
  expect(found.deviation).toBeCloseTo(SIGMA, 1);
  expect(found.squares).toBe(15 * 15);
});

test("a slope and a bow of the light are not noise", () => {
  const pixels = white().map((value, i) => {
    const [x, y] = [(i % SIDE) / SIDE, Math.floor(i / SIDE) / SIDE];
    return value + 300 * x + 200 * y * y - 150 * x * y;
  });
  const [flat, lit] = [measured(white()), measured(pixels)];
  for (const [k, value] of lit.radial.entries())
    expect(value / (flat.radial[k] ?? 1)).toBeCloseTo(1, 2);
});

test("noise through a filter has the filter's squared transfer", () => {
  const source = white();
  // Mean of a pixel and its right neighbour: |cos(π f p)|² along the rows, 1 along the columns.
  const pixels = source.map((value, i) => (value + (source[i + 1] ?? value)) / 2);
  const found = measured(pixels);
  const level = SIGMA ** 2 * PITCH_MM ** 2;
  for (const [k, perMm] of found.perMm.entries()) {
    const expected = Math.cos(Math.PI * perMm * PITCH_MM) ** 2;
    const mean3 = [k - 1, k, k + 1].map(
      (j) => (found.acrossColumns[j] ?? level * expected) / level,
    );
    expect(mean3.reduce((a, b) => a + b, 0) / 3).toBeWithin(expected - 0.2, expected + 0.2);
  }
  expect(powerAt(found, 0.3) / level).toBeGreaterThan(powerAt(found, 2) / level);
});

test("noise that the pixels of a line share is on the rows' axis and nowhere else", () => {
  const random = new Random(4);
  const line = Array.from({ length: SIDE }, () => 2 * random.gaussian());
  const pixels = white().map((value, i) => value + (line[Math.floor(i / SIDE)] ?? 0));
  const [without, found] = [measured(white()), measured(pixels)];
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  expect(mean(found.acrossRows) / mean(without.acrossRows)).toBeGreaterThan(5);
  expect(mean(found.acrossColumns) / mean(without.acrossColumns)).toBeCloseTo(1, 1);
  expect(mean(found.radial) / mean(without.radial)).toBeCloseTo(1, 1);
});
