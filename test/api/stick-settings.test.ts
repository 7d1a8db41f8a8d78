import { expect, test } from "bun:test";
import { createApi } from "../../src/api/app.ts";
import type {
  AppliedSettings,
  Problem,
  Released,
  SettingsPreview,
} from "../../src/api/contract.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { type FakeOptions, fakeDevice } from "./fake-device.ts";

const PIN = "4711";
const STICK = "/dev/sdb1";

async function room(options: FakeOptions = {}) {
  const clock = new SimulatedClock();
  const stick = { text: '{ "device": { "stationName": "ROOM 2" } }' };
  const device = await fakeDevice(clock, { configured: {}, stick: () => stick.text, ...options });
  device.pinValue = PIN;
  const app = createApi({ device, clock, log: silentLog });
  const post = async <T>(what: string, body: unknown, pin: string | null = PIN) => {
    const answer = await app.request(`/api/v1/settings/stick/${what}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(pin === null ? {} : { authorization: `Bearer ${pin}` }),
      },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as T & Problem };
  };
  return { device, stick, post, [Symbol.dispose]: () => device[Symbol.dispose]() };
}

test("where nothing can be plugged in, no settings are taken from a stick", async () => {
  using r = await room({ without: ["backup"] });
  expect((await r.post("preview", { device: STICK })).status).toBe(404);
});

test("nothing is read from a stick or written to it without the PIN", async () => {
  using r = await room();
  for (const [what, body] of [
    ["preview", { device: STICK }],
    ["apply", { device: STICK, ticket: "x" }],
    ["export", { device: STICK }],
  ] as const)
    expect((await r.post(what, body, null)).status).toBe(401);
  expect(r.device.calls.some((call) => call.startsWith("settings "))).toBe(false);
});

test("settings are shown, then applied with the ticket, once", async () => {
  using r = await room();
  const shown = await r.post<SettingsPreview>("preview", { device: STICK });
  const changes = [{ key: "device.stationName", from: '""', to: '"ROOM 2"' }];
  expect([shown.status, shown.body.changes]).toEqual([200, changes]);
  const { ticket } = shown.body;
  expect((await r.post("apply", { device: STICK, ticket: "other" })).status).toBe(409);
  expect(r.device.holder?.current().device.stationName).toBe("");
  const applied = await r.post<AppliedSettings>("apply", { device: STICK, ticket });
  expect([applied.status, applied.body.changes]).toEqual([200, changes]);
  expect(r.device.holder?.current().device.stationName).toBe("ROOM 2");
  expect((await r.post("apply", { device: STICK, ticket })).status).toBe(409);
});

test("every problem of the stick's settings is a field error", async () => {
  using r = await room();
  r.stick.text = '{ "device": { "timeZone": "Mars" }, "local": { "port": 0 } }';
  const refused = await r.post("preview", { device: STICK });
  expect(refused.status).toBe(422);
  expect(refused.body.errors?.map(({ path }) => path)).toEqual(["device.timeZone", "local.port"]);
});

test("settings are written to a stick, and the answer says that it can be pulled out", async () => {
  using r = await room();
  const written = await r.post<Released>("export", { device: STICK });
  expect([written.status, written.body.text]).toEqual([
    200,
    expect.stringMatching(/PIN.* are not.*can be pulled out/),
  ]);
  r.device.calls.push("in use");
  expect((await r.post("export", { device: STICK })).status).toBe(409);
});
