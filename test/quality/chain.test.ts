// The whole chain beside the simulated panel's truth, with the bounds that the product promises: figures
// of `script/bench quality` that must not get worse. Everything is seeded.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  DEFECT_KINDS,
  type DoseStep,
  doseSeries,
  USUAL_BEAMS,
} from "../../script/benchmarks/quality/dose-series.ts";
import { type PanelRig, startRig } from "../../script/benchmarks/quality/panel-rig.ts";
import { build } from "../../script/build-kernels.ts";
import { BUILD_TIME_MAX_MS } from "../workers/pixel/bench-memory.ts";

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
