// What every panel driver has to keep: states, expose-ready, slots, headers. A driver's own test calls
// this with a way to make it; time is simulated.

import { beforeEach, describe, expect, test } from "bun:test";
import { SimulatedClock } from "../../src/core/clock.ts";
import type { SlotPool } from "../../src/core/slot-pool.ts";
import { type Detector, DetectorError } from "../../src/hal/detector/detector.ts";
import type { PanelFaults } from "../../src/hal/detector/software-panel.ts";
import { FRAME_COMPLETE, FRAME_FIRST_AFTER_ARM, readFrameHeader } from "../../src/model/frame.ts";
import { EventLog, makeSlots, radiograph, run } from "../hal/detector/small-panel.ts";

/** A driver with the modes of small-panel.ts, and a hand on its faults. */
export type MakePanel = (clock: SimulatedClock) => Detector & { readonly faults: PanelFaults };

/** Longer than any preparing, integrating and reading out of a test panel, ms. */
const LONG_MS = 500;
const PERIOD_MS = 1000 / 25;

export function detectorContract(name: string, make: MakePanel): void {
  describe(`the ${name} panel`, () => {
    let clock: SimulatedClock;
    let panel: ReturnType<MakePanel>;
    let slots: SlotPool;
    let log: EventLog;

    beforeEach(async () => {
      clock = new SimulatedClock();
      panel = make(clock);
      slots = makeSlots();
      log = new EventLog();
      await panel.open(slots, log.add);
    });

    const arm = async (request = radiograph()) => {
      const armed = panel.arm(request);
      armed.catch(() => {});
      await clock.advance(LONG_MS);
      await armed;
    };
    /** Why it refused; fails when it didn't, or not with a DetectorError. */
    const refusal = async (promise: Promise<unknown>): Promise<string> => {
      const error = await promise.then(
        () => null,
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(DetectorError);
      return (error as DetectorError).message;
    };

    test("opens by way of initializing to idle", () => {
      expect(log.words()).toEqual(["initializing", "idle"]);
      expect(panel.state()).toBe("idle");
    });

    test("a radiograph runs through its states in order and ends idle", async () => {
      await arm();
      expect(panel.state()).toBe("armed");
      await panel.trigger();
      expect(panel.state()).toBe("integrating");
      await clock.advance(LONG_MS);
      expect(log.words().slice(2)).toEqual([
        "preparing",
        "armed",
        "ready",
        "not ready",
        "integrating",
        "readout",
        "frame",
        "idle",
      ]);
    });

    test("a frame's header is whole, in the event and in front of the pixels", async () => {
      await arm();
      await panel.trigger();
      await clock.advance(LONG_MS);
      const [frame] = log.frames();
      expect(frame?.header).toMatchObject({
        sequence: 0,
        mode: 0,
        kind: "normal",
        exposureEvent: 7,
        missingPackets: 0,
      });
      expect((frame?.header.status ?? 0) & FRAME_COMPLETE).toBe(FRAME_COMPLETE);
      expect((frame?.header.status ?? 0) & FRAME_FIRST_AFTER_ARM).toBe(0);
      expect(frame?.header.lastPacketMs ?? 0).toBeGreaterThan(frame?.header.firstPacketMs ?? 0);
      expect(readFrameHeader(slots.header(frame?.slot ?? -1))).toEqual(
        frame?.header ?? ({} as never),
      );
    });

    test("the frame's slot belongs to the receiver until he gives it back", async () => {
      await arm();
      await panel.trigger();
      await clock.advance(LONG_MS);
      expect(slots.inUse()).toBe(1);
      slots.release(log.frames()[0]?.slot ?? -1);
      expect(slots.inUse()).toBe(0);
    });

    test("a run delivers frames at its rate until it is stopped, the frame in hand still comes", async () => {
      await arm(run());
      log.clear();
      await panel.trigger();
      expect(panel.state()).toBe("streaming");
      for (let i = 0; i < 5; i++) {
        await clock.advance(PERIOD_MS);
        for (const { slot } of log.frames().slice(i)) slots.release(slot);
      }
      expect(log.frames().length).toBe(5);
      const stopped = panel.stop();
      await clock.advance(PERIOD_MS);
      await stopped;
      expect(log.words()).toEqual([
        "streaming",
        ...Array(5).fill("frame"),
        "not ready",
        "frame",
        "idle",
      ]);
      expect(log.frames().map((f) => f.header.sequence)).toEqual([0, 1, 2, 3, 4, 5]);
      await clock.advance(LONG_MS);
      expect(log.frames().length).toBe(6);
    });

    test("a run of a given number of frames ends by itself", async () => {
      await arm(run({ frames: 3 }));
      await panel.trigger();
      await clock.advance(LONG_MS);
      expect(log.frames().length).toBe(3);
      expect(panel.state()).toBe("idle");
    });

    test("only a free-running panel marks its first frame as begun before the beam", async () => {
      await arm(run({ frames: 2, trigger: "free" }));
      await panel.trigger();
      await clock.advance(LONG_MS);
      const marks = log.frames().map((f) => f.header.status & FRAME_FIRST_AFTER_ARM);
      expect(marks).toEqual([FRAME_FIRST_AFTER_ARM, 0]);
    });

    test("with the length left to the switch, integration ends when it is let go", async () => {
      await arm(radiograph({ trigger: "extBulb" }));
      await panel.trigger();
      await clock.advance(10 * LONG_MS);
      expect(panel.state()).toBe("integrating");
      const stopped = panel.stop();
      await clock.advance(LONG_MS);
      await stopped;
      expect(log.frames().length).toBe(1);
    });

    test("without a free slot a frame of a run is dropped and counted as overrun", async () => {
      await arm(run({ frames: 6 }));
      await panel.trigger();
      await clock.advance(LONG_MS);
      expect(log.frames().length).toBe(4);
      expect(panel.health().overruns).toBe(2);
      expect(panel.state()).toBe("idle");
    });

    test("without a free slot a radiograph is refused before the patient is exposed", async () => {
      for (let i = 0; i < 4; i++) slots.take();
      expect(await refusal(panel.arm(radiograph()))).toContain("no frame slot is free");
      expect(panel.state()).toBe("idle");
      expect(log.words()).not.toContain("ready");
    });

    test("a frame that nobody expects is counted and discarded", async () => {
      log.clear();
      panel.faults.strayFrame();
      await arm();
      panel.faults.strayFrame();
      expect(panel.health().discarded).toBe(2);
      expect(log.frames()).toEqual([]);
      // The one that was made ahead.
      expect(slots.inUse()).toBe(1);
    });

    test("a fault drops expose-ready before anything else, and gives the slot back", async () => {
      await arm();
      log.clear();
      panel.faults.fail("the link is down");
      expect(log.words()).toEqual(["not ready", "fault"]);
      expect(log.events[1]).toMatchObject({ reason: "the link is down" });
      expect(slots.inUse()).toBe(0);
    });

    test("a fault in a run ends it; the panel works again once it was opened anew", async () => {
      await arm(run());
      await panel.trigger();
      await clock.advance(PERIOD_MS);
      panel.faults.fail("no heartbeat");
      await clock.advance(LONG_MS);
      expect(log.frames().length).toBe(1);
      expect(await refusal(panel.arm(radiograph()))).toContain("fault");
      await panel.open(slots, log.add);
      await arm();
      expect(panel.state()).toBe("armed");
    });

    test("a panel waiting for a stopped run learns of a fault instead of waiting for ever", async () => {
      await arm(run());
      await panel.trigger();
      const stopped = panel.stop();
      panel.faults.fail("no heartbeat");
      await stopped;
      expect(panel.state()).toBe("fault");
    });

    test("aborting drops expose-ready first and leaves an idle panel with no slot held", async () => {
      for (const request of [radiograph(), run()]) {
        await arm(request);
        log.clear();
        panel.abort();
        expect(log.words()).toEqual(["not ready", "aborting", "idle"]);
        expect(slots.inUse()).toBe(0);
      }
      await arm();
      await panel.trigger();
      panel.abort();
      await clock.advance(LONG_MS);
      expect(log.frames()).toEqual([]);
      expect(panel.state()).toBe("idle");
    });

    test("aborting while the panel prepares rejects the waiting arm", async () => {
      const armed = panel.arm(radiograph());
      panel.abort();
      expect(await refusal(armed)).toContain("aborted");
      await clock.advance(LONG_MS);
      expect(panel.state()).toBe("idle");
      expect(slots.inUse()).toBe(0);
      expect(log.words()).not.toContain("ready");
    });

    test("stopping an armed panel disarms it", async () => {
      await arm();
      await panel.stop();
      expect(panel.state()).toBe("idle");
      expect(log.words().at(-2)).toBe("not ready");
      expect(slots.inUse()).toBe(0);
    });

    test("stopping and aborting an idle panel does nothing", async () => {
      log.clear();
      await panel.stop();
      panel.abort();
      expect(log.words()).toEqual([]);
    });

    test("what can't be is refused in words, and nothing changes", async () => {
      expect(await refusal(panel.arm(radiograph({ modeId: "huge" })))).toContain("full, binned");
      expect(await refusal(panel.arm(run({ fps: 31 })))).toContain("30");
      expect(await refusal(panel.arm(run({ fps: 0 })))).toContain("0 frames a second");
      expect(await refusal(panel.arm(radiograph({ frames: 0 })))).toContain("1 or more");
      expect(await refusal(panel.trigger())).toContain("arm it first");
      expect(await refusal(panel.open(slots, log.add))).toContain("open already");
      expect(panel.state()).toBe("idle");
      await arm();
      expect(await refusal(panel.arm(radiograph()))).toContain("armed already");
      expect(panel.state()).toBe("armed");
    });

    test("a closed panel is disconnected, holds nothing and can be opened again", async () => {
      await arm();
      await panel.close();
      expect(log.words().slice(-2)).toEqual(["not ready", "disconnected"]);
      expect(slots.inUse()).toBe(0);
      expect(await refusal(panel.arm(radiograph()))).toContain("open it first");
      await panel.open(slots, log.add);
      expect(panel.state()).toBe("idle");
    });

    test("slots too small for a mode are refused when it is opened", async () => {
      await panel.close();
      const { layout } = makeSlots();
      const small = makeSlots(1);
      Object.assign(small, { layout: { ...layout, slotBytes: 100 } });
      expect(await refusal(panel.open(small, log.add))).toContain("a slot of raw holds 100 bytes");
    });

    test("maps of every mode have its size, and dark frames agree with the offset map", async () => {
      for (const mode of panel.info.modes) {
        const maps = await panel.factoryCalibration(mode.id);
        expect(maps.map((m) => m.kind)).toEqual(["offset", "gain", "defect"]);
        for (const map of maps) {
          expect(map.pixels.length).toBe(mode.columns * mode.rows);
          expect(map.modeId).toBe(mode.id);
        }
        await arm(radiograph({ modeId: mode.id, kind: "dark" }));
        await panel.trigger();
        await clock.advance(LONG_MS);
        const frame = log.frames().at(-1);
        expect(frame?.header.kind).toBe("dark");
        const dark = slots.uint16(frame?.slot ?? -1, mode.columns * mode.rows);
        const [offset, , defect] = maps;
        let sum = 0;
        let good = 0;
        dark.forEach((value, i) => {
          if (defect?.pixels[i] !== 0) return;
          sum += value - (offset?.pixels[i] ?? 0);
          good++;
        });
        expect(Math.abs(sum / good)).toBeLessThan(0.2);
      }
      expect(await refusal(panel.factoryCalibration("huge"))).toContain("no mode huge");
    });

    for (const kind of ["dark", "flat"] as const)
      test(`a run of ${kind} frames, as a calibration takes it, ends by itself and each is ${kind}`, async () => {
        const frames = 5;
        await arm(run({ kind, frames }));
        await panel.trigger();
        let released = 0;
        while (panel.state() !== "idle") {
          await clock.advance(PERIOD_MS);
          // The last one is looked at.
          for (const { slot } of log.frames().slice(released, frames - 1)) {
            slots.release(slot);
            released++;
          }
        }
        await clock.advance(LONG_MS);
        expect(log.frames().map((f) => f.header.kind)).toEqual(Array(frames).fill(kind));
        expect(panel.state()).toBe("idle");
        const [offset, , defect] = await panel.factoryCalibration("binned");
        const pixels = slots.uint16(log.frames().at(-1)?.slot ?? -1, offset?.pixels.length);
        let [sum, good] = [0, 0];
        pixels.forEach((value, i) => {
          if (defect?.pixels[i] !== 0) return;
          sum += value - (offset?.pixels[i] ?? 0);
          good++;
        });
        if (kind === "dark") expect(Math.abs(sum / good)).toBeLessThan(0.5);
        else expect(sum / good).toBeGreaterThan(1000);
      });

    test("a corrected flat frame shows the beam's smooth field and no pattern of the panel", async () => {
      const [offset, gain, defect] = await panel.factoryCalibration("full");
      await arm(radiograph({ kind: "flat" }));
      await panel.trigger();
      await clock.advance(LONG_MS);
      const flat = slots.uint16(log.frames()[0]?.slot ?? -1, offset?.pixels.length);
      const corrected = Float32Array.from(flat, (value, i) =>
        defect?.pixels[i] === 0
          ? ((value - (offset?.pixels[i] ?? 0)) * (gain?.pixels[i] ?? 0)) / 32768
          : Number.NaN,
      );
      const columns = panel.info.modes.find((m) => m.id === "full")?.columns ?? 0;
      const steps: number[] = [];
      for (let i = 1; i < corrected.length; i++) {
        const [a, b] = [corrected[i - 1] ?? Number.NaN, corrected[i] ?? Number.NaN];
        // From the end of a row to the next one's beginning is no step to a neighbour.
        if (!Number.isNaN(a) && !Number.isNaN(b) && i % columns !== 0)
          steps.push((b - a) / ((a + b) / 2));
      }
      const square = steps.reduce((sum, step) => sum + step * step, 0) / steps.length;
      // Of one pixel. Without correction the panel's own pattern alone would be 1 to 2 %.
      expect(Math.sqrt(square / 2)).toBeLessThan(0.005);
    });
  });
}
