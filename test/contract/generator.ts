// What every generator driver has to keep: technique, states, permission, reports.

import { beforeEach, describe, expect, test } from "bun:test";
import { SimulatedClock } from "../../src/core/clock.ts";
import {
  type Generator,
  GeneratorError,
  type GeneratorEvent,
} from "../../src/hal/generator/generator.ts";
import type { ExposureReport } from "../../src/model/exposure.ts";

export type MakeGenerator = (clock: SimulatedClock) => Generator & {
  readonly faults: { fail(reason: string): void; clear(): void };
};

export function generatorContract(name: string, make: MakeGenerator): void {
  describe(`the ${name} generator`, () => {
    let clock: SimulatedClock;
    let generator: ReturnType<MakeGenerator>;
    let events: GeneratorEvent[];

    beforeEach(async () => {
      clock = new SimulatedClock();
      generator = make(clock);
      events = [];
      generator.onEvent((event) => events.push(event));
      await generator.open();
    });

    const states = () => events.flatMap((e) => (e.type === "state" ? [e.state] : []));
    const reports = () => events.flatMap((e) => (e.type === "report" ? [e.report] : []));
    const last = (): Partial<ExposureReport> => reports().at(-1) ?? {};
    const refusal = async (promise: Promise<unknown>): Promise<string> => {
      const error = await promise.then(
        () => null,
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(GeneratorError);
      return (error as GeneratorError).message;
    };
    const ready = async (ms = 100) => {
      await generator.setTechnique({ kv: 80, ma: 200, ms });
      generator.allowExposure(true);
    };
    /** Beam on; moves the clock over a preparation, if the driver has one. */
    const expose = async (request: Parameters<Generator["expose"]>[0]) => {
      const on = generator.expose(request);
      on.catch(() => {});
      await clock.advance(0);
      await on;
    };

    test("is in standby until a technique is set, then ready", async () => {
      expect(generator.state()).toBe("standby");
      await generator.setTechnique({ kv: 80, ma: 200, ms: 100 });
      expect(generator.state()).toBe("ready");
    });

    test("a radiograph ends by its timer and is reported as asked for", async () => {
      await ready();
      events.length = 0;
      await expose({ kind: "radiography", event: 3 });
      expect(generator.state()).toBe("exposing");
      await clock.advance(100);
      expect(states()).toEqual(["prep", "prepDone", "exposing", "terminated", "ready"]);
      expect(last()).toMatchObject({
        event: 3,
        kind: "radiography",
        kv: 80,
        ma: 200,
        exposureTimeMs: 100,
        durationMs: 100,
        mas: 20,
        pulses: 1,
        pulseRate: 0,
        terminatedBy: "timer",
      });
      expect(last().dap ?? 0).toBeGreaterThan(0);
      expect(last().doseRp ?? 0).toBeGreaterThan(0);
    });

    test("letting the switch go ends the beam early; the report says what was given", async () => {
      await ready();
      await expose({ kind: "radiography", event: 3 });
      await clock.advance(40);
      await generator.release();
      expect(last()).toMatchObject({ exposureTimeMs: 40, mas: 8, terminatedBy: "release" });
      await clock.advance(1000);
      expect(reports().length).toBe(1);
    });

    for (const kind of ["serial", "fluoroscopy"] as const)
      test(`${kind} gives pulses until it is released`, async () => {
        await ready(8);
        await expose({ kind, event: 4, fps: 10 });
        await clock.advance(1000);
        expect(generator.state()).toBe("exposing");
        await generator.release();
        expect(last()).toMatchObject({
          kind,
          pulses: 10,
          pulseMs: 8,
          pulseRate: 10,
          exposureTimeMs: 80,
          mas: 16,
          durationMs: 908,
          terminatedBy: "release",
        });
      });

    test("a run of a given number of pulses ends by itself", async () => {
      await ready(8);
      await expose({ kind: "serial", event: 4, fps: 10, pulses: 5 });
      await clock.advance(2000);
      expect(last()).toMatchObject({ pulses: 5, terminatedBy: "timer" });
      expect(generator.state()).toBe("ready");
    });

    test("no beam while exposure is not allowed", async () => {
      await generator.setTechnique({ kv: 80, ma: 200, ms: 100 });
      expect(await refusal(generator.expose({ kind: "radiography", event: 1 }))).toContain(
        "not allowed",
      );
      generator.allowExposure(true);
      await expose({ kind: "radiography", event: 1 });
      generator.allowExposure(false);
      expect(generator.state()).toBe("ready");
      expect(last()).toMatchObject({ terminatedBy: "fault" });
    });

    test("no beam without technique, while it is on, or switched off", async () => {
      generator.allowExposure(true);
      expect(await refusal(generator.expose({ kind: "radiography", event: 1 }))).toContain(
        "technique",
      );
      await ready();
      await expose({ kind: "radiography", event: 1 });
      expect(await refusal(generator.expose({ kind: "radiography", event: 2 }))).toContain(
        "exposing",
      );
      expect(await refusal(generator.setTechnique({ kv: 70, ma: 200, ms: 100 }))).toContain(
        "release",
      );
      await generator.close();
      expect(generator.state()).toBe("off");
      expect(await refusal(generator.setTechnique({ kv: 70, ma: 200, ms: 100 }))).toContain("off");
    });

    test("values beyond its limits are refused with what is possible, nothing changes", async () => {
      const set = (kv: number, ma: number, ms: number) => generator.setTechnique({ kv, ma, ms });
      expect(await refusal(set(500, 100, 100))).toContain("500 kV is not possible");
      expect(await refusal(set(10, 100, 100))).toContain("kV");
      expect(await refusal(set(80, 5000, 100))).toContain("mA");
      expect(await refusal(set(80, 100, 0))).toContain("ms");
      expect(await refusal(set(Number.NaN, 100, 100))).toContain("NaN kV");
      expect(generator.state()).toBe("standby");
    });

    test("a fault ends the beam, is told with its reason, and goes away when cleared", async () => {
      await ready();
      await expose({ kind: "radiography", event: 1 });
      generator.faults.fail("no filament current");
      expect(last()).toMatchObject({ terminatedBy: "fault" });
      expect(events.at(-1)).toMatchObject({ state: "fault", reason: "no filament current" });
      expect(await refusal(generator.expose({ kind: "radiography", event: 2 }))).toContain("fault");
      generator.faults.clear();
      expect(generator.state()).toBe("ready");
    });

    test("releasing without a beam does nothing", async () => {
      await ready();
      events.length = 0;
      await generator.release();
      expect(events).toEqual([]);
    });
  });
}
