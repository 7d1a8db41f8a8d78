// The picture without noise: thickness maps of the phantom turned into the share of the open beam's
// signal that reaches each pixel, energy by energy (Beer–Lambert), in the beam's field and with scatter.

import type { PhantomName, SimulatedBeam } from "../detector.ts";
import { ATTENUATION, perMillimetre } from "./attenuation.ts";
import { beamField, collimate } from "./beam-field.ts";
import { projectEdge } from "./edge-object.ts";
import { type IdealImage, RUN_PHASES } from "./ideal-image.ts";
import type { Layer, Phantom, PhantomMaterial } from "./phantom.ts";
import { abdomen } from "./phantom-abdomen.ts";
import { extremity } from "./phantom-extremity.ts";
import { thorax } from "./phantom-thorax.ts";
import { scatterOf, scatterOn } from "./scatter.ts";
import {
  addTextureRow,
  cutGrid,
  drawDome,
  drawTrunk,
  drawTubes,
  type Grid,
  gridOver,
  type Region,
  type ThicknessMap,
} from "./solids.ts";
import { signalShares } from "./spectrum.ts";

/** Finer grids than this are drawn at half the resolution and interpolated. */
const DRAWN_COLUMNS_MAX = 1344;

const PHANTOMS: Readonly<Record<Exclude<PhantomName, "edge">, () => Phantom>> = {
  thorax,
  extremity,
  abdomen,
};

interface PanelGrid {
  readonly columns: number;
  readonly rows: number;
  readonly pitchMm: number;
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
  const { columns, rows } = grid;
  const { soft, bone } = thickness;
  const tissue = new Float32Array(columns);
  const spongy = new Float32Array(columns);
  for (let row = 0; row < rows; row++) {
    tissue.fill(0);
    addTextureRow(tissue, grid, row, 19, 11, amplitudeMm);
    addTextureRow(tissue, grid, row, 6, 12, amplitudeMm / 2);
    spongy.fill(1);
    addTextureRow(spongy, grid, row, 1.3, 13, SPONGY_SHARE);
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      const depth = soft[at] as number;
      if (depth <= 0) continue;
      soft[at] = depth + Math.min(1, depth / STRUCTURE_DEPTH_MM) * (tissue[column] as number);
      bone[at] = (bone[at] as number) * (spongy[column] as number);
    }
  }
}

/** Tissue thinner than this has less structure. */
const STRUCTURE_DEPTH_MM = 30;
/** How much the thickness of bone varies from place to place. */
const SPONGY_SHARE = 0.16;

/** exp(−x) for 0 ≤ x < EXP_MAX in steps, because the pictures need millions of them. */
const EXP_MAX = 16;
const EXP_STEPS_PER_UNIT = 2048;
const expTable = Float32Array.from({ length: EXP_MAX * EXP_STEPS_PER_UNIT + 1 }, (_, i) =>
  Math.exp(-i / EXP_STEPS_PER_UNIT),
);

/** A picture that is known already: where the moving materials are as there, its shares hold. */
interface Known {
  readonly lung: ThicknessMap;
  readonly iodine: ThicknessMap;
  readonly shares: Float32Array;
}

/** Beer–Lambert over the bins of the spectrum. */
function transmit(thickness: Thickness, kv: number, known: Known | null): Float32Array {
  const weights = signalShares(kv);
  const perStep = (m: PhantomMaterial) =>
    Float64Array.from(perMillimetre(m), (mu) => mu * EXP_STEPS_PER_UNIT);
  const muSoft = perStep("soft");
  const muLung = perStep("lung");
  const muBone = perStep("bone");
  const muIodine = perStep("iodine");
  const { soft, lung, bone, iodine } = thickness;
  const into = new Float32Array(soft.length);
  const last = EXP_MAX * EXP_STEPS_PER_UNIT;
  const bins = weights.length;
  for (let at = 0; at < into.length; at++) {
    const contrast = iodine[at] as number;
    const gas = lung[at] as number;
    if (known !== null && gas === known.lung[at] && contrast === known.iodine[at]) {
      into[at] = known.shares[at] as number;
      continue;
    }
    const air = Math.max(0, gas);
    const hard = Math.max(0, bone[at] as number);
    const flesh = Math.max(0, (soft[at] as number) - air - hard);
    let sum = 0;
    for (let bin = 0; bin < bins; bin++) {
      const steps =
        flesh * (muSoft[bin] as number) +
        air * (muLung[bin] as number) +
        hard * (muBone[bin] as number) +
        contrast * (muIodine[bin] as number);
      sum += (weights[bin] as number) * (expTable[Math.min(last, (steps + 0.5) | 0)] as number);
    }
    into[at] = sum;
  }
  return into;
}

function crop(from: ThicknessMap, columns: number, region: Region): ThicknessMap {
  const out = new Float32Array(region.columns * region.rows);
  for (let row = 0; row < region.rows; row++) {
    const start = (region.y + row) * columns + region.x;
    out.set(from.subarray(start, start + region.columns), row * region.columns);
  }
  return out;
}

function cropAll(from: Thickness, columns: number, region: Region): Thickness {
  const { soft, lung, bone, iodine } = from;
  return {
    soft: crop(soft, columns, region),
    lung: crop(lung, columns, region),
    bone: crop(bone, columns, region),
    iodine: crop(iodine, columns, region),
  };
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

/** What lies in the beam, as millimetres of water of the same mass. */
function waterMm({ soft, lung, bone }: Thickness): Float32Array {
  const out = new Float32Array(soft.length);
  const lighter = 1 - ATTENUATION.lung.density;
  const heavier = ATTENUATION.bone.density - 1;
  for (let at = 0; at < out.length; at++)
    out[at] =
      (soft[at] as number) -
      lighter * Math.max(0, lung[at] as number) +
      heavier * Math.max(0, bone[at] as number);
  return out;
}

/** The grid on which a mode's pictures are drawn. */
export function drawnGrid({ columns, rows, pitchMm }: PanelGrid): { grid: Grid; factor: 1 | 2 } {
  const factor = columns > DRAWN_COLUMNS_MAX && columns % 2 === 0 && rows % 2 === 0 ? 2 : 1;
  return { grid: gridOver(columns / factor, rows / factor, pitchMm * factor), factor };
}

/** Nothing on the panel: the field of the beam alone. */
export function projectOpenBeam(mode: PanelGrid): IdealImage {
  const { grid, factor } = drawnGrid(mode);
  const { columns, rows } = grid;
  return { columns, rows, factor, still: beamField(grid), moving: null, scatter: null };
}

/**
 * The phantom's picture for a panel mode and a beam, behind the grid. The collimator leaves the test plate alone.
 * @param run draws the moving parts at every phase, with contrast agent
 */
export function project(
  mode: PanelGrid,
  name: PhantomName,
  { kv, openingMm }: Pick<SimulatedBeam, "kv" | "openingMm">,
  run: boolean,
): IdealImage {
  if (name === "edge") return projectEdge(mode, run);
  const { grid, factor } = drawnGrid(mode);
  const { columns, rows } = grid;
  const phantom = PHANTOMS[name]();
  const thickness = emptyThickness(columns * rows);
  draw(thickness, grid, phantom.still);
  if (run) draw(thickness, grid, phantom.contrast);
  addStructure(thickness, grid, phantom.structureMm);
  const region = run && phantom.box !== null ? regionOf(phantom.box, grid) : null;
  const before = region === null ? null : cropAll(thickness, columns, region);
  draw(thickness, grid, phantom.varying(0, run));
  const still = transmit(thickness, kv, null);

  let moving: IdealImage["moving"] = null;
  if (region !== null && before !== null) {
    const part = cutGrid(grid, region);
    const first: Known = {
      lung: crop(thickness.lung, columns, region),
      iodine: crop(thickness.iodine, columns, region),
      shares: crop(still, columns, region),
    };
    const phases: Float32Array[] = [first.shares];
    for (let phase = 1; phase < RUN_PHASES; phase++) {
      const there = { ...before, lung: before.lung.slice(), iodine: before.iodine.slice() };
      draw(there, part, phantom.varying(phase / RUN_PHASES, true));
      phases.push(transmit(there, kv, first));
    }
    moving = { region, phases };
  }

  const field = beamField(grid);
  if (openingMm !== undefined) collimate(field, grid, openingMm);
  multiply(still, field);
  const scattered = scatterOn(scatterOf(still, waterMm(thickness), grid, true), grid);
  add(still, scattered);
  if (moving !== null) {
    // What moves weighs little: its scatter stays that of the first phase.
    const there = crop(field, columns, moving.region);
    const scatteredThere = crop(scattered, columns, moving.region);
    for (const phase of moving.phases) {
      multiply(phase, there);
      add(phase, scatteredThere);
    }
  }
  return { columns, rows, factor, still, moving, scatter: scattered };
}

function multiply(values: Float32Array, by: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * (by[i] as number);
}

function add(values: Float32Array, more: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) + (more[i] as number);
}
