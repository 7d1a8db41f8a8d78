// Single keys of the configuration and its remotes, changed by the API over the real configuration.

import { expect, test } from "bun:test";
import { createApi } from "../../src/api/app.ts";
import type { Configuration, Problem, RemoteView } from "../../src/api/contract.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { type FakeOptions, fakeDevice } from "./fake-device.ts";

const PIN = "4711";
const PACS = {
  id: "pacs",
  aeTitle: "PACS",
  host: "192.0.2.5",
  port: 104,
  services: ["storage", "verification"],
  archive: true,
  lifeCheck: false,
  tls: { ca: "ca.pem", verify: true },
};
const CONFIGURED = {
  device: { institutionName: "Example hospital" },
  remotes: [PACS],
  http: { pin: PIN, allowPathTargets: false },
};

async function room(options: FakeOptions = {}) {
  const clock = new SimulatedClock();
  const device = await fakeDevice(clock, { configured: CONFIGURED, ...options });
  device.pinValue = PIN;
  const app = createApi({ device, clock, log: silentLog });
  const ask = async <T>(method: string, path: string, body?: unknown, pin: string | null = PIN) => {
    const answer = await app.request(`/api/v1/${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(pin === null ? {} : { authorization: `Bearer ${pin}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === "" ? null : JSON.parse(text)) as T & Problem };
  };
  const current = () => {
    if (device.holder === undefined) throw new Error("no configuration was given");
    return device.holder.current();
  };
  return { device, ask, current, [Symbol.dispose]: () => device[Symbol.dispose]() };
}

test("without the PIN nothing of it can be changed", async () => {
  using r = await room();
  const before = r.current();
  for (const [method, path, body] of [
    ["PATCH", "config", { device: { stationName: "ROOM 2" } }],
    ["POST", "remotes", { ...PACS, id: "two" }],
    ["PATCH", "remotes/pacs", { port: 105 }],
    ["DELETE", "remotes/pacs", undefined],
  ] as const) {
    expect((await r.ask(method, path, body, null)).status).toBe(401);
    expect([401, 429]).toContain((await r.ask(method, path, body, "0000")).status);
  }
  expect(r.current()).toBe(before);
});

test("a patch changes one key; the PIN and all the rest stay", async () => {
  using r = await room();
  const before = r.current();
  const patch = { device: { stationName: "ROOM 2" } };
  const { status, body } = await r.ask<Configuration>("PATCH", "config", patch);
  expect(status).toBe(200);
  expect(body.http.pin).toBe("***");
  expect(r.current()).toEqual({ ...before, device: { ...before.device, stationName: "ROOM 2" } });
});

test("what a patch cannot set is told at its key, and nothing is changed", async () => {
  using r = await room();
  const before = r.current();
  const { status, body } = await r.ask("PATCH", "config", {
    device: { stationName: "A ROOM WITH A LONG NAME", timeZone: "Mars/Olympus", colour: "red" },
  });
  expect(status).toBe(422);
  expect(body.errors?.map((error) => error.path).sort()).toEqual([
    "device.colour",
    "device.stationName",
    "device.timeZone",
  ]);
  expect(r.current()).toBe(before);
});

test("patches that come at once are all made", async () => {
  using r = await room();
  await Promise.all([
    r.ask("PATCH", "config", { device: { stationName: "ROOM 2" } }),
    r.ask("PATCH", "remotes/pacs", { port: 11112 }),
    r.ask("POST", "remotes", { id: "ris", aeTitle: "RIS", host: "ris", port: 104 }),
    r.ask("PATCH", "config", { device: { serialNumber: "B1" } }),
  ]);
  expect(r.current()).toMatchObject({
    device: { stationName: "ROOM 2", serialNumber: "B1", institutionName: "Example hospital" },
    remotes: [{ id: "pacs", port: 11112 }, { id: "ris" }],
  });
});

test("a remote is added with the defaults of what was not said, and only under a new id", async () => {
  using r = await room();
  const added = await r.ask<RemoteView>("POST", "remotes", {
    id: "ris",
    aeTitle: "RIS",
    host: "192.0.2.7",
    port: 104,
    services: ["worklist", "mpps"],
  });
  expect(added.status).toBe(201);
  expect(added.body).toMatchObject({ id: "ris", send: "manual", archive: false, lifeCheck: true });
  const again = await r.ask("POST", "remotes", { ...PACS, aeTitle: "OTHER" });
  expect(again.status).toBe(422);
  expect(again.body.errors?.map((error) => error.path)).toEqual(["id"]);
  expect(r.current().remotes.map(({ id, aeTitle }) => [id, aeTitle])).toEqual([
    ["pacs", "PACS"],
    ["ris", "RIS"],
  ]);
});

test("fields of a remote that are refused are told by their own names", async () => {
  using r = await room();
  const wrong = { id: "a b", aeTitle: "", host: "no host", port: 0, services: ["coffee"] };
  for (const [method, path, body] of [
    ["POST", "remotes", wrong],
    ["PATCH", "remotes/pacs", { ...wrong, id: undefined }],
  ] as const) {
    const refused = await r.ask(method, path, body);
    expect(refused.status).toBe(422);
    const paths = refused.body.errors?.map((error) => error.path) ?? [];
    for (const field of ["aeTitle", "host", "port", "services[0]"]) expect(paths).toContain(field);
  }
});

test("a change keeps what the form does not show, and never the id", async () => {
  using r = await room();
  const changed = await r.ask<RemoteView>("PATCH", "remotes/pacs", { host: "192.0.2.6", port: 1 });
  expect(changed.status).toBe(200);
  expect(r.current().remotes).toEqual([
    { ...PACS, host: "192.0.2.6", port: 1, send: "manual" } as never,
  ]);
  expect((await r.ask("PATCH", "remotes/pacs", { id: "other" })).status).toBe(422);
  const unknown = await r.ask("PATCH", "remotes/nobody", { port: 1 });
  expect([unknown.status, unknown.body.detail]).toEqual([
    404,
    "The configuration has no remote nobody.",
  ]);
});

test("a remote that something needs is taken away by force only", async () => {
  using r = await room({ remoteInUse: "2 send jobs for pacs are not done." });
  for (const [method, path, body] of [
    ["DELETE", "remotes/pacs", undefined],
    ["PATCH", "remotes/pacs", { archive: false }],
  ] as const) {
    const refused = await r.ask(method, path, body);
    expect([refused.status, refused.body.canForce, refused.body.detail]).toEqual([
      409,
      true,
      "Nothing was changed. 2 send jobs for pacs are not done.",
    ]);
  }
  expect(r.current().remotes.length).toBe(1);
  expect((await r.ask("DELETE", "remotes/pacs?force=true")).status).toBe(204);
  expect(r.current().remotes).toEqual([]);
  expect((await r.ask("DELETE", "remotes/pacs?force=true")).status).toBe(404);
});
