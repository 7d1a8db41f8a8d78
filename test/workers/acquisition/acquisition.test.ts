// The acquisition thread and its port: the same as the driver itself, and what its death means.

import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { SystemClock } from "../../../src/core/clock.ts";
import type { SlotPool } from "../../../src/core/slot-pool.ts";
import { DetectorError, type DetectorEvent } from "../../../src/hal/detector/detector.ts";
import { simulatedDetector } from "../../../src/hal/detector/sim/simulated-detector.ts";
import { readFrameHeader } from "../../../src/model/frame.ts";
import { startAcquisition } from "../../../src/workers/acquisition/acquisition-client.ts";
import type { DriverSpec } from "../../../src/workers/acquisition/driver-spec.ts";
import { inProcessPanel, type PanelPort } from "../../../src/workers/acquisition/panel-port.ts";
import {
  EventLog,
  makeSlots,
  radiograph,
  run,
  SMALL_MODES,
} from "../../hal/detector/small-panel.ts";

const SIMULATED: DriverSpec = {
  driver: "simulated",
  seed: 3,
  modes: SMALL_MODES,
  prepareMs: 1,
  integrationMs: 1,
};

const open: PanelPort[] = [];
afterEach(async () => {
  for (const port of open.splice(0)) await port.terminate();
});

async function started(spec: DriverSpec): Promise<PanelPort> {
  const port = await startAcquisition(spec);
  open.push(port);
  return port;
}

/** A port opened on slots of its own; `until` resolves at the next event that fits. */
async function opened(port: PanelPort) {
  const slots = makeSlots(6);
  const memory = slotsBuffer(slots);
  const log = new EventLog();
  let waiting: { fits: (e: DetectorEvent) => boolean; done: () => void }[] = [];
  await port.open(memory, slots.layout, (event) => {
    log.add(event);
    const now = waiting.filter((w) => w.fits(event));
    waiting = waiting.filter((w) => !now.includes(w));
    for (const { done } of now) done();
  });
  const until = (fits: (e: DetectorEvent) => boolean) =>
    log.events.some(fits)
      ? Promise.resolve()
      : new Promise<void>((done) => waiting.push({ fits, done }));
  return { slots, log, until };
}

const slotsBuffer = (slots: SlotPool): ArrayBufferLike => slots.bytes(0).buffer;
const isFrame = (e: DetectorEvent) => e.type === "frame";
const isState = (state: string) => (e: DetectorEvent) => e.type === "state" && e.state === state;

for (const [where, make] of [
  ["in a thread", () => started(SIMULATED)],
  [
    "in this thread",
    async () =>
      inProcessPanel(
        simulatedDetector({
          seed: 3,
          clock: new SystemClock(),
          modes: SMALL_MODES,
          prepareMs: 1,
          integrationMs: 1,
        }),
      ),
  ],
] as const)
  describe(`a panel ${where}`, () => {
    test("tells its modes before it is opened", async () => {
      const port = await make();
      expect(port.info.modes.map((m) => m.id)).toEqual(["full", "binned"]);
      expect(port.state()).toBe("disconnected");
    });

    test("delivers a radiograph into shared memory, header in front", async () => {
      const port = await make();
      const { slots, log, until } = await opened(port);
      expect(port.state()).toBe("idle");
      await port.arm(radiograph());
      expect(port.state()).toBe("armed");
      await port.trigger();
      await until(isFrame);
      const frame = log.frames()[0];
      expect(readFrameHeader(slots.header(frame?.slot ?? -1))).toEqual(
        frame?.header ?? ({} as never),
      );
      expect(Math.max(...slots.uint16(frame?.slot ?? -1))).toBeGreaterThan(1000);
      expect((await port.health()).overruns).toBe(0);
    });

    test("delivers a run and stops", async () => {
      const port = await make();
      const { slots, log, until } = await opened(port);
      await port.arm(run({ fps: 30 }));
      await port.trigger();
      await until(isFrame);
      await port.stop();
      await until(isState("idle"));
      expect(port.state()).toBe("idle");
      for (const { slot } of log.frames()) slots.release(slot);
      expect(slots.inUse()).toBe(0);
    });

    test("refuses with the driver's own words", async () => {
      const port = await make();
      await opened(port);
      const error = await port.trigger().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(DetectorError);
      expect((error as DetectorError).message).toContain("arm it first");
    });

    test("hands over calibration maps more than once", async () => {
      const port = await make();
      await opened(port);
      for (let i = 0; i < 2; i++) {
        const maps = await port.factoryCalibration("binned");
        expect(maps.map((m) => m.pixels.length)).toEqual([96 * 80, 96 * 80, 96 * 80]);
      }
    });

    test("aborts, closes and opens again", async () => {
      const port = await make();
      const { slots, until } = await opened(port);
      await port.arm(radiograph());
      port.abort();
      await until(isState("aborting"));
      await port.close();
      expect(port.state()).toBe("disconnected");
      expect(slots.inUse()).toBe(0);
      await opened(port);
      expect(port.state()).toBe("idle");
    });
  });

describe("a port to the acquisition thread", () => {
  test("is not given for a driver that can't be had", async () => {
    const error = await startAcquisition({ driver: "gige", address: "127.0.0.3" }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(DetectorError);
    expect((error as DetectorError).message).toContain(
      "GigE Vision panel at 127.0.0.3: the panel does not answer",
    );
  });

  test("tells that a folder to replay is missing when it is opened", async () => {
    const path = join(import.meta.dir, "nowhere");
    const port = await started({ driver: "replay", path, modes: SMALL_MODES });
    const error = await opened(port).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DetectorError);
    expect((error as DetectorError).message).toContain(`${path} does not exist`);
    expect(port.state()).toBe("disconnected");
  });

  const dying = new URL("./dying-worker.ts", import.meta.url);
  for (const [how, kill] of [
    ["an exception", (port: PanelPort) => port.trigger()],
    ["its end", (port: PanelPort) => port.stop()],
  ] as const)
    test(`reports the thread's death by ${how} as a fault, expose-ready first`, async () => {
      const port = await startAcquisition(SIMULATED, dying);
      const { log } = await opened(port);
      log.clear();
      // Never answered: fails with the thread.
      const waiting = port.health().catch((e: unknown) => e);
      const error = await kill(port).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(DetectorError);
      expect((error as DetectorError).message).toContain("the acquisition thread died");
      expect(await waiting).toBeInstanceOf(DetectorError);
      expect(log.words()).toEqual(["not ready", "fault"]);
      expect(port.state()).toBe("fault");
      await expect(port.arm(radiograph())).rejects.toThrow("started anew");
      await port.close();
    });

  test("refuses everything after it was terminated", async () => {
    const port = await startAcquisition(SIMULATED);
    await opened(port);
    await port.terminate();
    await expect(port.health()).rejects.toThrow("terminated");
    await expect(port.arm(radiograph())).rejects.toBeInstanceOf(DetectorError);
    port.abort();
    await port.close();
  });
});
