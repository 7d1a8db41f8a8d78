// Scattered radiation: what thick parts turn aside reaches the panel somewhere near. The primary picture
// times the scatter-to-primary ratio of the thickness there, spread by a wide Gaussian on a coarse grid.

import type { Grid } from "./solids.ts";

/** Side of a cell of the coarse grid, mm. */
const CELL_MM = 10;
/** How far from its ray scatter arrives, standard deviation, mm. */
const SPREAD_MM = 45;
/** Scatter over primary behind water of `cm` without a grid, 80 kV and a large field: 0.8 behind 5 cm, 4 behind 20 cm. */
const RATIO_PER_CM = 0.14;
const RATIO_GROWTH_PER_CM = 0.02;
/** A 10:1 grid lets 70 % of the primary through and 10 % of the scatter. */
export const GRID_SCATTER_SHARE = 0.1 / 0.7;

/** Scatter on a coarse grid, in shares of the open beam's signal. */
export interface ScatterMap {
  readonly columns: number;
  readonly rows: number;
  /** Drawn pixels per cell. */
  readonly cell: number;
  readonly values: Float32Array;
}

/** Scatter over primary behind so much water, mm. */
export function scatterToPrimary(waterMm: number, gridInPlace: boolean): number {
  const cm = waterMm / 10;
  const ratio = RATIO_PER_CM * cm * (1 + RATIO_GROWTH_PER_CM * cm);
  return gridInPlace ? ratio * GRID_SCATTER_SHARE : ratio;
}

/**
 * The scatter of a picture.
 * @param primary shares of the open beam, with the field of the beam
 * @param waterMm what lies in the beam, as water of the same mass
 */
export function scatterOf(
  primary: Float32Array,
  waterMm: Float32Array,
  grid: Grid,
  gridInPlace: boolean,
): ScatterMap {
  const cell = Math.max(1, Math.round(CELL_MM / grid.stepMm));
  const columns = Math.ceil(grid.columns / cell);
  const rows = Math.ceil(grid.rows / cell);
  const sums = new Float32Array(columns * rows);
  const counts = new Float32Array(columns * rows);
  const cellOf = Int32Array.from({ length: grid.columns }, (_, x) => Math.floor(x / cell));
  for (let y = 0; y < grid.rows; y++) {
    const cellRow = Math.floor(y / cell) * columns;
    for (let x = 0; x < grid.columns; x++) {
      const at = y * grid.columns + x;
      const to = cellRow + (cellOf[x] as number);
      const water = waterMm[at] as number;
      counts[to] = (counts[to] as number) + 1;
      if (water > 0)
        sums[to] =
          (sums[to] as number) + (primary[at] as number) * scatterToPrimary(water, gridInPlace);
    }
  }
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) / (counts[i] as number);
  const sigma = SPREAD_MM / (cell * grid.stepMm);
  const across = spread(sums, columns, rows, 1, columns, sigma);
  return { columns, rows, cell, values: spread(across, rows, columns, columns, 1, sigma) };
}

/** Gaussian along lines of `length` values `step` apart; beyond the ends it goes on as at the ends. */
function spread(
  values: Float32Array,
  length: number,
  lines: number,
  step: number,
  lineStep: number,
  sigma: number,
): Float32Array {
  const reach = Math.ceil(3 * sigma);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
  );
  const total = weights.reduce((a, b) => a + b, 0);
  const out = new Float32Array(values.length);
  for (let line = 0; line < lines; line++)
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (const [k, weight] of weights.entries()) {
        const from = Math.min(length - 1, Math.max(0, i + k - reach));
        sum += weight * (values[line * lineStep + from * step] as number);
      }
      out[line * lineStep + i * step] = sum / total;
    }
  return out;
}

/** The scatter at every drawn pixel, interpolated. */
export function scatterOn({ columns, rows, cell, values }: ScatterMap, grid: Grid): Float32Array {
  const out = new Float32Array(grid.columns * grid.rows);
  const line = new Float32Array(columns);
  for (let y = 0; y < grid.rows; y++) {
    const v = Math.min(rows - 1, Math.max(0, (y + 0.5) / cell - 0.5));
    const above = Math.floor(v) * columns;
    const below = Math.min(rows - 1, Math.floor(v) + 1) * columns;
    const fy = v - Math.floor(v);
    for (let i = 0; i < columns; i++)
      line[i] = (values[above + i] as number) * (1 - fy) + (values[below + i] as number) * fy;
    for (let x = 0; x < grid.columns; x++) {
      const u = Math.min(columns - 1, Math.max(0, (x + 0.5) / cell - 0.5));
      const left = u | 0;
      const a = line[left] as number;
      const b = line[Math.min(columns - 1, left + 1)] as number;
      out[y * grid.columns + x] = a + (b - a) * (u - left);
    }
  }
  return out;
}
