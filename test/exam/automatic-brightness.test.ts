// Automatic brightness: comes to its target, stays there, does not swing, and leaves alone what does not
// answer. Against a patient of any thickness and any delay the real loop may have; then in the room.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../../src/core/random.ts";
import {
  DEAD_BAND,
  KV_LEAST,
  KV_MOST,
  lookAtBrightness,
  MA_MOST,
  type PulseTechnique,
  startBrightness,
  withTechnique,
} from "../../src/exam/automatic-brightness.ts";
import { granted, openRoom } from "./room.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

const TARGET = 1000;
const PERIOD_MS = 1000 / 30;
const R10 = [1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8];
const CURRENTS = [0.1, 1, 10, 100].flatMap((decade) => R10.map((step) => step * decade));
const nearestCurrent = (ma: number) =>
  CURRENTS.reduce((best, s) => (Math.abs(s - ma) < Math.abs(best - ma) ? s : best));

interface Patient {
  /** Counts at 75 kV and 20 mA. */
  readonly counts: number;
  readonly power: number;
  readonly delayFrames: number;
}

/** Plays frames; gives mean and technique of each. */
function play({ counts, power, delayFrames }: Patient, frames: number) {
  const random = new Random(3);
  let state = startBrightness({ kv: 75, ma: 20 });
  const sent: PulseTechnique[] = [];
  const seen: { mean: number; kv: number; ma: number }[] = [];
  for (let n = 0; n < frames; n++) {
    sent.push(state.technique);
    const { kv, ma } = sent[Math.max(0, n - delayFrames)] ?? state.technique;
    const noise = 1 + 0.01 * random.gaussian();
    const mean = counts * (kv / 75) ** power * (ma / 20) * noise;
    seen.push({ mean, ...state.technique });
    const looked = lookAtBrightness(state, {
      mean,
      atMs: (n - delayFrames) * PERIOD_MS,
      nowMs: n * PERIOD_MS,
      periodMs: PERIOD_MS,
      target: TARGET,
    });
    state = looked.state;
    if (looked.wanted !== null) {
      const { kv: volts, ma: current } = looked.wanted;
      state = withTechnique(state, { kv: Math.round(volts), ma: nearestCurrent(current) });
    }
  }
  return { seen, state };
}

describe("a patient through whom come", () => {
  const patients = [
    ["a third of the target", TARGET / 3],
    ["three times the target", TARGET * 3],
    ["a tenth: the voltage reaches its end and the current follows", TARGET / 10],
    ["eight times", TARGET * 8],
    ["a little less", TARGET * 0.85],
  ] as const;
  for (const [words, counts] of patients)
    for (const power of [4, 5, 6])
      for (const delayFrames of [0, 2, 8])
        test(`${words} is bright enough soon and stays so (power ${power}, ${delayFrames} frames late)`, () => {
          const { seen } = play({ counts, power, delayFrames }, 240);
          // Within two seconds where frames come at once; each frame of delay costs one a change.
          const late = seen.slice(60 + 14 * delayFrames);
          for (const { mean } of late)
            expect(Math.abs(Math.log(mean / TARGET))).toBeLessThan(DEAD_BAND + 0.06);
          // Once there nothing moves any more.
          expect(new Set(late.slice(20).map(({ kv, ma }) => `${kv} ${ma}`)).size).toBe(1);
        });
});

test("on the way it never overshoots by more than the dead band", () => {
  for (const counts of [TARGET / 3, TARGET * 3]) {
    const { seen } = play({ counts, power: 5, delayFrames: 3 }, 120);
    const side = Math.sign(counts - TARGET);
    for (const { mean } of seen)
      expect(side * Math.log(mean / TARGET)).toBeGreaterThan(-DEAD_BAND - 0.05);
  }
});

test("voltage and current stay within their limits, however dark it is", () => {
  const { seen } = play({ counts: 1, power: 5, delayFrames: 1 }, 400);
  expect(Math.max(...seen.map((s) => s.kv))).toBeLessThanOrEqual(KV_MOST);
  expect(Math.max(...seen.map((s) => s.ma))).toBeLessThanOrEqual(MA_MOST * 1.01);
  expect(Math.min(...seen.map((s) => s.kv))).toBeGreaterThanOrEqual(KV_LEAST);
});

test("a picture that does not answer gets the technique it began with, for the rest of the run", () => {
  const { seen, state } = play({ counts: 200, power: 0, delayFrames: 0 }, 100);
  expect(state.givenUp).toBe(true);
  expect(seen.at(-1)).toMatchObject({ kv: 75, ma: 20 });
  expect(Math.max(...seen.map((s) => s.kv))).toBeLessThan(84);
});

// ---- in the room ------------------------------------------------------------------------------------

/** Five seconds of fluoroscopy, slow enough for a busy machine: the mean counts in the middle of each frame. */
async function expose(protocolId: string, targetMicroGray: number, prepare?: object) {
  const room = await openRoom({
    configuration: { acquisition: { automaticBrightness: { targetMicroGray } } },
  });
  await using _ = room;
  const means: number[] = [];
  const { processFluoroFrame } = room.pixels;
  room.pixels.processFluoroFrame = async (request) => {
    const result = await processFluoroFrame.call(room.pixels, request);
    means.push(result.centralMean ?? Number.NaN);
    return result;
  };
  const exam = granted(
    await room.exams.open({ patient: { name: "Bright^Enough" }, protocolId, operator: "Berg^Ida" }),
  );
  if (prepare !== undefined) granted(await room.exams.prepare(exam.id, prepare));
  const { report } = granted(
    await room.exams.expose({ kind: "fluoroscopy", frames: 75, fps: 15, save: false }),
  );
  return { means, report };
}

for (const [protocolId, microGray] of [
  ["fluoroscopy", 0.25],
  ["fluoroscopy", 0.1],
  ["chest-pa", 0.25],
] as const)
  test(`${protocolId} comes to ${microGray} µGy a frame, and the report has the mean of its pulses`, async () => {
    const { means, report } = await expose(protocolId, microGray);
    const target = 4000 * microGray;
    for (const mean of means.slice(-8)) expect(Math.abs(Math.log(mean / target))).toBeLessThan(0.2);
    expect(report.kv as number).not.toBe(75);
    expect(report.mas as number).toBeGreaterThan(0);
  });

test("a technique that the operator set stays, unless brightness was asked for with it", async () => {
  const technique = { kv: 75, ma: 20, ms: 8 };
  const fixed = await expose("fluoroscopy", 0.5, { technique });
  expect(fixed.report).toMatchObject({ kv: 75, ma: 20 });
  const follows = await expose("fluoroscopy", 0.5, { technique, brightness: "automatic" });
  expect(follows.report.kv as number).not.toBe(75);
  const off = await expose("fluoroscopy", 0.5, { brightness: "fixed" });
  expect(off.report).toMatchObject({ kv: 75, ma: 20 });
});
