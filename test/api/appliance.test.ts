import { expect, test } from "bun:test";
import { createApi } from "../../src/api/app.ts";
import { configurationPort, firstPinPort } from "../../src/api/ports/configuration-port.ts";
import { parseConfiguration } from "../../src/config/configuration.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { jsonLog, silentLog } from "../../src/core/log.ts";
import { ConfigurationHolder } from "../../src/services/configuration-holder.ts";
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
    ["POST", "appliance/log-bundle", { device: "/dev/sdb1" }],
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
  expect(await refused.json()).toMatchObject({
    detail: expect.stringContaining("An exam is open"),
    canForce: true,
  });
  expect((await r.ask("POST", "appliance/update", { device: "/dev/sdb1" })).status).toBe(409);
  expect((await r.ask("POST", "appliance/restart?force=true")).status).toBe(204);
});

test("a refusal says where force would not help, and says nothing of force where nothing hinders", async () => {
  using r = await room();
  expect((await r.ask("POST", "appliance/power-off")).status).toBe(204);
  for (const path of ["appliance/restart", "appliance/restart?force=true"]) {
    const refused = await r.ask("POST", path);
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      detail: expect.stringContaining("switches off already"),
      canForce: false,
    });
  }
  const wrong = await r.ask("PUT", "appliance/network", { interface: "hospital", address: "no" });
  expect(Object.keys((await wrong.json()) as object)).not.toContain("canForce");
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

test("the log bundle is written to a stick, whole, and the stick is let go", async () => {
  using r = await room();
  const tar = await (await r.ask("GET", "appliance/log-bundle")).bytes();
  const answer = await r.ask("POST", "appliance/log-bundle", { device: "/dev/sdb1" });
  expect(answer.status).toBe(200);
  expect(((await answer.json()) as { text: string }).text).toMatch(
    /^The log bundle is on the stick \(udr-log\/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.tar\)\. Everything is written; the stick can be pulled out\.$/,
  );
  expect(r.device.calls).toContain(`write-log /stick ${tar.byteLength}`);
});

test("a log bundle is not written to a stick that is not there, nor while the beam is on", async () => {
  using r = await room();
  const away = await r.ask("POST", "appliance/log-bundle", { device: "/dev/sdz1" });
  expect(away.status).toBe(422);
  expect(await detailOf(away)).toContain("not plugged in");
  r.device.calls.push("in use");
  const refused = await r.ask("POST", "appliance/log-bundle", { device: "/dev/sdb1" });
  expect(refused.status).toBe(409);
  expect(await detailOf(refused)).toContain("An exposure is going on");
  expect(r.device.calls.some((call) => call.startsWith("write-log"))).toBe(false);
});

/** A room whose configuration is a real one, without a PIN. */
async function newRoom(options: FakeOptions & { readonly write?: () => Promise<void> } = {}) {
  const clock = new SimulatedClock();
  const device = await fakeDevice(clock, options);
  const parsed = parseConfiguration({ local: { aeTitle: "ROOM1" } });
  if (!parsed.ok) throw new Error("not a configuration");
  const lines: string[] = [];
  const log = jsonLog(
    (line) => lines.push(line),
    () => clock.nowMs(),
  );
  const holder = new ConfigurationHolder(parsed.configuration, options.write ?? (async () => {}));
  const configuration = {
    ...configurationPort(holder, "/data/config.json", () => 104),
    ...(options.without?.includes("appliance") ? {} : firstPinPort(holder, log)),
  };
  const app = createApi({ device: { ...device, configuration }, clock, log });
  const ask = (method: string, path: string, body?: unknown, pin?: string) =>
    app.request(`/api/v1/${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(pin === undefined ? {} : { authorization: `Bearer ${pin}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const setPin = (pin: unknown) => ask("PUT", "appliance/service-pin", { pin });
  return { ask, setPin, lines, holder, [Symbol.dispose]: () => device[Symbol.dispose]() };
}

const detailOf = async (answer: Response) => ((await answer.json()) as { detail: string }).detail;

test("a new appliance takes its first PIN, which opens the service functions at once", async () => {
  using r = await newRoom();
  const before = r.holder.current();
  const locked = await r.ask("PUT", "appliance/time-servers", { servers: [] });
  expect(locked.status).toBe(403);
  const way = await detailOf(locked);
  expect(way).toContain("System screen");
  expect(way).toContain("PUT /api/v1/appliance/service-pin");
  expect(way).not.toContain("config.json");
  expect(await (await r.ask("GET", "config")).json()).toMatchObject({ http: { pin: null } });

  expect((await r.setPin(PIN)).status).toBe(204);
  const timeServers = ["PUT", "appliance/time-servers", { servers: [] }] as const;
  expect((await r.ask(...timeServers, PIN)).status).toBe(200);
  expect((await r.ask(...timeServers, "4712")).status).toBe(401);
  expect((await r.ask(...timeServers)).status).toBe(401);
  expect(await (await r.ask("GET", "config")).json()).toMatchObject({ http: { pin: "***" } });
  expect(r.holder.current()).toEqual({ ...before, http: { ...before.http, pin: PIN } });
});

test("a PIN that is set is changed with the PIN only", async () => {
  using r = await newRoom();
  const answers = await Promise.all([r.setPin("1111"), r.setPin("2222")]);
  expect(answers.map(({ status }) => status)).toEqual([204, 409]);
  const later = await r.ask("PUT", "appliance/service-pin", { pin: "3333" }, "1111");
  expect(later.status).toBe(409);
  expect(await detailOf(later)).toContain("through PUT config with the PIN");
  expect(r.holder.current().http.pin).toBe("1111");
  const document = { ...r.holder.current(), http: { pin: "3333" } };
  expect((await r.ask("PUT", "config", document)).status).toBe(401);
  expect((await r.ask("PUT", "config", document, "1111")).status).toBe(200);
  expect(r.holder.current().http.pin).toBe("3333");
});

test("what the configuration takes as a PIN is taken, and nothing else", async () => {
  for (const pin of ["123", "12 34", "１２３４", "***", "", "1".repeat(65), null, 1234]) {
    using r = await newRoom();
    const refused = await r.setPin(pin);
    expect(refused.status).toBe(422);
    expect(JSON.stringify(await refused.json())).toContain('"path":"pin"');
    expect(r.holder.current().http.pin).toBeNull();
    if (pin !== null) expect(parseConfiguration({ http: { pin } }).ok).toBe(false);
  }
  for (const pin of ["0000", "!~aZ", "1".repeat(64)]) {
    using r = await newRoom();
    expect((await r.setPin(pin)).status).toBe(204);
  }
});

test("the log tells that a first PIN was set, and not which", async () => {
  using r = await newRoom();
  await r.setPin("90817263");
  await r.setPin("55443322");
  const told = r.lines.map((line) => JSON.parse(line) as { level: string; event: string });
  expect(told.map(({ level, event }) => `${level} ${event}`)).toEqual([
    "warn first-service-pin-set",
  ]);
  expect(r.lines.join()).not.toContain("90817263");
});

test("a PIN that could not be written is not set, in words", async () => {
  using r = await newRoom({
    write: async () => {
      throw new Error("the disk is full");
    },
  });
  const answer = await r.setPin(PIN);
  expect(answer.status).toBe(503);
  expect(await detailOf(answer)).toBe("No PIN was set: the disk is full.");
  expect((await r.ask("PUT", "appliance/time-servers", { servers: [] })).status).toBe(403);
  expect(r.lines.join()).not.toContain("first-service-pin-set");
});

test("on a plain PC the first PIN is a matter of the file", async () => {
  using r = await newRoom({ without: ["appliance"] });
  expect((await r.setPin(PIN)).status).toBe(404);
  expect(r.holder.current().http.pin).toBeNull();
  const locked = await r.ask("PUT", "config", {});
  expect(locked.status).toBe(403);
  const way = await detailOf(locked);
  expect(way).toContain("/data/config.json");
  expect(way).not.toContain("service-pin");
});
