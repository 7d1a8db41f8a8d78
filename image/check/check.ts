// What is tried of an image, in which order: the short form and the whole.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BuildOptions,
  buildImage,
  type Edition,
  earlierProducts,
  type Products,
  productsFolder,
} from "../tool/build-image.ts";
import { backupCheck } from "./backup-check.ts";
import { kioskChecks } from "./kiosk-checks.ts";
import { demand, type Report, report } from "./report.ts";
import { Archive, Rig } from "./rig.ts";
import { serviceChecks } from "./service-check.ts";
import { configure, powerCutCheck, studyChecks, watchdogCheck } from "./study-checks.ts";
import { systemChecks } from "./system-checks.ts";
import { factoryResetChecks, updateChecks } from "./update-checks.ts";
import { usbPanelCheck } from "./usb-panel-check.ts";

export interface Bench
  extends Pick<BuildOptions, "projectFolder" | "workFolder" | "toolsRoot" | "version" | "key"> {
  /** Products that are there are taken as they are. */
  readonly reuse: boolean;
}

/** Budget of what a device downloads for one slot. */
const ROOT_MAX_BYTES = { base: 220e6, kiosk: 600e6 } as const;
const POWER_CUTS = 3;

/** Build, one start, a stick, one power cut. */
export async function checkShort(bench: Bench): Promise<boolean> {
  const told = report();
  const lab = await built(told, bench, "lab");
  if (lab !== null)
    await firstMachine(told, bench, lab, true, async (rig) => await powerCutCheck(told, rig));
  return told.end();
}

/** What may be tried by itself, in the order of the whole. */
export const PARTS = [
  "release",
  "study",
  "usb",
  "power",
  "watchdog",
  "backup",
  "service",
  "update",
  "reset",
  "kiosk",
] as const;
export type Part = (typeof PARTS)[number];

/** What the short form tries. */
export const SHORT_PARTS: readonly Part[] = ["study", "power"];

/** Parts that are tried on one machine after another, from its first start on. */
const LAB_PARTS = PARTS.filter((part) => part !== "release" && part !== "kiosk");

/** @param parts what to try; all of it by default */
export async function checkAll(bench: Bench, parts: readonly Part[] = PARTS): Promise<boolean> {
  const told = report();
  const wants = (part: Part) => parts.includes(part);
  if (wants("release")) {
    const base = await built(told, bench, "base");
    if (base !== null) {
      await sizesCheck(told, "base", base);
      await reproducible(told, bench, base);
      await releaseCheck(told, bench, base);
    }
  }
  const lab = LAB_PARTS.some(wants) ? await built(told, bench, "lab") : null;
  if (lab !== null)
    await firstMachine(told, bench, lab, wants("study"), async (rig) => {
      if (wants("usb")) await usbPanelCheck(told, rig);
      if (wants("power"))
        for (let i = 0; i < POWER_CUTS; i++) await powerCutCheck(told, rig, 2 + i);
      if (wants("watchdog")) await watchdogCheck(told, rig);
      if (wants("backup")) await backupCheck(told, rig);
      if (wants("service")) await serviceChecks(told, rig);
      if (wants("update")) await updates(told, bench, rig);
      if (wants("reset")) await factoryResetChecks(told, rig);
    });
  if (wants("kiosk")) {
    const kiosk = await built(told, bench, "kiosk");
    if (kiosk !== null) await sizesCheck(told, "kiosk", kiosk);
    const kioskLab = await built(told, bench, "kiosk-lab");
    if (kioskLab !== null) await kioskChecks(told, bench, kioskLab);
  }
  return told.end();
}

async function updates(told: Report, bench: Bench, rig: Rig): Promise<void> {
  const patch = Number(bench.version.split(".")[2]);
  const version = (n: number) => bench.version.replace(/\d+$/, String(patch + n));
  const second = await built(told, { ...bench, version: version(1) }, "lab");
  if (second !== null)
    await updateChecks(told, rig, {
      ...{ second, secondVersion: version(1), brokenVersion: version(2) },
      broken: () => built(told, { ...bench, version: version(2) }, "lab", brokenApp(bench)),
    });
}

async function built(
  told: Report,
  bench: Bench,
  edition: Edition,
  overApp?: string,
): Promise<Products | null> {
  let products: Products | null = null;
  await told.check(`the ${edition} edition ${bench.version} is built`, async () => {
    const options = { ...bench, edition, ...(overApp === undefined ? {} : { overApp }) };
    products = bench.reuse ? earlierProducts(productsFolder(options)) : null;
    products ??= await buildImage(options);
    const { root, kernel, disk } = products.sizes;
    return `root ${mb(root)}, kernel ${mb(kernel)}, disk ${mb(disk)}, ${seconds(products.tookMs)}`;
  });
  return products;
}

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
const seconds = (ms: number) => `${(ms / 1000).toFixed(0)} s`;

async function sizesCheck(
  told: Report,
  edition: "base" | "kiosk",
  { sizes, tookMs }: Products,
): Promise<void> {
  told.figure(`${edition}: root (one slot's download)`, mb(sizes.root));
  told.figure(`${edition}: kernel image`, mb(sizes.kernel));
  told.figure(`${edition}: whole disk image`, mb(sizes.disk));
  told.figure(`${edition}: build`, seconds(tookMs));
  await told.check(`the ${edition} root is within its budget`, async () => {
    demand(sizes.root <= ROOT_MAX_BYTES[edition], `${mb(sizes.root)} are too many`);
    return `${mb(sizes.root)} of ${mb(ROOT_MAX_BYTES[edition])}`;
  });
}

async function reproducible(told: Report, bench: Bench, first: Products): Promise<void> {
  await told.check("the same inputs give the same image", async () => {
    const sums = await Bun.file(join(first.updateSet, "SHA256SUMS")).text();
    // Nothing is reused: the second is made from packages again.
    rmSync(join(bench.workFolder, "cache/base"), { recursive: true, force: true });
    const again = await buildImage({
      ...{ ...bench, edition: "base" as const },
      productsFolder: join(bench.workFolder, "products", "again"),
    });
    const other = await Bun.file(join(again.updateSet, "SHA256SUMS")).text();
    told.figure("base: build with no cache of the tree", seconds(again.tookMs));
    rmSync(again.folder, { recursive: true, force: true });
    demand(sums === other, `\n${sums}\n${other}`);
    return (
      sums
        .split("\n")
        .filter((line) => line.includes(".root_"))[0]
        ?.slice(0, 24) ?? ""
    );
  });
}

/** The image as it is shipped, with nothing of ours in it to look from. */
async function releaseCheck(told: Report, bench: Bench, products: Products): Promise<void> {
  await told.check("the base edition, unchanged, comes up and answers a C-ECHO", async () => {
    await using rig = await Rig.start({ ...bench, name: "release", image: products.disk });
    const ms = await rig.machine.waitFor("C-ECHO", async () => {
      const echo = Bun.spawn(
        [
          "echoscu",
          "-to",
          "5",
          "-ta",
          "5",
          "-td",
          "5",
          "-aec",
          "UDR10A",
          "127.0.0.1",
          String(rig.dicomPort),
        ],
        { stdout: "ignore", stderr: "ignore" },
      );
      return (await echo.exited) === 0;
    });
    told.figure("base: first start to C-ECHO", seconds(ms));
    return `after ${seconds(ms)}`;
  });
}

/** A machine from the lab edition: what holds of it, a study's way, then what the caller adds. */
async function firstMachine(
  told: Report,
  bench: Bench,
  products: Products,
  withStudy: boolean,
  then: (rig: Rig) => Promise<unknown>,
): Promise<void> {
  await using rig = await Rig.start({ ...bench, name: "lab", image: products.disk });
  using archive = await Archive.start(bench.workFolder);
  const isUp = await told.check("the first start ends in health", async () => {
    const ms = await rig.machine.waitForHealth();
    told.figure("first start to health (partitions made)", seconds(ms));
    const memory = await rig.machine.must("free -m | awk '/^Mem/ {print $3}'");
    told.figure("memory in use without kiosk", `${memory} MB`);
    return `after ${seconds(ms)}, ${memory} MB in use`;
  });
  if (!isUp) {
    process.stdout.write(`${rig.machine.read("serial.log").slice(-2000)}\n`);
    return;
  }
  if (withStudy) {
    await systemChecks(told, rig);
    await studyChecks(told, rig, archive);
  } else await configure(rig.machine, archive);
  await then(rig);
}

/** An app that ends at once. */
function brokenApp({ workFolder }: Bench): string {
  const folder = join(workFolder, "broken-app");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "main.js"),
    'process.stderr.write("broken on purpose\\n"); process.exit(1);\n',
  );
  return folder;
}
