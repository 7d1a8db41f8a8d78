// What goes wrong between panel and host: lost, swapped and late packets, numbers that wrap, frames of
// another size, silence. Time is simulated.

import { describe, expect, test } from "bun:test";
import { SimulatedClock } from "../../../../src/core/clock.ts";
import { FRAME_COMPLETE, FRAME_RESENT } from "../../../../src/model/frame.ts";
import { EventLog, makeSlots, radiograph, run } from "../small-panel.ts";
import { type JoinOptions, joinedPanel } from "./memory-wire.ts";

const LONG_MS = 500;
const FRAMES = 20;

async function opened(options: JoinOptions = {}) {
  const clock = new SimulatedClock();
  const panel = joinedPanel(clock, options);
  const slots = makeSlots();
  const log = new EventLog();
  const pictures: Uint16Array[] = [];
  await panel.open(slots, (event) => {
    log.add(event);
    if (event.type !== "frame") return;
    pictures.push(slots.uint16(event.slot, 96 * 80).slice());
    slots.release(event.slot);
  });
  const arm = async (request = run({ frames: FRAMES })) => {
    const armed = panel.arm(request);
    await clock.advance(LONG_MS);
    await armed;
  };
  const wholeRun = async () => {
    await arm();
    await panel.trigger();
    await clock.advance(FRAMES * 40 + LONG_MS);
    return log.frames();
  };
  return { clock, panel, slots, log, pictures, arm, wholeRun };
}

/** The same run without any fault. */
async function truePictures(): Promise<readonly Uint16Array[]> {
  const { wholeRun, pictures } = await opened();
  await wholeRun();
  return pictures;
}

describe("the GigE Vision driver", () => {
  for (const [name, faults] of [
    ["2 % of the packets lost", { lossPerMille: 20 }],
    ["a tenth of the packets swapped", { reorderPerMille: 100 }],
    ["late trailers", { lateTrailer: true }],
    ["everything at once", { lossPerMille: 20, reorderPerMille: 100, lateTrailer: true }],
  ] as const)
    test(`delivers every frame, pixel by pixel, with ${name}`, async () => {
      const expected = await truePictures();
      const { panel, wholeRun, pictures, slots } = await opened();
      Object.assign(panel.device.faults, faults);
      const frames = await wholeRun();
      expect(frames.length).toBe(FRAMES);
      expect(panel.health().lost).toBe(0);
      for (const { header } of frames) expect(header.status & FRAME_COMPLETE).toBe(FRAME_COMPLETE);
      expect(pictures).toEqual([...expected]);
      expect(slots.inUse()).toBe(0);
      if (!("lossPerMille" in faults)) return;
      expect(panel.device.counts.dropped).toBeGreaterThan(0);
      expect(panel.health().resent).toBeGreaterThan(0);
      expect(frames.some((f) => (f.header.status & FRAME_RESENT) !== 0)).toBe(true);
    });

  test("counts on when 16-bit numbers wrap, and loses nothing there", async () => {
    const { wholeRun, panel } = await opened({ firstBlock: 65_530 });
    const frames = await wholeRun();
    expect(frames.map((f) => f.header.deviceFrameId)).toEqual(
      Array.from({ length: FRAMES }, (_, i) => i + 1),
    );
    expect(panel.health().lost).toBe(0);
  });

  test("takes frames with extended numbers, also when packets are lost", async () => {
    const { wholeRun, panel } = await opened({ extended: true });
    panel.device.faults.lossPerMille = 10;
    expect((await wholeRun()).length).toBe(FRAMES);
    expect(panel.health().lost).toBe(0);
  });

  test("refuses frames of another size in words, expose-ready first", async () => {
    const { panel, arm, clock, log } = await opened();
    await arm();
    panel.device.faults.wrongSize = true;
    await panel.trigger();
    log.clear();
    await clock.advance(LONG_MS);
    expect(log.words()).toEqual(["not ready", "fault"]);
    expect(log.events[1]).toMatchObject({
      reason: "the panel sends 88 × 80 pixels where 96 × 80 were set; start it again",
    });
  });

  test("takes silence of an armed panel as a fault, expose-ready first", async () => {
    const { panel, arm, clock, log, slots } = await opened();
    await arm(radiograph());
    log.clear();
    panel.device.faults.deaf = true;
    await clock.advance(10_000);
    expect(log.words()).toEqual(["not ready", "fault"]);
    expect(log.events[1]).toMatchObject({
      reason: expect.stringContaining("no heartbeat: the panel does not answer"),
    });
    expect(slots.inUse()).toBe(0);
    panel.device.faults.deaf = false;
    await panel.open(slots, log.add);
    expect(panel.state()).toBe("idle");
  });

  test("is not opened while another program controls the panel", async () => {
    const { panel, clock } = await opened();
    const other = joinedPanel(clock);
    // Another host's privilege, taken on the same device.
    await panel.close();
    const { words, writeCommand, Command, Register } = await import(
      "../../../../src/hal/detector/gige/gvcp.ts"
    );
    panel.device.command(
      writeCommand(Command.writeRegister, 1, words(Register.controlPrivilege, 2)),
      "127.0.0.9:1",
    );
    const why = await panel.open(makeSlots(), () => {}).then(() => "", String);
    expect(why).toContain("another program controls the panel");
    expect(panel.state()).toBe("disconnected");
    other.device.close();
  });

  test("is not opened on a receive buffer that can't hold two frames, and names the remedy", async () => {
    const why = await opened({ receiveBufferBytes: 20_000 }).then(() => "", String);
    expect(why).toContain("net.core.rmem_max");
  });
});
