// From version to version: by a stick, back after a version that does not come up, and to nothing.

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askHelper, waitForStick } from "../machine/device-calls.ts";
import type { Machine } from "../machine/machine.ts";
import { Stick } from "../machine/stick.ts";
import type { Products } from "../tool/build-image.ts";
import { run } from "../tool/run.ts";
import { demand, type Report } from "./report.ts";
import { HOST_FROM_GUEST, type Rig } from "./rig.ts";
import { SERVICE_PIN } from "./study-checks.ts";

/** Holds one update set. */
const STICK_MIB = 900;
const UPLOAD_TIMEOUT_MS = 900_000;
/** Three starts that fail and one that does not, each as long as a start may take. */
const FALLBACK_TIMEOUT_MS = 1_800_000;

async function versionOf(machine: Machine): Promise<string> {
  return await machine.must("sed -n 's/^IMAGE_VERSION=//p' /usr/lib/os-release | tr -d '\"'");
}

async function kernels(machine: Machine): Promise<string> {
  return await machine.must("ls /boot/EFI/Linux | tr '\\n' ' '");
}

/** Brings the update set to the machine by a stick and has the root helper install it. */
async function install(rig: Rig, products: Products): Promise<string> {
  const { machine, folder } = rig;
  const stick = await Stick.make(folder, "update", STICK_MIB);
  await stick.put(products.updateSet);
  await stick.plug(machine);
  await waitForStick(machine);
  const mountPoint = await machine.must("findmnt -rno TARGET -t vfat | grep /run/media/udr");
  const answer = await askHelper(machine, {
    ...{ do: "install-update", folder: `${mountPoint}/udr-update` },
  });
  demand(answer.ok, answer.reason ?? "refused");
  await askHelper(machine, { do: "release", mountPoint });
  await stick.pull(machine);
  rmSync(stick.file, { force: true });
  return answer.version ?? "";
}

/** Fetches the update set from this machine and hands it to the local API, as a service laptop would. */
const UPLOAD = `
const [url, pin] = process.argv.slice(1);
const base = "http://127.0.0.1:8080/api/v1/appliance";
const headers = { authorization: "Bearer " + pin, "content-type": "application/x-tar" };
const source = await fetch(url);
const sent = await fetch(base + "/update/upload?force=true", { method: "PUT", headers, body: source.body });
if (sent.status !== 202) { process.stderr.write(sent.status + " " + (await sent.text())); process.exit(1); }
for (;;) {
  const { update } = await (await fetch(base)).json();
  if (update.state === "installed") { process.stdout.write(update.version); process.exit(0); }
  if (update.state === "failed") { process.stderr.write(update.reason); process.exit(1); }
  await Bun.sleep(1000);
}`;

/** The same by the local API. */
async function upload({ machine }: Rig, products: Products): Promise<string> {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response(Bun.file(products.updateTar)),
  });
  try {
    const url = `http://${HOST_FROM_GUEST}:${server.port}/`;
    const { code, out } = await machine.exec(
      ["/usr/lib/udr/bun", "-e", UPLOAD, url, SERVICE_PIN],
      UPLOAD_TIMEOUT_MS,
    );
    demand(code === 0, out);
    return out;
  } finally {
    await server.stop(true);
  }
}

/** Restarts the system and waits until a version is up. */
async function restartInto(rig: Rig, version: string, timeoutMs?: number): Promise<number> {
  const { machine } = rig;
  const bootId = await machine.must("cat /proc/sys/kernel/random/boot_id");
  await askHelper(machine, { do: "restart" }).catch(() => undefined);
  return await machine.waitFor(
    `version ${version}`,
    async () =>
      (await machine.must("cat /proc/sys/kernel/random/boot_id", 10_000)) !== bootId &&
      (await versionOf(machine)) === version &&
      (await machine.must("systemctl is-active udr-health.service", 10_000)) === "active",
    timeoutMs,
  );
}

export interface Versions {
  readonly second: Products;
  readonly secondVersion: string;
  /** Made when it is wanted: null where it cannot be. */
  readonly broken: () => Promise<Products | null>;
  readonly brokenVersion: string;
}

export async function updateChecks(report: Report, rig: Rig, versions: Versions): Promise<void> {
  const { machine } = rig;
  await report.check("an update set with one bit changed is refused", async () => {
    const stick = await Stick.make(rig.folder, "forged", STICK_MIB);
    const forged = join(rig.folder, "udr-update");
    rmSync(forged, { recursive: true, force: true });
    cpSync(versions.second.updateSet, forged, { recursive: true });
    // One bit of the kernel, and nothing else.
    const kernel = join(forged, `udr-10a_${versions.secondVersion}.efi`);
    const bytes = readFileSync(kernel);
    const middle = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    writeFileSync(kernel, bytes);
    await stick.put(forged);
    await stick.plug(machine);
    await waitForStick(machine);
    const mountPoint = await machine.must("findmnt -rno TARGET -t vfat | grep /run/media/udr");
    const answer = await askHelper(machine, {
      ...{ do: "install-update", folder: `${mountPoint}/udr-update` },
    });
    await stick.pull(machine);
    rmSync(stick.file, { force: true });
    rmSync(forged, { recursive: true, force: true });
    demand(!answer.ok, "it was taken");
    demand((await kernels(machine)).trim().split(" ").length === 1, await kernels(machine));
    return answer.reason ?? "";
  });
  const updated = await report.check("a new version from a stick", async () => {
    const installed = await install(rig, versions.second);
    demand(installed === versions.secondVersion, `the helper says ${installed}`);
    const waiting = await kernels(machine);
    demand(waiting.includes(`udr-10a_${versions.secondVersion}+3`), waiting);
    await restartInto(rig, versions.secondVersion);
    await machine.waitFor(
      "the blessing",
      async () => (await kernels(machine)).includes(`udr-10a_${versions.secondVersion}.efi`),
      120_000,
    );
    const failed = await machine.must("systemctl --failed --no-legend --plain");
    demand(failed === "", failed);
    return `${waiting}→ ${await kernels(machine)}`;
  });
  const broken = updated ? await versions.broken() : null;
  if (broken !== null)
    await report.check(
      "a broken version comes by upload, and after three starts the old slot again",
      async () => {
        const installed = await upload(rig, broken);
        demand(installed === versions.brokenVersion, `the device says ${installed}`);
        const waiting = await kernels(machine);
        const resets = machine.events.filter((event) => event === "RESET").length;
        await restartInto(rig, versions.secondVersion, FALLBACK_TIMEOUT_MS);
        const starts = machine.events.filter((event) => event === "RESET").length - resets;
        const after = await kernels(machine);
        demand(after.includes(`udr-10a_${versions.brokenVersion}+0-3.efi`), after);
        return `${waiting}→ ${after}after ${starts} starts`;
      },
    );
}

/** What a patient leaves, on the bare disk. */
const LEFT_BEHIND = "Left^Behind";
/** Bytes of a GPT, of sectors of 512: its entries begin in the third, and the data partition's is the sixth. */
const GPT_ENTRIES_AT = 1024;
const GPT_ENTRY_BYTES = 128;
const DATA_PARTITION_INDEX = 5;
const GPT_TYPE_BYTES = 16;
/** From the order to the start that removes the partition. */
const REMOVAL_TIMEOUT_MS = 400_000;

export async function factoryResetChecks(report: Report, rig: Rig): Promise<void> {
  await report.check("a factory reset leaves no patient, not even on the bare disk", async () => {
    const { machine } = rig;
    const lines = await leaveSomething(rig);
    const bootId = await machine.must("cat /proc/sys/kernel/random/boot_id");
    await askHelper(machine, { do: "factory-reset" }).catch(() => undefined);
    await machine.waitFor("the start after it", async () => {
      const { out } = await machine.shell("cat /proc/sys/kernel/random/boot_id", 10_000);
      return out.trim() !== bootId;
    });
    return `${lines} lines on the disk before; ${await demandNothingLeft(rig)}`;
  });
  await report.check(
    "a power cut in the middle of a factory reset leaves none either",
    async () => {
      const lines = await leaveSomething(rig);
      await askHelper(rig.machine, { do: "factory-reset" }).catch(() => undefined);
      const disk = Bun.file(join(rig.folder, "disk.raw"));
      const at = GPT_ENTRIES_AT + DATA_PARTITION_INDEX * GPT_ENTRY_BYTES;
      const isRemoved = async () =>
        (await disk.slice(at, at + GPT_TYPE_BYTES).bytes()).every((byte) => byte === 0);
      const fromMs = performance.now();
      while (!(await isRemoved())) {
        demand(performance.now() - fromMs < REMOVAL_TIMEOUT_MS, "the partition was not removed");
        await Bun.sleep(2);
      }
      await rig.powerCycle();
      return `${lines} lines on the disk before; ${await demandNothingLeft(rig)}`;
    },
  );
}

async function linesOnDisk({ folder }: Rig): Promise<number> {
  const count = ["grep", "--text", "--count", LEFT_BEHIND, join(folder, "disk.raw")];
  // Ends with 1 where there is none.
  return Number(await run(["sh", "-c", '"$@" || [ $? = 1 ]', "sh", ...count]));
}

async function leaveSomething(rig: Rig): Promise<number> {
  await rig.machine.must(
    `touch /var/lib/udr-system/mark; yes ${LEFT_BEHIND} | head -c 1M >/var/lib/udr/patient; sync`,
  );
  const lines = await linesOnDisk(rig);
  demand(lines > 0, "nothing of it is on the disk");
  return lines;
}

async function demandNothingLeft(rig: Rig): Promise<string> {
  const { machine } = rig;
  await machine.waitForHealth();
  const files = await machine.must("ls /var/lib/udr-system; find /var/lib/udr");
  demand(!/mark|patient|\.dcm/.test(files), files);
  const lines = await linesOnDisk(rig);
  demand(lines === 0, `the disk still has ${lines} lines`);
  const failed = await machine.must("systemctl --failed --no-legend --plain");
  demand(failed === "", failed);
  return `none after it, ${files.split("\n").length} new files`;
}
