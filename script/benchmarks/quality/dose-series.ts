// What correction leaves, how well defects are repaired, and whether the exposure index follows the dose.

import type {
  DetectorMode,
  PhantomName,
  SimulatedBeam,
} from "../../../src/hal/detector/detector.ts";
import type { DefectKind } from "../../../src/hal/detector/sim/sensor.ts";
import { EXPOSURE_INDEX_PER_UGY } from "../../../src/model/exposure-index.ts";
import type { Rectangle } from "../../../src/workers/pixel/analysis.ts";
import { COUNTS, type PanelRig } from "./panel-rig.ts";
import { meanOf } from "./picture.ts";
import { type RepairQuality, type Residual, repairQuality, residualOf } from "./residual.ts";

/** Brighter pixels may be saturated by their noise: the panel knows no more than that they are bright. */
const KNOWN_COUNTS_MAX = 15_000;

/**
 * Exposures whose fourfold still lies within the panel's range, direct beam and all: thin parts beside a
 * saturated beam are lost, and with them the proportion of index and dose.
 */
export const USUAL_BEAMS: readonly (SimulatedBeam & { readonly phantom: PhantomName })[] = [
  { phantom: "thorax", kv: 110, mas: 0.2 },
  { phantom: "abdomen", kv: 75, mas: 0.45 },
  { phantom: "extremity", kv: 55, mas: 0.6 },
];
/** Parts of them, with and without direct beam. */
export const COLLIMATED_BEAMS: readonly (SimulatedBeam & {
  readonly phantom: PhantomName;
  readonly openingMm: readonly [number, number, number, number];
})[] = [
  { phantom: "thorax", kv: 110, mas: 0.2, openingMm: [-180, -180, 180, 150] },
  { phantom: "thorax", kv: 110, mas: 0.4, openingMm: [-150, -120, -20, 60] },
  { phantom: "abdomen", kv: 75, mas: 8, openingMm: [-70, -110, 70, 60] },
  { phantom: "extremity", kv: 55, mas: 0.6, openingMm: [-60, -30, 60, 60] },
];

/** The direct beam is four times what the panel can tell. */
export const SATURATING_BEAM: SimulatedBeam & { readonly phantom: PhantomName } = {
  phantom: "abdomen",
  kv: 75,
  mas: 8,
};
export const DOSES = [0.25, 0.5, 1, 2, 4] as const;

export interface DoseStep {
  readonly phantom: PhantomName;
  readonly kv: number;
  readonly openingMm: SimulatedBeam["openingMm"];
  /** Distance of the worst edge of the collimated field from where it is, mm; outwards is negative. */
  readonly fieldOffMm: number;
  /** In units of the usual one. */
  readonly dose: number;
  /** Of good pixels, with and without correction. */
  readonly left: Residual;
  readonly uncorrected: Residual;
  /** Mean counts of the good pixels. */
  readonly lightCounts: number;
  /** Exposure index, not rounded. */
  readonly index: number;
  /** Index for one unit of dose, over that of the series' mean. */
  readonly proportion: number;
  readonly repair: Readonly<Record<DefectKind, RepairQuality>>;
  /** The same pixels left as they are. */
  readonly unrepaired: Readonly<Record<DefectKind, RepairQuality>>;
}

export const DEFECT_KINDS = ["dead", "hot", "cluster", "line"] as const satisfies DefectKind[];

export async function doseSeries(
  rig: PanelRig,
  usual: SimulatedBeam & { readonly phantom: PhantomName },
  doses: readonly number[] = DOSES,
): Promise<DoseStep[]> {
  const { full, truth } = rig;
  const noise = rig.noise(full);
  const defects = truth.defects(full.id);
  const bad = new Set(defects.map((defect) => defect.index));
  const steps: Omit<DoseStep, "proportion">[] = [];
  for (const dose of doses) {
    const beam = { ...usual, mas: usual.mas * dose };
    const ideal = truth.ideal(full.id, beam);
    const raw = (await rig.expose(beam)).slice();
    const good = (pixel: number) => !bad.has(pixel) && (ideal[pixel] ?? 0) < KNOWN_COUNTS_MAX;
    const dark = meanOffset(raw, ideal, good);
    const plain = Float32Array.from(raw, (value) => value - dark);
    const bare = await rig.process(COUNTS, false);
    const whole = await rig.process(COUNTS);
    const byKind = (image: ArrayLike<number>) =>
      Object.fromEntries(
        DEFECT_KINDS.map((kind) => {
          const pixels = defects
            .filter((d) => d.kind === kind && (ideal[d.index] ?? 0) < KNOWN_COUNTS_MAX)
            .map((d) => d.index);
          return [kind, repairQuality(image, ideal, noise, pixels)];
        }),
      ) as Record<DefectKind, RepairQuality>;
    const mean = whole.result.analysis?.counts.mean ?? Number.NaN;
    steps.push({
      phantom: usual.phantom,
      kv: usual.kv,
      openingMm: usual.openingMm,
      fieldOffMm: fieldOff(full, whole.result.analysis?.field, usual.openingMm),
      dose,
      left: residualOf(whole.image, ideal, noise, good),
      uncorrected: residualOf(plain, ideal, noise, good),
      lightCounts: meanOf(ideal.filter((_, pixel) => good(pixel))),
      index: (mean / (full.countsPerMicroGray ?? 1)) * EXPOSURE_INDEX_PER_UGY,
      repair: byKind(whole.image),
      unrepaired: byKind(bare.image),
    });
  }
  const perDose = steps.reduce((sum, step) => sum + step.index / step.dose, 0) / steps.length;
  return steps.map((step) => ({ ...step, proportion: step.index / step.dose / perDose }));
}

function fieldOff(
  { columns, rows, pitchMm }: DetectorMode,
  found: Rectangle | undefined,
  openingMm: SimulatedBeam["openingMm"],
): number {
  const [halfWidth, halfHeight] = [(columns * pitchMm) / 2, (rows * pitchMm) / 2];
  const [left, top, right, bottom] = openingMm ?? [-halfWidth, -halfHeight, halfWidth, halfHeight];
  if (found === undefined) return Number.NaN;
  const inwards = [
    found.left * pitchMm - halfWidth - left,
    found.top * pitchMm - halfHeight - top,
    right - (found.right * pitchMm - halfWidth),
    bottom - (found.bottom * pitchMm - halfHeight),
  ];
  return inwards.reduce((worst, off) => (Math.abs(off) > Math.abs(worst) ? off : worst), 0);
}

/** The mean dark level: what a viewer of the raw frame would take for black. */
function meanOffset(
  raw: ArrayLike<number>,
  ideal: ArrayLike<number>,
  good: (pixel: number) => boolean,
): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < raw.length; i++)
    if (good(i)) {
      sum += (raw[i] ?? 0) - (ideal[i] ?? 0);
      count++;
    }
  return sum / count;
}
