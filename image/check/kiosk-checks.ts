// The screen: the device's page on it, back by itself, nothing else.

import { cpSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { Machine } from "../machine/machine.ts";
import type { Products } from "../tool/build-image.ts";
import type { Bench } from "./check.ts";
import { demand, type Report } from "./report.ts";
import { Rig } from "./rig.ts";

/** A page that is painted is not one colour. */
const DEVIATION_MIN = 4;
const PAINT_TIMEOUT_MS = 400_000;

/** What is on the screen now, as a PNG in the machine's folder. */
async function screen(machine: Machine, name: string): Promise<string> {
  await machine.command("screendump", { filename: `/machine/${name}.png`, format: "png" });
  const file = join(machine.folder, `${name}.png`);
  await machine.waitFor("the picture", () => existsSync(file) && statSync(file).size > 0, 20_000);
  return file;
}

async function isPainted(file: string): Promise<boolean> {
  // By its bytes: of a name it has seen, sharp answers with the picture that was there before.
  const { channels } = await sharp(await Bun.file(file).bytes()).stats();
  return channels.some(({ stdev }) => stdev > DEVIATION_MIN);
}

/** The page keeps a stream of events open; an error page of the browser does not. */
async function holdsStream(machine: Machine): Promise<boolean> {
  const { out } = await machine.shell(
    "ss -Htn state established '( dport = :8080 )' | wc -l",
    20_000,
  );
  return Number(out.trim()) > 0;
}

export async function kioskChecks(told: Report, bench: Bench, products: Products): Promise<void> {
  await using rig = await Rig.start({
    ...{ ...bench, name: "kiosk", image: products.disk, withScreen: true },
  });
  const { machine } = rig;
  const isUp = await told.check("the kiosk edition starts to health", async () => {
    const ms = await machine.waitForHealth();
    return `after ${(ms / 1000).toFixed(0)} s`;
  });
  if (!isUp) return;
  await told.check("the page is on the screen", async () => {
    let file = "";
    const ms = await machine.waitFor(
      "a painted page",
      async () => {
        file = await screen(machine, "kiosk");
        return (await holdsStream(machine)) && (await isPainted(file));
      },
      PAINT_TIMEOUT_MS,
    );
    // Painted once is not finished: fonts and the first pictures come.
    await Bun.sleep(30_000);
    file = await screen(machine, "kiosk");
    cpSync(file, join(bench.projectFolder, "docs/kiosk-appliance.png"));
    const memory = await machine.must("free -m | awk '/^Mem/ {print $3}'");
    told.figure("memory in use with kiosk", `${memory} MB`);
    return `after ${(ms / 1000).toFixed(0)} s; ${memory} MB in use`;
  });
  await told.check("no unit failed with the kiosk", async () => {
    const failed = await machine.must("systemctl --failed --no-legend --plain");
    demand(failed === "", failed);
    return "systemctl --failed is empty";
  });
  await told.check("a browser that dies comes back", async () => {
    const before = await machine.must("systemctl show -P MainPID kiosk.service");
    await machine.must("systemctl kill --signal=KILL kiosk.service");
    await machine.waitFor(
      "the kiosk again",
      async () => {
        const now = await machine.must("systemctl show -P MainPID kiosk.service", 20_000);
        return now !== "0" && now !== before;
      },
      120_000,
    );
    await machine.waitFor(
      "the page again",
      async () => (await holdsStream(machine)) && (await isPainted(await screen(machine, "again"))),
      PAINT_TIMEOUT_MS,
    );
    return "killed, started again, painted again";
  });
}
