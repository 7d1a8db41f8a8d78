// While a log bundle is on its way to a stick nothing takes the stick or the machine away from it.

import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDevice, until } from "../device-process.ts";
import { startHelper } from "./appliance-helper.ts";

const PIN = "471147";

test("a restart, a backup and a removal wait for a log bundle, and go on after it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "udr-log-stick-"));
  const journal = join(folder, "journal.txt");
  const stick = join(folder, "stick");
  await mkdir(stick);
  await Bun.write(journal, "{}\n");
  const helper = await startHelper(join(folder, "s"), journal);
  const packed = Promise.withResolvers<void>();
  helper.holdJournal(packed.promise);
  try {
    await using device = await startDevice({
      env: { UDR_APPLIANCE_SOCKET: join(folder, "s") },
      configuration: { http: { pin: PIN } },
    });
    const ask = async (path: string, body?: object) => {
      const answer = await fetch(`${device.http}/api/v1/${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${PIN}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return [answer.status, await answer.text()];
    };
    const writing = ask("appliance/log-bundle", { device: stick });
    await until("the journal's packing", () => helper.asked.includes("journal") || undefined);
    const busy = [409, expect.stringContaining("A log bundle is being written to a stick.")];
    expect(await ask("appliance/restart")).toEqual(busy);
    expect(await ask("backup", { device: stick })).toEqual(busy);
    expect(await ask(`media/${encodeURIComponent(stick)}/release`)).toEqual(busy);
    expect(await ask("appliance/log-bundle", { device: stick })).toEqual(busy);
    packed.resolve();
    expect((await writing)[0]).toBe(200);
    expect(await readdir(join(stick, "udr-log"))).toHaveLength(1);
    expect(helper.asked).not.toContain("restart");
    expect((await ask("appliance/restart"))[0]).toBe(204);
    expect(helper.asked).toContain("restart");
    // It would be cut off.
    expect(await ask("exams", { patient: { name: "Too^Late" } })).toEqual([
      503,
      expect.stringContaining("The device restarts."),
    ]);
  } finally {
    packed.resolve();
    helper.close();
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
