// The simulated generator: the contract, steps and power, dose, heat, fluoroscopy time, interlock.

import { describe, expect, test } from "bun:test";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { GeneratorError, type GeneratorEvent } from "../../../src/hal/generator/generator.ts";
import { doseOf } from "../../../src/hal/generator/sim/dose.ts";
import { simulatedGenerator } from "../../../src/hal/generator/sim/simulated-generator.ts";
import {
  DEFAULT_GEOMETRY,
  simulatedPositioner,
} from "../../../src/hal/generator/sim/simulated-positioner.ts";
import { simulatedSwitch } from "../../../src/hal/generator/sim/simulated-switch.ts";
import { acceptTechnique } from "../../../src/hal/generator/sim/technique.ts";
import { millimetres } from "../../../src/model/units.ts";
import { generatorContract } from "../../contract/generator.ts";

generatorContract("simulated", (clock) => simulatedGenerator({ clock }));

async function opened(more: Partial<Parameters<typeof simulatedGenerator>[0]> = {}) {
  const clock = new SimulatedClock();
  const generator = simulatedGenerator({ clock, ...more });
  const events: GeneratorEvent[] = [];
  generator.onEvent((event) => events.push(event));
  await generator.open();
  generator.allowExposure(true);
  const reports = () => events.flatMap((e) => (e.type === "report" ? [e.report] : []));
  return { clock, generator, events, reports };
}

describe("technique", () => {
  test("is moved to the nearest step of the R'10 series", () => {
    expect(acceptTechnique({ kv: 80.4, ma: 210, ms: 95 })).toEqual({
      kv: 80,
      ma: 200,
      ms: 100,
      focus: "large",
    });
  });

  test("beyond the focus' power names the current that is possible", () => {
    expect(() => acceptTechnique({ kv: 100, ma: 500, ms: 10, focus: "small" })).toThrow(
      "at most 400 mA",
    );
    expect(acceptTechnique({ kv: 100, ma: 400, ms: 10, focus: "small" }).ma).toBe(400);
  });

  test("pulses that don't fit into a period are refused", () => {
    expect(() => acceptTechnique({ kv: 70, ma: 50, ms: 40, fps: 30 })).toThrow("at most 26 ms");
  });
});

describe("dose", () => {
  const at = (kv: number, mas: number, more = {}) =>
    doseOf(kv, mas, { ...DEFAULT_GEOMETRY, ...more });

  test("is proportional to mAs and rises with the square of the voltage", () => {
    expect(at(80, 20).dap / at(80, 10).dap).toBeCloseTo(2, 9);
    expect(at(120, 10).doseRp / at(60, 10).doseRp).toBeCloseTo(4, 9);
  });

  test("the area product follows the collimator, the dose at the reference point does not", () => {
    const open = at(80, 10);
    const half = at(80, 10, { collimatorMm: [0, 430, 0, 215] });
    expect(open.dap / half.dap).toBeCloseTo(2, 9);
    expect(open.doseRp).toBe(half.doseRp);
    // An abdomen: some tenths of a mGy·m² at most.
    expect(at(75, 32).dap).toBeGreaterThan(1e-5);
    expect(at(75, 32).dap).toBeLessThan(1e-3);
  });

  test("is added up by the meter, which can be reset and can fail", async () => {
    const { clock, generator, reports } = await opened();
    await generator.setTechnique({ kv: 80, ma: 200, ms: 100 });
    for (const event of [1, 2]) {
      await generator.expose({ kind: "radiography", event });
      await clock.advance(100);
    }
    const [a, b] = reports();
    expect((await generator.dapMeter.read()).dap).toBeCloseTo((a?.dap ?? 0) + (b?.dap ?? 0), 12);
    await generator.dapMeter.reset();
    expect((await generator.dapMeter.read()).dap as number).toBe(0);
    generator.dapMeter.setFault(true);
    expect((await generator.dapMeter.read()).status).toBe("fault");
  });

  test("uses where tube and panel stand at the exposure", async () => {
    const positioner = simulatedPositioner();
    const { clock, generator, reports } = await opened({ geometry: () => positioner.now() });
    await generator.setTechnique({ kv: 80, ma: 200, ms: 100 });
    for (const distance of [1000, 2000]) {
      positioner.move({ sourceToDetectorMm: millimetres(distance) });
      await generator.expose({ kind: "radiography", event: distance });
      await clock.advance(100);
    }
    const [near, far] = reports();
    expect((near?.dap ?? 0) / (far?.dap ?? 1)).toBeCloseTo(4, 9);
    expect((await positioner.geometry()).sourceToDetectorMm as number).toBe(2000);
  });
});

describe("heat", () => {
  test("is stored by exposures and lost by waiting", async () => {
    const { clock, generator } = await opened();
    await generator.setTechnique({ kv: 100, ma: 800, ms: 1000 });
    await generator.expose({ kind: "radiography", event: 1 });
    await clock.advance(1000);
    const hot = generator.heat().anodePercent;
    // 100 kV × 800 mA × 1 s × 1.4 = 112 kHU of 400.
    expect(hot).toBeCloseTo(28, 1);
    await clock.advance(180_000);
    expect(generator.heat().anodePercent).toBeCloseTo(hot / Math.E, 1);
    expect(generator.heat().housingPercent).toBeGreaterThan(0);
  });

  test("a load that the anode can't take is refused with the time to wait", async () => {
    const { clock, generator } = await opened();
    await generator.setTechnique({ kv: 100, ma: 800, ms: 1000 });
    let refused = "";
    for (let event = 1; event < 10 && refused === ""; event++) {
      await generator.expose({ kind: "radiography", event }).catch((e: GeneratorError) => {
        refused = e.message;
      });
      await clock.advance(1000);
    }
    const wait = Number(/wait (\d+) s/.exec(refused)?.[1]);
    expect(wait).toBeGreaterThan(0);
    await clock.advance(wait * 1000);
    await generator.expose({ kind: "radiography", event: 10 });
    expect(generator.state()).toBe("exposing");
  });

  test("a run ends at the anode's limit", async () => {
    const { clock, generator, reports } = await opened();
    await generator.setTechnique({ kv: 100, ma: 800, ms: 50 });
    await generator.expose({ kind: "serial", event: 1, fps: 15 });
    await clock.advance(60_000);
    expect(reports()[0]?.terminatedBy).toBe("limit");
    expect(generator.heat().anodePercent).toBeLessThan(95.1);
  });
});

describe("fluoroscopy time", () => {
  test("adds up over an exam, sounds the alarm at five minutes, and is set back", async () => {
    const { clock, generator } = await opened();
    await generator.setTechnique({ kv: 70, ma: 10, ms: 8 });
    await generator.expose({ kind: "fluoroscopy", event: 1, fps: 10 });
    await clock.advance(200_000);
    await generator.release();
    expect(generator.fluoroTimer().seconds).toBeCloseTo(200, 0);
    await generator.expose({ kind: "fluoroscopy", event: 2, fps: 10 });
    await clock.advance(99_000);
    expect(generator.fluoroTimer().alarm).toBe(false);
    await clock.advance(2000);
    expect(generator.fluoroTimer().alarm).toBe(true);
    await generator.release();
    generator.resetFluoroTimer();
    expect(generator.fluoroTimer()).toEqual({ seconds: 0, alarm: false });
  });

  test("does not count serial runs", async () => {
    const { clock, generator } = await opened();
    await generator.setTechnique({ kv: 70, ma: 100, ms: 8 });
    await generator.expose({ kind: "serial", event: 1, fps: 10 });
    await clock.advance(2000);
    await generator.release();
    expect(generator.fluoroTimer().seconds).toBe(0);
  });
});

describe("the door and the switch", () => {
  test("an open door ends the beam and blocks until it is closed", async () => {
    const handSwitch = simulatedSwitch();
    const { generator, reports } = await opened({ handSwitch });
    await generator.setTechnique({ kv: 80, ma: 200, ms: 100 });
    await generator.expose({ kind: "radiography", event: 1 });
    handSwitch.set({ doorClosed: false });
    expect(generator.state()).toBe("interlock");
    expect(reports()[0]?.terminatedBy).toBe("fault");
    await expect(generator.expose({ kind: "radiography", event: 2 })).rejects.toThrow("door");
    handSwitch.set({ doorClosed: true });
    expect(generator.state()).toBe("ready");
  });

  test("the switch let go during preparation means no beam and no report", async () => {
    const { clock, generator, events, reports } = await opened({ prepMs: 800 });
    await generator.setTechnique({ kv: 80, ma: 200, ms: 100 });
    const exposed = generator.expose({ kind: "radiography", event: 1 }).catch((e: unknown) => e);
    await clock.advance(500);
    expect(generator.state()).toBe("prep");
    await generator.release();
    expect(await exposed).toBeInstanceOf(GeneratorError);
    await clock.advance(1000);
    expect(reports()).toEqual([]);
    expect(events.some((e) => e.type === "state" && e.state === "exposing")).toBe(false);
    expect(generator.state()).toBe("ready");
  });
});

describe("a hint during a run", () => {
  const geometry = () => DEFAULT_GEOMETRY;
  const run = async () => {
    const room = await opened({ geometry });
    await room.generator.setTechnique({ kv: 75, ma: 20, ms: 8 });
    await room.generator.expose({ kind: "fluoroscopy", event: 1, fps: 10 });
    return room;
  };

  test("is for the pulses that follow; the report has the means, and the dose of each pulse", async () => {
    const { clock, generator, reports } = await run();
    await clock.advance(950);
    expect(generator.adjust({ kv: 85.3, ma: 26 })).toEqual({ kv: 85, ma: 25 });
    await clock.advance(3000);
    await generator.release();
    const [report] = reports();
    // Ten pulses before, thirty after.
    expect(report).toMatchObject({ pulses: 40, kv: 82.5, ma: 23.75 });
    expect(report?.mas).toBeCloseTo((10 * 20 + 30 * 25) * 0.008, 9);
    const [before, after] = [doseOf(75, 1.6, geometry()), doseOf(85, 6, geometry())];
    expect(report?.dap).toBeCloseTo(before.dap + after.dap, 12);
    expect(report?.doseRp).toBeCloseTo(before.doseRp + after.doseRp, 12);
    expect((await generator.dapMeter.read()).dap as number).toBe(report?.dap as number);
  });

  test("is held to what the tube can give, and does nothing without a run", async () => {
    const { clock, generator } = await opened();
    expect(generator.adjust({ kv: 80, ma: 20 })).toBeNull();
    await generator.setTechnique({ kv: 75, ma: 20, ms: 8, focus: "small" });
    await generator.expose({ kind: "fluoroscopy", event: 1, fps: 10 });
    expect(generator.adjust({ kv: 500, ma: 9000 })).toEqual({ kv: 150, ma: 250 });
    expect(generator.adjust({ kv: 1, ma: 0 })).toEqual({ kv: 40, ma: 0.5 });
    await generator.release();
    await generator.expose({ kind: "radiography", event: 2 });
    expect(generator.adjust({ kv: 80, ma: 20 })).toBeNull();
    await clock.advance(100);
  });

  test("brings a run to the anode's limit sooner", async () => {
    const pulses = async (wanted: { kv: number; ma: number } | null) => {
      const { clock, generator, reports } = await opened();
      await generator.setTechnique({ kv: 100, ma: 200, ms: 20 });
      await generator.expose({ kind: "fluoroscopy", event: 1, fps: 10 });
      await clock.advance(1000);
      if (wanted !== null) generator.adjust(wanted);
      await clock.advance(15 * 60 * 1000);
      return reports()[0]?.pulses ?? 0;
    };
    expect(await pulses({ kv: 110, ma: 250 })).toBeLessThan((await pulses(null)) * 0.8);
  });
});
