// The slanted edge against edges whose transfer is known.

import { expect, test } from "bun:test";
import {
  frequencyAt,
  slantedEdge,
  transferAt,
} from "../../script/benchmarks/quality/slanted-edge.ts";
import { Random } from "../../src/core/random.ts";

const COLUMNS = 160;
const ROWS = 300;
const PITCH_MM = 0.2;

/** A Gaussian-blurred step sampled at points: no aperture. */
function edge(
  sigmaMm: number,
  angleDegrees: number,
  low = 100,
  high = 180,
  noise = 0,
): Float64Array {
  const random = new Random(9);
  const angle = (angleDegrees * Math.PI) / 180;
  const out = new Float64Array(COLUMNS * ROWS);
  for (let y = 0; y < ROWS; y++)
    for (let x = 0; x < COLUMNS; x++) {
      const across =
        ((x - COLUMNS / 2 + 0.3) * Math.cos(angle) + (y - ROWS / 2) * Math.sin(angle)) * PITCH_MM;
      const step = 0.5 * (1 + erf(across / (sigmaMm * Math.SQRT2)));
      out[y * COLUMNS + x] = low + (high - low) * step + noise * random.gaussian();
    }
  return out;
}

/** Error function by its power series, enough below 5. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 5) return Math.sign(x);
  let [sum, term] = [a, a];
  for (let n = 1; n < 200; n++) {
    term *= (-a * a) / n;
    sum += term / (2 * n + 1);
  }
  return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
}

const gaussian = (sigmaMm: number, perMm: number) =>
  Math.exp(-2 * (Math.PI * sigmaMm * perMm) ** 2);

for (const sigmaMm of [0.15, 0.3])
  for (const angle of [2.5, -3, 6])
    test(`a blur of ${sigmaMm} mm at ${angle}° has the transfer of its Gaussian`, () => {
      const pixels = edge(sigmaMm, angle);
      const found = slantedEdge({ pixels, columns: COLUMNS, rows: ROWS }, PITCH_MM);
      for (const perMm of [0.25, 0.5, 1, 1.5, 2])
        expect(Math.abs(transferAt(found, perMm) - gaussian(sigmaMm, perMm))).toBeLessThan(0.01);
      expect(found.contrast).toBeCloseTo(80, 0);
      // A row further down, an edge turned clockwise is farther left.
      expect(found.angleDegrees).toBeCloseTo(-angle, 1);
      const half = Math.sqrt(Math.log(2) / 2) / (Math.PI * sigmaMm);
      expect(frequencyAt(found, 0.5)).toBeCloseTo(half, 1);
    });

test("bright to dark is the same edge", () => {
  const pixels = edge(0.2, 2.5, 180, 100);
  const found = slantedEdge({ pixels, columns: COLUMNS, rows: ROWS }, PITCH_MM);
  expect(transferAt(found, 1)).toBeCloseTo(gaussian(0.2, 1), 2);
  expect(found.contrast).toBeCloseTo(-80, 0);
});

test("noise of a fortieth of the step hardly moves the transfer below the pixels' limit", () => {
  const pixels = edge(0.2, 2.5, 100, 180, 2);
  const found = slantedEdge({ pixels, columns: COLUMNS, rows: ROWS }, PITCH_MM);
  for (const perMm of [0.5, 1, 1.5, 2])
    expect(Math.abs(transferAt(found, perMm) - gaussian(0.2, perMm))).toBeLessThan(0.05);
});
