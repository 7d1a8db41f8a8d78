// One thing at a time: whatever is asked while something else is waited for.

import { expect, test } from "bun:test";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { simulatedAppliance } from "../../../src/hal/appliance/simulated-appliance.ts";
import { type UpdateFacts, UpdateSetError } from "../../../src/hal/appliance/update-set.ts";
import {
  ApplianceService,
  type ApplianceServiceParts,
} from "../../../src/services/appliance/appliance-service.ts";

const FACTS: UpdateFacts = {
  product: "UDR-10A",
  version: "0.2.0",
  schema: 3,
  readableFromSchema: 3,
};
const IDLE = {
  isExposing: false,
  openExams: 0,
  calibration: "none",
  activeJobs: { send: 0, print: 0, export: 0, retrieve: 0 },
  arrivingObjects: 0,
  backup: null,
  unsaved: () => ({ studies: 0, instances: 0, stepMessages: 0 }),
} as const;

/** A service whose every wait can be held. */
function room(change: Partial<ApplianceServiceParts> = {}) {
  const clock = new SimulatedClock();
  const appliance = simulatedAppliance();
  const log: string[] = [];
  const opening = Promise.withResolvers<void>();
  const reading = Promise.withResolvers<void>();
  const parts: ApplianceServiceParts = {
    appliance,
    uploads: {
      async receive(body) {
        for await (const _ of body);
        log.push("received");
        return "/data/updates/upload";
      },
      async clear() {
        log.push("cleared");
      },
    },
    readSet: async () => {
      await reading.promise;
      return { facts: FACTS };
    },
    clock,
    log: silentLog,
    drives: {
      async open(device) {
        await opening.promise;
        return device === "/dev/sdb1"
          ? { kind: "open", drive: { root: "/stick", label: "STICK", release: async () => "" } }
          : { kind: "refused", reason: "It is not plugged in." };
      },
    },
    occupation: () => IDLE,
    ...change,
  };
  const service = new ApplianceService(parts);
  const states: string[] = [];
  service.changes.add(({ state }) => states.push(state));
  return {
    service,
    appliance,
    clock,
    log,
    states,
    open: () => opening.resolve(),
    read: () => reading.resolve(),
    fail: () => reading.reject(new UpdateSetError("It is not signed.")),
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
async function* chunks(...pieces: Uint8Array[]) {
  yield* pieces;
}
const code = (answer: { ok: boolean; refusal?: { code: string } }) =>
  answer.ok ? "ok" : answer.refusal?.code;

test("of two updates asked for in one breath one is taken", async () => {
  const r = room();
  const first = r.service.updateFromStick("/dev/sdb1", false);
  const second = await r.service.updateFromStick("/dev/sdb1", true);
  expect(code(second)).toBe("in-use");
  r.open();
  await turn();
  // The set is read now; still nobody else.
  expect(code(await r.service.updateFromUpload(chunks(), null, true))).toBe("in-use");
  r.read();
  expect(await first).toMatchObject({ ok: true, value: { state: "installing" } });
  await turn();
  expect(r.states).toEqual(["checking", "installing", "installing", "installed"]);
  expect(r.appliance.asked.filter((what) => what.startsWith("install-update"))).toHaveLength(1);
});

test("a device that is not plugged in leaves the state as it was", async () => {
  const r = room();
  r.open();
  r.read();
  await r.service.updateFromStick("/dev/sdb1", false);
  await turn();
  expect(code(await r.service.updateFromStick("/dev/sdz1", false))).toBe("unknown-reference");
  expect(r.states.at(-1)).toBe("installed");
});

for (const end of ["restart", "powerOff", "factoryReset"] as const) {
  test(`${end} is refused while an upload is received, unless forced`, async () => {
    const r = room();
    const arriving = Promise.withResolvers<void>();
    const body = async function* () {
      yield new Uint8Array(1);
      await arriving.promise;
    };
    const upload = r.service.updateFromUpload(body(), null, false);
    expect(r.states).toEqual(["receiving"]);
    expect(code(await r.service[end](false))).toBe("in-use");
    expect(r.appliance.asked).toEqual([]);
    expect(code(await r.service[end](true))).toBe("ok");
    // The upload comes to its end meanwhile, and no slot is begun on a machine that ends.
    arriving.resolve();
    r.read();
    expect(code(await upload)).toBe("device-fault");
    expect(r.appliance.asked).toHaveLength(1);
    expect(r.log).toEqual(["received", "cleared"]);
  });

  test(`${end} is never done while a slot is written`, async () => {
    const r = room();
    const written = Promise.withResolvers<void>();
    r.appliance.holdInstallation(written.promise);
    r.open();
    r.read();
    await r.service.updateFromStick("/dev/sdb1", false);
    expect(await r.service[end](false)).toMatchObject({ refusal: { canForce: false } });
    expect(await r.service[end](true)).toMatchObject({
      refusal: { code: "in-use", canForce: false },
    });
    written.resolve();
    await turn();
    expect(code(await r.service[end](false))).toBe("ok");
  });
}

test("what only force overrules is told as such, and not where something else could never be cut off", async () => {
  let openExams = 1;
  const r = room({ occupation: () => ({ ...IDLE, openExams }) });
  const written = Promise.withResolvers<void>();
  r.appliance.holdInstallation(written.promise);
  r.open();
  r.read();
  expect(await r.service.restart(false)).toMatchObject({ refusal: { canForce: true } });
  openExams = 0;
  await r.service.updateFromStick("/dev/sdb1", false);
  openExams = 1;
  const both = await r.service.restart(false);
  expect(both).toMatchObject({
    refusal: {
      detail:
        "An update is being written. Wait until it is done. An exam is open. Complete it, then try again.",
      canForce: false,
    },
  });
  written.resolve();
});

test("a machine that ends takes no update and is not told to end twice", async () => {
  const r = room();
  const first = r.service.restart(false);
  expect(code(await r.service.powerOff(true))).toBe("in-use");
  expect(code(await first)).toBe("ok");
  expect(code(await r.service.updateFromStick("/dev/sdb1", true))).toBe("in-use");
  expect(r.states).toEqual([]);
  expect(r.appliance.asked).toEqual(["restart"]);
});

test("a machine that was told to end and did not may be told again", async () => {
  const r = room();
  await r.service.restart(false);
  await r.clock.advance(120_000);
  expect(code(await r.service.restart(false))).toBe("ok");
});

test("a machine that refuses to end goes on", async () => {
  const r = room();
  r.appliance.refuseNext("The device cannot be restarted (busy).");
  expect(code(await r.service.restart(false))).toBe("device-fault");
  expect(code(await r.service.powerOff(false))).toBe("ok");
});

test("a bad set leaves room for the next, and nothing of it on the disk", async () => {
  const r = room();
  r.fail();
  expect(code(await r.service.updateFromUpload(chunks(), null, false))).toBe("invalid-field");
  expect(r.states).toEqual(["receiving", "checking", "failed"]);
  expect(r.log).toEqual(["received", "cleared"]);
});

test("an upload that follows at once is not cleared away with the one before", async () => {
  const r = room();
  r.read();
  let next: Promise<unknown> | null = null;
  r.service.changes.add(({ state }) => {
    if (state === "installed") next ??= r.service.updateFromUpload(chunks(), null, false);
  });
  await r.service.updateFromUpload(chunks(), null, false);
  await turn();
  await next;
  expect(r.log.slice(0, 3)).toEqual(["received", "cleared", "received"]);
});

test("an uploads' folder that cannot be cleared ends nothing", async () => {
  const r = room({
    uploads: {
      receive: async () => "/data/updates/upload",
      clear: async () => {
        throw new Error("EIO");
      },
    },
  });
  r.read();
  await r.service.updateFromUpload(chunks(), null, false);
  await turn();
  expect(r.states.at(-1)).toBe("installed");
});
