// A test object instead of a phantom: a thin plate with a straight, slightly slanted edge (as in IEC
// 62220-1) over the right half of the panel. Its blur is exact, so the modulation transfer is known. In
// a run the plate goes to and fro.

import { beamField } from "./beam-field.ts";
import { type IdealImage, PHASES_PER_SECOND, RUN_PHASES } from "./ideal-image.ts";
import { gridOver, type Region } from "./solids.ts";

/** What the plate lets through. */
export const EDGE_TRANSMISSION = 0.87;
/** Angle of the edge against the columns, degrees. */
export const EDGE_ANGLE_DEGREES = 2.5;
/** Focus and scintillator: a Gaussian of this standard deviation, mm. */
export const EDGE_BLUR_MM = 0.1;
/** How far the plate moves in one phase of a run, mm. */
export const EDGE_STEP_MM = 2.5;
export const EDGE_SPEED_MM_PER_S = EDGE_STEP_MM * PHASES_PER_SECOND;

/** Modulation transfer of the object seen by square pixels, at `perMm` line pairs a millimetre. */
export function edgeTransfer(perMm: number, pitchMm: number): number {
  const aperture = Math.PI * pitchMm * perMm;
  return (
    Math.exp(-2 * (Math.PI * EDGE_BLUR_MM * perMm) ** 2) *
    (aperture === 0 ? 1 : Math.abs(Math.sin(aperture) / aperture))
  );
}

/** Where the plate's edge is in a phase of a run, mm to the right of the panel's middle. */
export function edgeOffsetMm(phase: number): number {
  const half = RUN_PHASES / 2;
  return EDGE_STEP_MM * (half - Math.abs((phase % RUN_PHASES) - half));
}

export function projectEdge(
  mode: { readonly columns: number; readonly rows: number; readonly pitchMm: number },
  run: boolean,
): IdealImage {
  const grid = gridOver(mode.columns, mode.rows, mode.pitchMm);
  const angle = (EDGE_ANGLE_DEGREES * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const field = beamField(grid);
  const picture = (region: Region, offsetMm: number): Float32Array => {
    const out = new Float32Array(region.columns * region.rows);
    for (let row = 0; row < region.rows; row++) {
      const y = grid.topMm + (row + 0.5) * grid.stepMm;
      for (let column = 0; column < region.columns; column++) {
        const x = grid.leftMm + (region.x + column + 0.5) * grid.stepMm - offsetMm;
        const covered = blurredStep(x * cos + y * sin, mode.pitchMm);
        out[row * region.columns + column] =
          (1 - (1 - EDGE_TRANSMISSION) * covered) *
          (field[row * grid.columns + region.x + column] as number);
      }
    }
    return out;
  };
  const all: Region = { x: 0, y: 0, columns: grid.columns, rows: grid.rows };
  const still = picture(all, 0);
  let moving: IdealImage["moving"] = null;
  if (run) {
    const halfHeight = (grid.rows * grid.stepMm) / 2;
    const reach = halfHeight * Math.tan(angle) + 10 * EDGE_BLUR_MM;
    const farthest = (EDGE_STEP_MM * RUN_PHASES) / 2;
    const column = (mm: number) =>
      Math.min(grid.columns, Math.max(0, Math.round((mm - grid.leftMm) / grid.stepMm)));
    const x = column(-reach);
    const region: Region = { ...all, x, columns: column(farthest + reach) - x };
    moving = {
      region,
      phases: Array.from({ length: RUN_PHASES }, (_, phase) =>
        picture(region, edgeOffsetMm(phase)),
      ),
    };
  }
  return { columns: grid.columns, rows: grid.rows, factor: 1, still, moving, scatter: null };
}

/** A step at 0 mm after the blur and a pixel's aperture of `pitchMm`. */
function blurredStep(atMm: number, pitchMm: number): number {
  const half = pitchMm / 2;
  if (atMm > half + 8 * EDGE_BLUR_MM) return 1;
  if (atMm < -half - 8 * EDGE_BLUR_MM) return 0;
  return (ramp(atMm + half) - ramp(atMm - half)) / pitchMm;
}

/** Integral of the blurred step. */
function ramp(atMm: number): number {
  const z = atMm / EDGE_BLUR_MM;
  return EDGE_BLUR_MM * (z * normal(z) + Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI));
}

/** Cumulative normal distribution (Marsaglia's series; exact to double precision for |z| < 8). */
function normal(z: number): number {
  if (z < -8) return 0;
  if (z > 8) return 1;
  let sum = z;
  let term = z;
  for (let i = 3; Math.abs(term) > 1e-17 && i < 400; i += 2) {
    term *= (z * z) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}
