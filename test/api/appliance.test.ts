import { expect, test } from "bun:test";
import { createApi } from "../../src/api/app.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { type FakeOptions, fakeDevice } from "./fake-device.ts";

const PIN = "4711";

async function room(options: FakeOptions = {}) {
  const clock = new SimulatedClock();
  const device = await fakeDevice(clock, options);
  device.pinValue = PIN;
  const app = createApi({ device, clock, log: silentLog });
  const ask = (method: string, path: string, body?: unknown, pin: string | null = PIN) =>
    app.request(`/api/v1/${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(pin === null ? {} : { authorization: `Bearer ${pin}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return { app, device, ask, [Symbol.dispose]: () => device[Symbol.dispose]() };
}

test("a plain PC says that it is no appliance, and offers nothing of one", async () => {
  using r = await room({ without: ["appliance"] });
  const answer = await r.ask("GET", "appliance");
  expect(answer.status).toBe(404);
  expect(((await answer.json()) as { detail: string }).detail).toContain("plain PC");
  expect((await r.ask("POST", "appliance/restart")).status).toBe(404);
});

test("the appliance tells its versions without a PIN, and does nothing without one", async () => {
  using r = await room();
  const answer = await r.ask("GET", "appliance", undefined, null);
  expect(await answer.json()).toMatchObject({
    version: "0.1.0",
    slot: "A",
    otherVersion: "0.0.9",
    update: { state: "none" },
  });
  for (const [method, path, body] of [
    ["POST", "appliance/update", { device: "/dev/sdb1" }],
    ["PUT", "appliance/update/upload", undefined],
    ["POST", "appliance/restart", undefined],
    ["POST", "appliance/power-off", undefined],
    ["POST", "appliance/factory-reset", { confirm: "ERASE ALL DATA" }],
    ["PUT", "appliance/time-servers", { servers: [] }],
    ["PUT", "appliance/network", { interface: "hospital", address: "dhcp" }],
    ["GET", "appliance/log-bundle", undefined],
  ] as const)
    expect((await r.ask(method, path, body, null)).status).toBe(401);
});

test("an update from a stick is taken, its end is an event", async () => {
  using r = await room();
  const answer = await r.ask("POST", "appliance/update", { device: "/dev/sdb1" });
  expect(answer.status).toBe(202);
  expect(await answer.json()).toMatchObject({ state: "installing", version: "0.2.0" });
  await new Promise<void>((resolve) => setImmediate(resolve));
  const told = r.device.events.after(0)?.filter((event) => event.type === "appliance") ?? [];
  expect(JSON.parse(told.at(-1)?.json ?? "{}")).toEqual({ state: "installed", version: "0.2.0" });
  const unknown = await r.ask("POST", "appliance/update", { device: "/dev/sdz1" });
  expect(unknown.status).toBe(422);
});

test("an upload is streamed, and must be a tar", async () => {
  using r = await room();
  const send = (type: string) =>
    r.app.request("/api/v1/appliance/update/upload", {
      method: "PUT",
      headers: { "content-type": type, authorization: `Bearer ${PIN}` },
      body: new Uint8Array(600_000),
    });
  expect((await send("application/x-tar")).status).toBe(202);
  expect(r.device.calls).toContain("upload 600000");
  expect((await send("application/json")).status).toBe(422);
});

test("nothing is restarted under an exam unless forced", async () => {
  using r = await room();
  r.device.calls.push("in use");
  const refused = await r.ask("POST", "appliance/restart");
  expect(refused.status).toBe(409);
  expect(((await refused.json()) as { detail: string }).detail).toContain("An exam is open");
  expect((await r.ask("POST", "appliance/update", { device: "/dev/sdb1" })).status).toBe(409);
  expect((await r.ask("POST", "appliance/restart?force=true")).status).toBe(204);
});

test("a reset needs its word", async () => {
  using r = await room();
  expect((await r.ask("POST", "appliance/factory-reset?force=true", {})).status).toBe(422);
  const yes = { confirm: "ERASE ALL DATA" };
  expect((await r.ask("POST", "appliance/factory-reset?force=true", yes)).status).toBe(204);
});

test("time servers are set and told", async () => {
  using r = await room();
  const answer = await r.ask("PUT", "appliance/time-servers", { servers: ["10.0.0.1"] });
  expect(await answer.json()).toMatchObject({ timeServers: ["10.0.0.1"] });
  expect((await r.ask("PUT", "appliance/time-servers", { servers: ["a b"] })).status).toBe(422);
});

test("a network card's address is set and told, what cannot work is refused in words", async () => {
  using r = await room();
  const fixed = { interface: "hospital", address: "192.0.2.10/24", gateway: "192.0.2.1" };
  const answer = await r.ask("PUT", "appliance/network", fixed);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ network: [{ ...fixed, dns: [] }] });
  expect(await (await r.ask("GET", "appliance")).json()).toMatchObject({
    network: [{ ...fixed, dns: [] }],
  });
  for (const [change, words] of [
    [{ interface: "eth0" }, "hospital"],
    [{ address: "192.0.2.10" }, "192.0.2.10/24"],
    [{ address: "2001:db8::1/64" }, "192.0.2.10/24"],
    [{ gateway: "router" }, "is no IP address"],
    [{ dns: ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"] }, "3"],
    [{ gateway: "10.0.0.1" }, "is not in the net"],
    [{ address: "dhcp" }, "the gateway comes from the network"],
    [{ netmask: "255.255.255.0" }, "netmask"],
  ] as const) {
    const refused = await r.ask("PUT", "appliance/network", { ...fixed, ...change });
    expect(refused.status).toBe(422);
    expect(JSON.stringify(await refused.json())).toContain(words);
  }
  r.device.calls.push("in use");
  expect((await r.ask("PUT", "appliance/network", fixed)).status).toBe(409);
  expect((await r.ask("PUT", "appliance/network?force=true", fixed)).status).toBe(200);
});

test("any operator lets a stick go", async () => {
  using r = await room();
  const path = `media/${encodeURIComponent("/dev/sdb1")}/release`;
  const answer = await r.ask("POST", path, undefined, null);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    text: "Everything is written; the stick can be pulled out.",
  });
  expect(r.device.calls).toContain("release /dev/sdb1");
  expect((await r.ask("POST", "media/none/release", undefined, null)).status).toBe(404);
});

test("the log bundle is a tar of journal, configuration, health and versions, without the PIN", async () => {
  using r = await room();
  const answer = await r.ask("GET", "appliance/log-bundle");
  expect(answer.headers.get("content-type")).toBe("application/x-tar");
  const tar = await answer.bytes();
  const listed = Bun.spawnSync(["tar", "-t"], { stdin: tar });
  expect(listed.stdout.toString().trim().split("\n")).toEqual([
    "health.json",
    "configuration.json",
    "versions.json",
    "journal.txt",
  ]);
  expect(new TextDecoder().decode(tar)).not.toContain(PIN);
});
