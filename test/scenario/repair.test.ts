// An appliance whose database cannot be used is still a machine that service can work on: its page alone is
// left of it.

import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Appliance } from "../../src/api/contract.ts";
import { startDevice } from "../device-process.ts";
import { startHelper } from "./appliance-helper.ts";

const PIN = "471147";

test("a damaged database hinders neither log bundle nor restart, and a reset says that nobody knows what is lost", async () => {
  const folder = await mkdtemp(join(tmpdir(), "udr-repair-"));
  const journal = join(folder, "journal.txt");
  const stick = join(folder, "stick");
  const dataFolder = join(folder, "data");
  await mkdir(stick);
  await mkdir(dataFolder);
  await Bun.write(journal, "{}\n");
  await Bun.write(join(dataFolder, "config.json"), JSON.stringify({ http: { pin: PIN } }));
  await Bun.write(join(dataFolder, "database.sqlite"), "no database ".repeat(1_000));
  const helper = await startHelper(join(folder, "s"), journal);
  try {
    const env = { UDR_APPLIANCE_SOCKET: join(folder, "s") };
    await using device = await startDevice({ dataFolder, env, ready: "repair" });
    const ask = async (path: string, body?: object): Promise<[number, string]> => {
      const answer = await fetch(`${device.http}/api/v1/${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${PIN}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return [answer.status, await answer.text()];
    };
    expect((await device.get<Appliance>("appliance")).version).not.toBe("");
    expect((await ask("appliance/log-bundle", { device: stick }))[0]).toBe(200);
    const [name] = await readdir(join(stick, "udr-log"));
    const bundle = await Bun.file(join(stick, "udr-log", name ?? "")).text();
    expect(bundle).toContain("The database");
    const [status, refusal] = await ask("appliance/factory-reset", { confirm: "ERASE ALL DATA" });
    expect(status).toBe(409);
    expect(JSON.parse(refusal)).toMatchObject({
      detail: expect.stringContaining("The database cannot be read"),
      canForce: true,
    });
    expect((await ask("appliance/restart"))[0]).toBe(204);
    expect(helper.asked).toContain("restart");
    expect(helper.asked).not.toContain("factory-reset");
  } finally {
    helper.close();
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
