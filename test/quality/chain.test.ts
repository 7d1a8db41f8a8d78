// The whole chain beside the simulated panel's truth, with the bounds that the product promises: figures
// of `script/bench quality` that must not get worse. Everything is seeded.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  COLLIMATED_BEAMS,
  DEFECT_KINDS,
  type DoseStep,
  doseSeries,
  USUAL_BEAMS,
} from "../../script/benchmarks/quality/dose-series.ts";
import { powerAt } from "../../script/benchmarks/quality/noise-power.ts";
import { COUNTS, type PanelRig, startRig } from "../../script/benchmarks/quality/panel-rig.ts";
import { runFigures } from "../../script/benchmarks/quality/run-figures.ts";
import { transferAt } from "../../script/benchmarks/quality/slanted-edge.ts";
import { quantumPower, stageFigures } from "../../script/benchmarks/quality/stages.ts";
import { build } from "../../script/build-kernels.ts";
import { edgeTransfer } from "../../src/hal/detector/sim/edge-object.ts";
import { BUILD_TIME_MAX_MS } from "../workers/pixel/bench-memory.ts";

/** A busy machine takes its time. */
setDefaultTimeout(180_000);

/** Over pure quantum noise. */
const RESIDUAL_MAX = 1.1;
const INDEX_OFF_MAX = 0.02;
const DOSES = [0.25, 1, 4];

// The whole panel at half the resolution it has, and its middle, where no beam passes the trunk and
// every pixel of the object is drawn.
for (const [name, side] of [
  ["the whole panel", 2688],
  ["its middle", 1344],
] as const)
  describe(name, () => {
    let rig: PanelRig;
    const series = new Map<string, readonly DoseStep[]>();

    beforeAll(async () => {
      await build();
      rig = await startRig(4, side);
      for (const beam of USUAL_BEAMS) series.set(beam.phantom, await doseSeries(rig, beam, DOSES));
    }, BUILD_TIME_MAX_MS);

    afterAll(() => rig.close());

    for (const { phantom } of USUAL_BEAMS) {
      const steps = () => series.get(phantom) ?? [];

      test(`${phantom}: correction adds nothing to the panel's noise, and nothing is off`, () => {
        expect(steps()).toHaveLength(DOSES.length);
        for (const { left, uncorrected } of steps()) {
          expect(left.overPanel).toBeWithin(0.97, 1.03);
          expect(Math.abs(left.biasCounts)).toBeLessThan(0.25);
          expect(uncorrected.overPanel).toBeGreaterThan(left.overPanel * 1.05);
        }
      });

      test(`${phantom}: what is left is within a tenth of quantum noise where there is light`, () => {
        // Below, read noise alone is more: the panel's and not the correction's.
        for (const { dose, left, lightCounts } of steps())
          if (lightCounts > 40) expect(left.overQuantum, `dose ${dose}`).toBeLessThan(RESIDUAL_MAX);
        expect(steps().some(({ lightCounts }) => lightCounts > 40)).toBe(true);
      });

      test(`${phantom}: every dead pixel, line and cluster is repaired`, () => {
        for (const { dose, repair, unrepaired } of steps())
          for (const kind of DEFECT_KINDS) {
            expect(repair[kind].pixels).toBeGreaterThan(10);
            // Two to four neighbours' mean has 0.5 to 0.7 of a pixel's noise.
            expect(repair[kind].deviation, `${kind} ${dose}`).toBeLessThan(1);
            expect(repair[kind].worst, `${kind} ${dose}`).toBeLessThan(8);
            expect(repair[kind].withinThree, `${kind} ${dose}`).toBeGreaterThan(0.98);
            expect(unrepaired[kind].deviation).toBeGreaterThan(repair[kind].deviation);
          }
      });

      test(`${phantom}: the exposure index follows the dose within 2 %`, () => {
        for (const { dose, proportion } of steps())
          expect(Math.abs(proportion - 1), `dose ${dose}`).toBeLessThan(INDEX_OFF_MAX);
      });
    }
  });

describe("collimated fields", () => {
  let rig: PanelRig;

  beforeAll(async () => {
    await build();
    rig = await startRig(4);
  }, BUILD_TIME_MAX_MS);

  afterAll(() => rig.close());

  for (const beam of COLLIMATED_BEAMS)
    test(`${beam.phantom} ${beam.openingMm.join(" ")}: edges within two pixels of the analysis, index within 2 %`, async () => {
      for (const { dose, fieldOffMm, proportion } of await doseSeries(rig, beam, [0.25, 4])) {
        expect(Math.abs(fieldOffMm), `dose ${dose}`).toBeLessThan(5.2);
        expect(Math.abs(proportion - 1), `dose ${dose}`).toBeLessThan(INDEX_OFF_MAX);
      }
    });
});

describe("sharpness and noise", () => {
  let rig: PanelRig;

  beforeAll(async () => {
    await build();
    rig = await startRig(4);
  }, BUILD_TIME_MAX_MS);

  afterAll(() => rig.close());

  test("correction, repair, curve and window take nothing of the edge and add no noise", async () => {
    const setting = { ...COUNTS, characteristic: "logarithmic", invert: true } as const;
    const stages = await stageFigures(rig, setting, 3);
    const quanta = quantumPower(rig);
    for (const { stage, edge, noise } of stages) {
      if (stage === "raw" || stage === "corrected") continue;
      for (const perMm of [0.5, 1, 1.5]) {
        const off = transferAt(edge, perMm) - edgeTransfer(perMm, rig.full.pitchMm);
        expect(Math.abs(off), `${stage} at ${perMm}/mm`).toBeLessThan(0.03);
      }
      expect(Math.abs(edge.angleDegrees)).toBeCloseTo(2.5, 1);
      if (stage !== "repaired") continue;
      for (const perMm of [0.5, 1, 2, 3])
        expect(powerAt(noise, perMm) / edge.contrast ** 2 / quanta).toBeWithin(0.95, 1.1);
    }
    const deviation = (name: string) => {
      const found = stages.find(({ stage }) => stage === name);
      return (found?.noise.deviation ?? 0) / Math.abs(found?.edge.contrast ?? 1);
    };
    // Lines and single pixels stand out until they are repaired.
    expect(deviation("corrected")).toBeGreaterThan(3 * deviation("repaired"));
    expect(deviation("windowed") / deviation("curve")).toBeCloseTo(1, 1);
  });

  test("without filters what trails behind an edge in a run is the panel's own lag", async () => {
    const { trail, noise } = await runFigures(rig, COUNTS, { loops: 1 });
    const [first = 0, ...later] = trail;
    expect(first).toBeWithin(rig.truth.lag.nextFrame - 0.02, rig.truth.lag.nextFrame + 0.02);
    for (const left of later) expect(Math.abs(left)).toBeLessThan(0.02);
    // 320 counts of the field's middle, 2.17 counts a quantum, read noise, lag.
    expect(noise).toBeWithin(0.07, 0.09);
  });
});
