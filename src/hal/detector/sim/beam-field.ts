// How bright the open beam is from place to place: farther and more slanting towards the corners, and
// weaker on the anode's side, where the rays leave the target flatter (heel effect). A flat field taken
// in the room holds this; the maker calibrates with an even beam, so his maps do not.

import type { Grid } from "./solids.ts";

/** Distance from the focus at which the phantom's beam reaches the panel. */
export const SOURCE_TO_PANEL_MM = 1150;
/** Angle of the target's surface against the central ray, degrees. */
const ANODE_ANGLE_DEGREES = 16;
/** Depth in the tungsten at which X-rays arise, in mean free paths. */
const TARGET_DEPTH = 0.035;
/** Cells of a coarse grid on which the mean over the panel is taken. */
const MEAN_CELLS = 64;

/** Loss on the way out of the target, by the ray's angle away from the anode. The anode is on top. */
function heel(yMm: number): number {
  const anode = (ANODE_ANGLE_DEGREES * Math.PI) / 180;
  const ray = Math.atan(yMm / SOURCE_TO_PANEL_MM);
  return Math.exp(
    -TARGET_DEPTH * (1 / Math.sin(Math.max(0.01, anode + ray)) - 1 / Math.sin(anode)),
  );
}

/** Inverse-square law and the slanting ray's cosine. */
function distance(xMm: number, yMm: number): number {
  const square = 1 + (xMm * xMm + yMm * yMm) / SOURCE_TO_PANEL_MM ** 2;
  return 1 / (square * Math.sqrt(square));
}

/** The field on a grid; its mean is 1. */
export function beamField(grid: Grid): Float32Array {
  const { columns, rows, stepMm, leftMm, topMm } = grid;
  let sum = 0;
  for (let j = 0; j < MEAN_CELLS; j++)
    for (let i = 0; i < MEAN_CELLS; i++) {
      const x = leftMm + ((i + 0.5) * columns * stepMm) / MEAN_CELLS;
      const y = topMm + ((j + 0.5) * rows * stepMm) / MEAN_CELLS;
      sum += heel(y) * distance(x, y);
    }
  const mean = sum / MEAN_CELLS ** 2;
  const field = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    const y = topMm + (row + 0.5) * stepMm;
    const level = heel(y) / mean;
    for (let column = 0; column < columns; column++) {
      const x = leftMm + (column + 0.5) * stepMm;
      field[row * columns + column] = level * distance(x, y);
    }
  }
  return field;
}

/** Width of the half shadow that the focus makes of a blade of the collimator, mm. */
const PENUMBRA_MM = 2;
/** What leaves the tube housing beside the collimator's opening. */
const LEAKAGE = 0.002;

/** Takes from a picture what the collimator's blades keep off; `openingMm` as in SimulatedBeam. */
export function collimate(
  picture: Float32Array,
  { columns, rows, stepMm, leftMm, topMm }: Grid,
  [left, top, right, bottom]: readonly [number, number, number, number],
): void {
  const within = (at: number, low: number, high: number) =>
    Math.min(1, Math.max(0, Math.min(at - low, high - at) / PENUMBRA_MM + 0.5));
  const across = Float32Array.from({ length: columns }, (_, column) =>
    within(leftMm + (column + 0.5) * stepMm, left, right),
  );
  for (let row = 0; row < rows; row++) {
    const down = within(topMm + (row + 0.5) * stepMm, top, bottom);
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      const open = LEAKAGE + (1 - LEAKAGE) * down * (across[column] as number);
      picture[at] = (picture[at] as number) * open;
    }
  }
}
