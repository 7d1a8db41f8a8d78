// What only the screen reaches on a machine nobody can log in to: settings and log by a stick, a fixed address.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { api, waitForStick } from "../machine/device-calls.ts";
import { Stick } from "../machine/stick.ts";
import { run } from "../tool/run.ts";
import { demand, type Report } from "./report.ts";
import type { Rig } from "./rig.ts";
import { endExams, SERVICE_PIN } from "./study-checks.ts";

const STATION = "CHECKED";
/** Of QEMU's own network, in which the machine is otherwise given another. */
const FIXED = { address: "10.0.2.77/24", gateway: "10.0.2.2", dns: ["10.0.2.3"] };

interface Preview {
  readonly changes: readonly { readonly key: string }[];
  readonly ticket: string;
}

export async function serviceChecks(report: Report, rig: Rig): Promise<void> {
  const { machine, folder } = rig;
  const ask = async <T>(method: "POST" | "PUT", path: string, body: unknown) =>
    await api<T>(machine, method, path, body, SERVICE_PIN);
  const stick = await Stick.make(folder, "service");
  const copy = join(folder, "service-copy");
  const device = async () => {
    await stick.pull(machine);
    await stick.plug(machine);
    return (await waitForStick(machine)).device;
  };
  const read = async () => {
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy);
    await stick.get(copy);
  };

  await report.check("settings go to a stick and come from it", async () => {
    const { text } = await ask<{ text: string }>("POST", "settings/stick/export", {
      device: await device(),
    });
    await read();
    const file = join(copy, "udr-settings/config.json");
    const written = readFileSync(file, "utf8");
    demand(!written.includes(SERVICE_PIN), "the PIN is on the stick");
    const settings = JSON.parse(written) as { device: Record<string, unknown> };
    settings.device["stationName"] = STATION;
    writeFileSync(file, JSON.stringify(settings));
    await stick.put(join(copy, "udr-settings"));
    const from = await device();
    const shown = await ask<Preview>("POST", "settings/stick/preview", { device: from });
    const keys = shown.changes.map(({ key }) => key).join(" ");
    demand(keys === "device.stationName", keys);
    await ask("POST", "settings/stick/apply", { device: from, ticket: shown.ticket });
    const { device: own } = await api<{ device: { stationName: string } }>(
      machine,
      "GET",
      "health",
    );
    demand(own.stationName === STATION, own.stationName);
    return `${text}; changed: ${keys}`;
  });

  await report.check("the log bundle goes to a stick", async () => {
    const { text } = await ask<{ text: string }>("POST", "appliance/log-bundle", {
      device: await device(),
    });
    await read();
    const listed = await run([
      "sh",
      "-c",
      `for f in ${copy}/udr-log/*.tar; do tar -tvf "$f"; done`,
    ]);
    for (const name of ["health.json", "configuration.json", "versions.json"])
      demand(listed.includes(name), listed);
    return `${text} ${listed.trim().split("\n").length} files`;
  });

  await report.check("a fixed address is in force at once, and after it DHCP again", async () => {
    await endExams(machine);
    const addresses = async () => await machine.must("ip -br -4 address show dev hospital");
    const becomes = async (what: RegExp) =>
      await machine.waitFor(String(what), async () => what.test(await addresses()), 60_000);
    await ask("PUT", "appliance/network", { interface: "hospital", ...FIXED });
    await becomes(/10\.0\.2\.77\/24/);
    const fixed = await addresses();
    await ask("PUT", "appliance/network", {
      ...{ interface: "hospital", address: "dhcp", gateway: null, dns: [] },
    });
    await becomes(/10\.0\.2\.15\/24/);
    return `${fixed.replace(/\s+/g, " ")}→ ${(await addresses()).replace(/\s+/g, " ")}`;
  });
  await stick.pull(machine);
}
