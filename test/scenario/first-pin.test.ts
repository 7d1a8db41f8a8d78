// A new appliance gets its service PIN from its page. Once that is acknowledged no power cut takes it away.

import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DeviceProcess, startDevice, until } from "../device-process.ts";

const PIN = "90817263";

const put = async (device: DeviceProcess, path: string, body: unknown, pin?: string) =>
  (
    await fetch(`${device.http}/api/v1/${path}`, {
      method: "PUT",
      headers: {
        "content-type": "application/json",
        ...(pin === undefined ? {} : { authorization: `Bearer ${pin}` }),
      },
      body: JSON.stringify(body),
    })
  ).status;

test("a first PIN outlives a power cut right after its answer, with the rest of the configuration", async () => {
  const folder = await mkdtemp(join(tmpdir(), "udr-first-pin-"));
  // No helper answers there: nothing of this asks for one.
  const env = { UDR_APPLIANCE_SOCKET: join(folder, "no.sock") };
  try {
    const configuration = { local: { aeTitle: "ROOM1" } };
    await using first = await startDevice({ dataFolder: folder, configuration, env });
    const before = await first.get<{ http: object }>("config");
    expect(before).toMatchObject({ http: { pin: null }, local: { aeTitle: "ROOM1" } });
    expect(await put(first, "config", {}, PIN)).toBe(403);
    const both = [PIN, PIN].map((pin) => put(first, "appliance/service-pin", { pin }));
    expect((await Promise.all(both)).sort()).toEqual([204, 409]);
    await first.stop("SIGKILL");
    const told = await until("the log line", () =>
      first.log.find(({ event }) => event === "first-service-pin-set"),
    );
    expect(told).toMatchObject({ level: "warn" });
    expect(JSON.stringify(first.log)).not.toContain(PIN);

    await using second = await startDevice({ dataFolder: folder, env });
    expect(await second.get<object>("config")).toEqual({
      ...before,
      http: { ...before.http, pin: "***" },
    });
    expect(await put(second, "appliance/service-pin", { pin: "1234" })).toBe(409);
    expect(await put(second, "config", before, "1234")).toBe(401);
    expect(await put(second, "config", await second.get<object>("config"), PIN)).toBe(200);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);

test("an appliance that can only be repaired takes its first PIN too, for the restore asks for one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "udr-first-pin-"));
  const env = { UDR_APPLIANCE_SOCKET: join(folder, "no.sock") };
  try {
    await Bun.write(join(folder, "database.sqlite"), "no database ".repeat(1_000));
    await using broken = await startDevice({ dataFolder: folder, env, ready: "repair" });
    expect(await put(broken, "appliance/service-pin", { pin: PIN })).toBe(204);
    expect(await broken.get<object>("config")).toMatchObject({ http: { pin: "***" } });
    const restore = await fetch(`${broken.http}/api/v1/backup/restore`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${PIN}` },
      body: JSON.stringify({ device: folder, name: "none", confirm: "REPLACE ALL DATA" }),
    });
    expect([401, 403]).not.toContain(restore.status);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
