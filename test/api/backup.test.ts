import { expect, test } from "bun:test";
import { createApi } from "../../src/api/app.ts";
import type { Backup, ListedBackup } from "../../src/api/contract.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { type FakeOptions, fakeDevice } from "./fake-device.ts";

const PIN = "4711";
const WORD = "REPLACE ALL DATA";
const STICK = "/dev/sdb1";
const NAME = "2026-01-04T17-30-00";

async function room(options: FakeOptions = {}) {
  const clock = new SimulatedClock();
  const device = await fakeDevice(clock, options);
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
    return { status: answer.status, body: (await answer.json()) as T & { detail?: string } };
  };
  /** Everything that waits for nothing but its turn is done. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { clock, device, ask, settle, [Symbol.dispose]: () => device[Symbol.dispose]() };
}

test("where nothing can be plugged in, no backup is offered", async () => {
  using r = await room({ without: ["backup"] });
  expect((await r.ask("GET", "backup")).status).toBe(404);
});

test("a backup is begun with the PIN, its end is an event that tells what the stick holds", async () => {
  using r = await room();
  expect((await r.ask("POST", "backup", { device: STICK }, null)).status).toBe(401);
  const begun = await r.ask<Backup>("POST", "backup", { device: STICK });
  expect(begun.status).toBe(202);
  expect(begun.body.now).toMatchObject({ state: "working", work: "backup" });
  await r.settle();
  const { now } = (await r.ask<Backup>("GET", "backup", undefined, null)).body;
  expect(now).toMatchObject({ state: "done", work: "backup" });
  const text = now.state === "done" ? now.text : "";
  for (const said of ["read back", "patient data", "PIN", "Images are not in it", "pulled out"])
    expect(text).toContain(said);
  const told = r.device.events.after(0)?.filter((event) => event.type === "backup") ?? [];
  expect(JSON.parse(told.at(-1)?.json ?? "{}")).toMatchObject({ now: { state: "done" } });
});

test("a stick that is not there, and an exam that is open, are told", async () => {
  using r = await room();
  const away = await r.ask("POST", "backup", { device: "/dev/sdz1" });
  expect(away.status).toBe(422);
  expect(away.body.detail).toContain("not plugged in");
  r.device.calls.push("in use");
  for (const [path, body] of [
    ["backup", { device: STICK }],
    ["backup/restore", { device: STICK, name: NAME, confirm: WORD }],
  ] as const) {
    const refused = await r.ask("POST", path, body);
    expect(refused.status).toBe(409);
    expect(refused.body.detail).toContain("An exam is open");
  }
  expect(r.device.calls.some((call) => call.startsWith("backup "))).toBe(false);
});

test("the backups of a stick are listed with what hinders them", async () => {
  using r = await room();
  const path = `backup/sets?device=${encodeURIComponent(STICK)}`;
  const listed = await r.ask<ListedBackup[]>("GET", path, undefined, null);
  expect(listed.body.map((b) => [b.name, b.usable])).toEqual([
    [NAME, true],
    ["2026-01-03T09-00-00", false],
  ]);
});

test("a restore needs PIN and word, takes only what is usable, and ends with a restart", async () => {
  using r = await room();
  const order = { device: STICK, name: NAME, confirm: WORD };
  expect((await r.ask("POST", "backup/restore", order, null)).status).toBe(401);
  const wordless = await r.ask("POST", "backup/restore", { ...order, confirm: "yes" });
  expect(wordless.status).toBe(422);
  expect(wordless.body.detail).toContain(WORD);
  const unfinished = { ...order, name: "2026-01-03T09-00-00" };
  expect((await r.ask("POST", "backup/restore", unfinished)).body.detail).toBe(
    "It was not finished.",
  );
  expect((await r.ask("POST", "backup/restore", { ...order, name: "none" })).status).toBe(422);

  expect((await r.ask<Backup>("POST", "backup/restore", order)).body.now).toMatchObject({
    state: "working",
    work: "restore",
  });
  await r.settle();
  expect((await r.ask<Backup>("GET", "backup")).body.now).toMatchObject({ step: "restarting" });
  expect((await r.ask("POST", "backup", { device: STICK })).status).toBe(409);
  expect(r.device.calls).not.toContain("backup restart");
  await r.clock.advance(1_000);
  expect(r.device.calls).toContain("backup restart");
});

test("an undo is offered after a restore only", async () => {
  using r = await room();
  const nothing = await r.ask("POST", "backup/undo-restore", { confirm: WORD });
  expect(nothing.body.detail).toContain("No restore was made here");
  r.device.calls.push("restored before");
  expect((await r.ask<Backup>("GET", "backup")).body.lastRestore?.madeAt).toBe(
    "2026-01-04T17:30:00.000Z",
  );
  expect((await r.ask("POST", "backup/undo-restore", { confirm: WORD })).status).toBe(202);
});
