// The picture without noise: thickness maps of the phantom turned into the share of the open beam's
// signal that reaches each pixel, energy by energy (Beer–Lambert).

import type { PhantomName } from "../detector.ts";
import { perMillimetre } from "./attenuation.ts";
import { type Layer, PHANTOM_MATERIALS, type Phantom, type PhantomMaterial } from "./phantom.ts";
import { abdomen } from "./phantom-abdomen.ts";
import { extremity } from "./phantom-extremity.ts";
import { thorax } from "./phantom-thorax.ts";
import {
  cutGrid,
  drawDome,
  drawTrunk,
  drawTubes,
  type Grid,
  gridOver,
  type Region,
  type ThicknessMap,
  texture,
} from "./solids.ts";
import { signalShares } from "./spectrum.ts";

/** Positions of the moving parts in a run, one turn of its loop. */
export const RUN_PHASES = 16;
/** Phases shown in a second: a loop lasts 1.6 s. */
export const PHASES_PER_SECOND = 10;
/** Finer grids than this are drawn at half the resolution and interpolated. */
const DRAWN_COLUMNS_MAX = 1344;

const PHANTOMS: Readonly<Record<PhantomName, () => Phantom>> = { thorax, extremity, abdomen };

/** Shares 0 … 1 of the open beam's signal, on a grid as fine as the mode or half as fine. */
export interface IdealImage {
  readonly columns: number;
  readonly rows: number;
  /** Panel pixels per drawn pixel, in each direction. */
  readonly factor: 1 | 2;
  readonly still: Float32Array;
  /** What differs from phase to phase; null for a single image or where nothing moves. */
  readonly moving: { readonly region: Region; readonly phases: readonly Float32Array[] } | null;
}

type Thickness = Record<PhantomMaterial, ThicknessMap>;

function emptyThickness(pixels: number): Thickness {
  return {
    soft: new Float32Array(pixels),
    lung: new Float32Array(pixels),
    bone: new Float32Array(pixels),
    iodine: new Float32Array(pixels),
  };
}

function draw(thickness: Thickness, grid: Grid, layers: readonly Layer[]): void {
  const scratch = new Float32Array(grid.columns * grid.rows);
  for (const layer of layers) {
    const map = thickness[layer.material];
    if ("dome" in layer) drawDome(map, grid, layer.dome);
    else if ("trunk" in layer) drawTrunk(map, grid, layer.trunk);
    else drawTubes(map, grid, layer.tubes, scratch);
  }
}

/** Fine structure of tissue and bone, so that nothing is perfectly smooth. */
function addStructure(thickness: Thickness, grid: Grid, amplitudeMm: number): void {
  const { columns, rows, stepMm, leftMm, topMm } = grid;
  const { soft, bone } = thickness;
  for (let row = 0; row < rows; row++) {
    const y = topMm + (row + 0.5) * stepMm;
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      const depth = soft[at] as number;
      if (depth <= 0) continue;
      const x = leftMm + (column + 0.5) * stepMm;
      const coarse = texture(x, y, 19, 11) + 0.5 * texture(x, y, 6, 12);
      const share = depth > 30 ? 1 : depth / 30;
      soft[at] = depth + amplitudeMm * share * coarse;
      const hard = bone[at] as number;
      if (hard > 0) bone[at] = hard * (1 + 0.16 * texture(x, y, 1.3, 13));
    }
  }
}

/** exp(−x) for 0 ≤ x < EXP_MAX in steps, because the pictures need millions of them. */
const EXP_MAX = 16;
const EXP_STEPS_PER_UNIT = 2048;
const expTable = Float32Array.from({ length: EXP_MAX * EXP_STEPS_PER_UNIT + 1 }, (_, i) =>
  Math.exp(-i / EXP_STEPS_PER_UNIT),
);

/** Beer–Lambert over the bins of the spectrum. */
function transmit(thickness: Thickness, kv: number, into: Float32Array): void {
  const shares = signalShares(kv);
  const muSoft = perMillimetre("soft");
  const muLung = perMillimetre("lung");
  const muBone = perMillimetre("bone");
  const muIodine = perMillimetre("iodine");
  const { soft, lung, bone, iodine } = thickness;
  into.fill(0);
  shares.forEach((share, bin) => {
    if (share === 0) return;
    const s = (muSoft[bin] ?? 0) * EXP_STEPS_PER_UNIT;
    const l = (muLung[bin] ?? 0) * EXP_STEPS_PER_UNIT;
    const b = (muBone[bin] ?? 0) * EXP_STEPS_PER_UNIT;
    const i = (muIodine[bin] ?? 0) * EXP_STEPS_PER_UNIT;
    const last = EXP_MAX * EXP_STEPS_PER_UNIT;
    for (let at = 0; at < into.length; at++) {
      const air = Math.max(0, lung[at] as number);
      const hard = Math.max(0, bone[at] as number);
      const flesh = Math.max(0, (soft[at] as number) - air - hard);
      const x = flesh * s + air * l + hard * b + (iodine[at] as number) * i;
      into[at] =
        (into[at] as number) + share * (expTable[x < last ? (x + 0.5) | 0 : last] as number);
    }
  });
}

function crop(from: ThicknessMap, columns: number, region: Region): ThicknessMap {
  const out = new Float32Array(region.columns * region.rows);
  for (let row = 0; row < region.rows; row++) {
    const start = (region.y + row) * columns + region.x;
    out.set(from.subarray(start, start + region.columns), row * region.columns);
  }
  return out;
}

function regionOf(box: readonly [number, number, number, number], grid: Grid): Region {
  const column = (mm: number) =>
    Math.min(grid.columns, Math.max(0, Math.round((mm - grid.leftMm) / grid.stepMm)));
  const row = (mm: number) =>
    Math.min(grid.rows, Math.max(0, Math.round((mm - grid.topMm) / grid.stepMm)));
  const x = column(box[0]);
  const y = row(box[1]);
  return { x, y, columns: column(box[2]) - x, rows: row(box[3]) - y };
}

/**
 * The phantom's picture for a panel mode and tube voltage.
 * @param run draws the moving parts at every phase, with contrast agent
 */
export function project(
  mode: { readonly columns: number; readonly rows: number; readonly pitchMm: number },
  name: PhantomName,
  kv: number,
  run: boolean,
): IdealImage {
  const factor =
    mode.columns > DRAWN_COLUMNS_MAX && mode.columns % 2 === 0 && mode.rows % 2 === 0 ? 2 : 1;
  const grid = gridOver(mode.columns / factor, mode.rows / factor, mode.pitchMm * factor);
  const phantom = PHANTOMS[name]();
  const pixels = grid.columns * grid.rows;
  const thickness = emptyThickness(pixels);
  draw(thickness, grid, phantom.still);
  if (run) draw(thickness, grid, phantom.contrast);
  addStructure(thickness, grid, phantom.structureMm);
  const region = run && phantom.box !== null ? regionOf(phantom.box, grid) : null;
  const before =
    region === null
      ? null
      : PHANTOM_MATERIALS.map((m) => [m, crop(thickness[m], grid.columns, region)] as const);
  draw(thickness, grid, phantom.varying(0, run));
  const still = new Float32Array(pixels);
  transmit(thickness, kv, still);

  let moving: IdealImage["moving"] = null;
  if (region !== null && before !== null) {
    const part = cutGrid(grid, region);
    const phases: Float32Array[] = [];
    for (let phase = 0; phase < RUN_PHASES; phase++) {
      const there = emptyThickness(0);
      for (const [material, map] of before) there[material] = map.slice();
      draw(there, part, phantom.varying(phase / RUN_PHASES, true));
      const share = new Float32Array(region.columns * region.rows);
      transmit(there, kv, share);
      phases.push(share);
    }
    moving = { region, phases };
  }
  return { columns: grid.columns, rows: grid.rows, factor, still, moving };
}
