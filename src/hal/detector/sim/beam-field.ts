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
