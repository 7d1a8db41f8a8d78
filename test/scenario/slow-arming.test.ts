// A panel that takes long to be armed (a slow link, a busy processor) once cost the whole program: the
// time allowed for its readiness ran from before the arming, and ended with nobody listening.

import { expect, test } from "bun:test";
import { SHIPPED_PROTOCOLS } from "../../src/config/protocols.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Listeners } from "../../src/core/listeners.ts";
import { silentLog } from "../../src/core/log.ts";
import { Acquisition, type Panel } from "../../src/exam/acquisition.ts";
import type { DetectorEvent } from "../../src/hal/detector/detector.ts";
import { simulatedDetector } from "../../src/hal/detector/sim/simulated-detector.ts";
import { simulatedGenerator } from "../../src/hal/generator/sim/simulated-generator.ts";
import { simulatedPositioner } from "../../src/hal/generator/sim/simulated-positioner.ts";

const ARMING_MS = 60_000;

test("a panel may take a minute to be armed, and only then is its readiness waited for", async () => {
  const clock = new SimulatedClock(0);
  const events = new Listeners<DetectorEvent>();
  const positioner = simulatedPositioner();
  const generator = simulatedGenerator({ clock, geometry: () => positioner.now() });
  await generator.open();
  const arming = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const panel: Panel = {
    info: simulatedDetector({ seed: 1, clock }).info,
    events,
    state: () => "idle",
    arm: () => {
      asked.resolve();
      return arming.promise;
    },
    trigger: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    abort: () => {},
    adjustBeam: () => {},
  };
  const acquisition = new Acquisition(panel, generator, () => {}, clock, silentLog);
  const [protocol] = SHIPPED_PROTOCOLS;
  if (protocol === undefined) throw new Error("no protocol is shipped");
  const prepared = acquisition.prepare("exam-1", protocol, protocol.technique, "radiography");
  await asked.promise;
  await clock.advance(ARMING_MS);
  arming.resolve();
  events.emit({ type: "expose-ready", ready: true });
  await prepared;
  expect(acquisition.readyFor()).toBe("radiography");
});
