// Sharpness and noise after each stage of a radiograph's way: the plate's edge through the chain, and
// noise on the open side of it.

import type { DetectorMode, SimulatedBeam } from "../../../src/hal/detector/detector.ts";
import { EDGE_TRANSMISSION } from "../../../src/hal/detector/sim/edge-object.ts";
import type { ProcessingSetting } from "../../../src/model/protocol.ts";
import { type NoisePower, noisePower } from "./noise-power.ts";
import { COUNTS, type PanelRig } from "./panel-rig.ts";
import { cut, meanOf, type Part, type Picture } from "./picture.ts";
import { type EdgeTransfer, slantedEdge } from "./slanted-edge.ts";

/** Some 10 µGy at the panel: an everyday radiograph's brighter parts. */
export const EDGE_BEAM: SimulatedBeam = { kv: 70, mas: 0.6, phantom: "edge" };

export const STAGES = ["raw", "corrected", "repaired", "curve", "enhanced", "windowed"] as const;
export type Stage = (typeof STAGES)[number];

/** Averaged, so that the transfer is that of the chain and not of one frame's noise. */
const EDGE_FRAMES = 12;
const NOISE_FRAMES = 2;
/** What the edge is measured in, part of the panel's side; the beam's field is nearly even there. */
const EDGE_SIDE = 0.1;
const EDGE_HEIGHT = 0.3;

export interface StageFigures {
  readonly stage: Stage;
  readonly edge: EdgeTransfer;
  readonly noise: NoisePower;
}

/** A picture at every stage, the panel's rows and columns. */
export async function picturesOf(
  rig: PanelRig,
  raw: Uint16Array,
  setting: ProcessingSetting,
): Promise<Record<Stage, Picture>> {
  const of = (pixels: ArrayLike<number>): Picture => ({
    pixels,
    columns: rig.full.columns,
    rows: rig.full.rows,
  });
  const copy = raw.slice();
  const corrected = await rig.process(COUNTS, false);
  const repaired = await rig.process(COUNTS);
  const curve = await rig.process({ ...setting, edge: 0, noise: 0, detail: 0, latitude: 0 });
  const enhanced = await rig.process(setting);
  return {
    raw: of(copy),
    corrected: of(corrected.image),
    repaired: of(repaired.image),
    curve: of(curve.image),
    enhanced: of(enhanced.image),
    windowed: of(enhanced.display),
  };
}

export async function stageFigures(
  rig: PanelRig,
  setting: ProcessingSetting,
  frames = EDGE_FRAMES,
): Promise<StageFigures[]> {
  const { full } = rig;
  const edgePart = middleOf(full, EDGE_SIDE, EDGE_HEIGHT);
  const sums = new Map<Stage, Float64Array>(
    STAGES.map((stage) => [stage, new Float64Array(edgePart.columns * edgePart.rows)]),
  );
  const noises = new Map<Stage, NoisePower[]>(STAGES.map((stage) => [stage, []]));
  for (let frame = 0; frame < frames; frame++) {
    const pictures = await picturesOf(rig, await rig.expose(EDGE_BEAM), setting);
    for (const stage of STAGES) {
      const sum = sums.get(stage);
      cut(pictures[stage], edgePart).pixels.forEach((value, i) => {
        if (sum !== undefined) sum[i] = (sum[i] ?? 0) + value / frames;
      });
      if (frame < NOISE_FRAMES)
        noises.get(stage)?.push(noisePower(cut(pictures[stage], openPart(full)), full.pitchMm));
    }
  }
  return STAGES.map((stage) => ({
    stage,
    edge: slantedEdge({ ...edgePart, pixels: sums.get(stage) ?? [] }, full.pitchMm),
    noise: averaged(noises.get(stage) ?? []),
  }));
}

/** What the noise would be if quanta alone made it: white, mm², over the contrast². */
export function quantumPower(rig: PanelRig): number {
  const { full, truth } = rig;
  const field = truth.beamField(full.id);
  const counts = truth.openCounts(full.id, EDGE_BEAM);
  const at = (part: Part) => {
    const cutOut = cut({ pixels: field, columns: full.columns, rows: full.rows }, part);
    return counts * meanOf(cutOut.pixels);
  };
  const contrast = (1 - EDGE_TRANSMISSION) * at(middleOf(full, EDGE_SIDE, EDGE_HEIGHT));
  const variance = truth.countsPerQuantum(full.id) * at(openPart(full));
  return (variance * full.pitchMm ** 2) / contrast ** 2;
}

function middleOf({ columns, rows }: DetectorMode, width: number, height: number): Part {
  const [w, h] = [Math.round(columns * width), Math.round(rows * height)];
  return { left: (columns - w) >> 1, top: (rows - h) >> 1, columns: w, rows: h };
}

/** A square that the plate leaves open, well away from its edge. */
function openPart({ columns, rows }: DetectorMode): Part {
  const side = Math.floor(columns * 0.35);
  return { left: Math.floor(columns * 0.06), top: (rows - side) >> 1, columns: side, rows: side };
}

function averaged(all: readonly NoisePower[]): NoisePower {
  const [first] = all;
  if (first === undefined) throw new Error("no noise was measured");
  const mean = (pick: (noise: NoisePower) => number) =>
    all.reduce((sum, one) => sum + pick(one), 0) / all.length;
  const curve = (pick: (noise: NoisePower) => readonly number[]) =>
    pick(first).map((_, k) => mean((one) => pick(one)[k] ?? 0));
  return {
    perMm: first.perMm,
    radial: curve((one) => one.radial),
    acrossColumns: curve((one) => one.acrossColumns),
    acrossRows: curve((one) => one.acrossRows),
    deviation: Math.sqrt(mean((one) => one.deviation ** 2)),
    squares: first.squares * all.length,
  };
}
