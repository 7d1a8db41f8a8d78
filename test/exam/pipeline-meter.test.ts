// The figures of an exposure, in simulated time.

import { expect, test } from "bun:test";
import { SimulatedClock } from "../../src/core/clock.ts";
import { PipelineMeter } from "../../src/exam/pipeline-meter.ts";

test("there are no figures before the first exposure", () => {
  expect(new PipelineMeter(new SimulatedClock()).figures()).toBeUndefined();
});

test("an exposure's frames and pictures are timed from their last packet", async () => {
  const clock = new SimulatedClock();
  const meter = new PipelineMeter(clock);
  meter.onState("exposing");
  for (const waitMs of [2, 2, 4]) {
    const lastPacketMs = clock.nowMs();
    await clock.advance(waitMs);
    meter.arrived(lastPacketMs);
    await clock.advance(6);
    meter.pictured(lastPacketMs);
  }
  meter.onState("idle");
  expect(meter.figures()).toMatchObject({
    frames: 3,
    arrivalMs: { p50: 2, max: 4 },
    pictures: 3,
    pictureMs: { p50: 8, max: 10 },
    // Simulated time is never late.
    loopStallMs: { p50: 0, p99: 0, max: 0 },
  });
});

test("figures outlast their exposure until the next one begins", async () => {
  const clock = new SimulatedClock();
  const meter = new PipelineMeter(clock);
  meter.onState("exposing");
  meter.arrived(clock.nowMs() - 9);
  meter.onState("idle");
  meter.onState("preparing");
  meter.onState("ready");
  expect(meter.figures()).toMatchObject({ frames: 1, arrivalMs: { max: 9 } });
  meter.onState("exposing");
  expect(meter.figures()).toMatchObject({ frames: 0, arrivalMs: { max: 0 } });
});

test("the loop is looked at during exposures only", async () => {
  const clock = new SimulatedClock();
  const meter = new PipelineMeter(clock);
  expect(clock.nextDueMs()).toBeNull();
  meter.onState("exposing");
  expect(clock.nextDueMs()).not.toBeNull();
  meter.onState("fault");
  expect(clock.nextDueMs()).toBeNull();
  meter.onState("exposing");
  meter.stop();
  expect(clock.nextDueMs()).toBeNull();
});
