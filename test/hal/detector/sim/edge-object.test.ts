// The plate with a straight edge: its profile has the modulation transfer it states.

import { expect, test } from "bun:test";
import { beamField } from "../../../../src/hal/detector/sim/beam-field.ts";
import {
  EDGE_TRANSMISSION,
  edgeOffsetMm,
  edgeTransfer,
  projectEdge,
} from "../../../../src/hal/detector/sim/edge-object.ts";
import { RUN_PHASES } from "../../../../src/hal/detector/sim/ideal-image.ts";
import { gridOver } from "../../../../src/hal/detector/sim/solids.ts";

const SIDE = 128;
const PITCH_MM = 0.16;
const HALF_WAY = (1 + EDGE_TRANSMISSION) / 2;
const mode = { columns: SIDE, rows: SIDE, pitchMm: PITCH_MM };

test("left of the edge is the open beam, right of it the plate", () => {
  const { still } = projectEdge(mode, false);
  const field = beamField(gridOver(SIDE, SIDE, PITCH_MM));
  expect((still[5] ?? 0) / (field[5] ?? 0)).toBeCloseTo(1, 6);
  expect((still[SIDE - 5] ?? 0) / (field[SIDE - 5] ?? 0)).toBeCloseTo(EDGE_TRANSMISSION, 6);
});

test("the transfer falls from 1 and is that of blur and aperture", () => {
  expect(edgeTransfer(0, PITCH_MM)).toBe(1);
  expect(edgeTransfer(1, PITCH_MM)).toBeCloseTo(
    Math.exp(-2 * (Math.PI * 0.1) ** 2) * (Math.sin(Math.PI * 0.16) / (Math.PI * 0.16)),
    6,
  );
});

test("in a run the plate goes to the right and comes back, its picture with it", () => {
  const offsets = Array.from({ length: RUN_PHASES }, (_, phase) => edgeOffsetMm(phase));
  expect(offsets[0]).toBe(0);
  expect(Math.max(...offsets)).toBe(20);
  expect(offsets.at(-1)).toBe(2.5);
  const { moving } = projectEdge({ columns: 256, rows: 64, pitchMm: 0.32 }, true);
  const { region, phases } = moving ?? { region: null, phases: [] };
  expect(phases).toHaveLength(RUN_PHASES);
  const field = beamField(gridOver(256, 64, 0.32));
  // Open columns in the middle row, left of the half-way value.
  const openIn = (phase: number) => {
    const [width, left, top] = [region?.columns ?? 0, region?.x ?? 0, 32];
    let count = 0;
    for (let x = 0; x < width; x++)
      if ((phases[phase]?.[top * width + x] ?? 0) / (field[top * 256 + left + x] ?? 1) > HALF_WAY)
        count++;
    return count;
  };
  expect(openIn(4) - openIn(0)).toBe(Math.round(10 / 0.32));
  expect(openIn(12)).toBe(openIn(4));
});
