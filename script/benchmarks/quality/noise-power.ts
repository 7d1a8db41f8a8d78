// Noise power spectrum in the manner of IEC 62220-1: half overlapping squares of an evenly lit area, a
// second-order surface taken off each, their two-dimensional spectra averaged.

import FFT from "fft.js";
import { interpolated, type Picture } from "./picture.ts";

export interface NoisePower {
  /** Line pairs a millimetre. */
  readonly perMm: readonly number[];
  /** Averaged round the circle, in value² mm²; without the axes, where lines and columns show. */
  readonly radial: readonly number[];
  /** Along the axis of the columns' frequencies (noise that whole columns share) … */
  readonly acrossColumns: readonly number[];
  /** … and along that of the rows'. */
  readonly acrossRows: readonly number[];
  /** Square root of the noise power's integral: the standard deviation without the surface. */
  readonly deviation: number;
  readonly squares: number;
}

/** @param side of the squares, a power of two */
export function noisePower(picture: Picture, pitchMm: number, side = 128): NoisePower {
  const power = new Float64Array(side * side);
  const fft = new FFT(side);
  const terms = surfaceTerms(side);
  let squares = 0;
  let variance = 0;
  for (let top = 0; top + side <= picture.rows; top += side / 2)
    for (let left = 0; left + side <= picture.columns; left += side / 2) {
      const values = flattened(picture, left, top, side, terms);
      variance += values.reduce((sum, value) => sum + value * value, 0) / values.length;
      addPower(power, fft, values, side);
      squares++;
    }
  const scale = pitchMm ** 2 / (side * side * squares);
  const bins = side / 2;
  const sums = new Float64Array(bins);
  const counts = new Float64Array(bins);
  const away = (k: number) => (k < side / 2 ? k : k - side);
  for (let v = 0; v < side; v++)
    for (let u = 0; u < side; u++) {
      const radius = Math.round(Math.hypot(away(u), away(v)));
      if (u === 0 || v === 0 || radius >= bins) continue;
      sums[radius] = (sums[radius] ?? 0) + (power[v * side + u] ?? 0);
      counts[radius] = (counts[radius] ?? 0) + 1;
    }
  // The surface has taken the lowest frequencies with it.
  const from = 2;
  const list = Array.from({ length: bins - from }, (_, i) => i + from);
  return {
    perMm: list.map((k) => k / (side * pitchMm)),
    radial: list.map((k) => ((sums[k] ?? 0) / (counts[k] ?? 1)) * scale),
    acrossColumns: list.map((k) => (power[k] ?? 0) * scale),
    acrossRows: list.map((k) => (power[k * side] ?? 0) * scale),
    deviation: Math.sqrt(variance / squares),
    squares,
  };
}

export const powerAt = ({ perMm, radial }: NoisePower, at: number): number =>
  interpolated(perMm, radial, at);

/** The terms of a second-order surface over a square, nearly orthogonal to each other. */
function surfaceTerms(side: number): readonly Float64Array[] {
  const place = (i: number) => (2 * i + 1) / side - 1;
  const square = (i: number) => place(i) ** 2 - 1 / 3;
  const shapes: readonly ((x: number, y: number) => number)[] = [
    () => 1,
    (x) => place(x),
    (_, y) => place(y),
    (x, y) => place(x) * place(y),
    (x) => square(x),
    (_, y) => square(y),
  ];
  return shapes.map((shape) => {
    const term = Float64Array.from({ length: side * side }, (_, i) =>
      shape(i % side, Math.floor(i / side)),
    );
    const norm = Math.sqrt(term.reduce((sum, value) => sum + value * value, 0));
    return term.map((value) => value / norm);
  });
}

/** Taking off each term in turn leaves nothing of the surface after so many rounds. */
const ROUNDS = 2;

/** A square of the picture without its second-order surface (least squares). */
function flattened(
  { pixels, columns }: Picture,
  left: number,
  top: number,
  side: number,
  terms: readonly Float64Array[],
): Float64Array {
  const out = new Float64Array(side * side);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) out[y * side + x] = pixels[(top + y) * columns + left + x] ?? 0;
  for (let round = 0; round < ROUNDS; round++)
    for (const term of terms) {
      let along = 0;
      for (let i = 0; i < out.length; i++) along += (term[i] as number) * (out[i] as number);
      for (let i = 0; i < out.length; i++)
        out[i] = (out[i] as number) - along * (term[i] as number);
    }
  return out;
}

/** Adds the squared magnitude of the two-dimensional spectrum: rows first, then columns. */
function addPower(power: Float64Array, fft: FFT, values: Float64Array, side: number): void {
  const lines = new Float64Array(side * side * 2);
  const out = fft.createComplexArray();
  const line = fft.createComplexArray();
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      line[2 * x] = values[y * side + x] ?? 0;
      line[2 * x + 1] = 0;
    }
    fft.transform(out, line);
    for (let i = 0; i < 2 * side; i++) lines[y * side * 2 + i] = out[i] ?? 0;
  }
  for (let u = 0; u < side; u++) {
    for (let y = 0; y < side; y++) {
      line[2 * y] = lines[y * side * 2 + 2 * u] ?? 0;
      line[2 * y + 1] = lines[y * side * 2 + 2 * u + 1] ?? 0;
    }
    fft.transform(out, line);
    for (let v = 0; v < side; v++)
      power[v * side + u] =
        (power[v * side + u] ?? 0) + (out[2 * v] ?? 0) ** 2 + (out[2 * v + 1] ?? 0) ** 2;
  }
}
