// The way of an image: exposed, sent to an archive, exported to a stick that another program reads.

import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { api, askHelper, waitForStick } from "../machine/device-calls.ts";
import type { Machine } from "../machine/machine.ts";
import { Stick } from "../machine/stick.ts";
import { run } from "../tool/run.ts";
import { demand, type Report } from "./report.ts";
import { ARCHIVE_AE, type Archive, HOST_FROM_GUEST, type Rig } from "./rig.ts";

export const SERVICE_PIN = "2580";
const PATIENT = "Appliance^Check";
const JOB_TIMEOUT_MS = 300_000;
export interface Exam {
  readonly id: string;
  readonly studyInstanceUid: string;
  readonly instances: readonly { readonly sopInstanceUid: string }[];
}

interface Job {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
}

/** Ends what a check before left open. */
export async function endExams(machine: Machine): Promise<void> {
  for (const { id } of await api<readonly Exam[]>(machine, "GET", "exams?state=open"))
    await api(machine, "POST", `exams/${id}/complete`);
}

/** Gives the device an archive to send to; the program reads it at its start. */
export async function configure(machine: Machine, archive: Archive): Promise<void> {
  const configuration = {
    http: { pin: SERVICE_PIN, allowPathTargets: false },
    remotes: [
      {
        id: "archive",
        aeTitle: ARCHIVE_AE,
        host: HOST_FROM_GUEST,
        port: archive.port,
        services: ["storage"],
        send: "on-acquisition",
      },
    ],
  };
  const text = Buffer.from(JSON.stringify(configuration)).toString("base64");
  await machine.must(
    `echo ${text} | base64 -d >/var/lib/udr/config.json && chown udr:udr /var/lib/udr/config.json && systemctl restart udr.service`,
    400_000,
  );
}

export async function openExam(machine: Machine): Promise<Exam> {
  return await api<Exam>(machine, "POST", "exams", { patient: { name: PATIENT } });
}

/** One radiograph; answers the instances that are durable then. */
export async function expose(machine: Machine, exam: Exam): Promise<Exam> {
  await api(machine, "POST", "simulator/expose", { kind: "radiography" });
  let seen = exam;
  await machine.waitFor(
    "the image",
    async () => {
      seen = await api<Exam>(machine, "GET", `exams/${exam.id}`);
      return seen.instances.length > exam.instances.length;
    },
    120_000,
  );
  return seen;
}

async function jobDone(machine: Machine, id: string): Promise<Job> {
  let job: Job | undefined;
  await machine.waitFor(
    "the job's end",
    async () => {
      job = await api<Job>(machine, "GET", `jobs/${id}`);
      return ["done", "failed", "cancelled"].includes(job.state);
    },
    JOB_TIMEOUT_MS,
  );
  if (job === undefined) throw new Error("no job");
  return job;
}

export async function studyChecks(report: Report, rig: Rig, archive: Archive): Promise<void> {
  const { machine } = rig;
  let exam: Exam | null = null;
  await report.check("an exposure of the simulated panel is durable", async () => {
    await configure(machine, archive);
    exam = await expose(machine, await openExam(machine));
    return `instance ${exam.instances[0]?.sopInstanceUid}`;
  });
  await report.check("it reaches DCMTK's storescp on this machine", async () => {
    await machine.waitFor("the archive's file", () => archive.files().length > 0, 180_000);
    await Bun.sleep(2_000);
    const file = archive.files()[0] ?? "";
    const dump = await run(["dcmdump", "-q", "+P", "PatientName", "+P", "SOPInstanceUID", file]);
    demand(dump.includes(PATIENT), dump);
    return `${statSync(file).size} bytes, ${dump.replace(/\s+/g, " ").trim()}`;
  });
  await stickChecks(report, rig, () => exam);
}

async function stickChecks(report: Report, rig: Rig, exam: () => Exam | null): Promise<void> {
  const { machine, folder } = rig;
  const stick = await Stick.make(folder, "stick");
  await report.check("a study is exported to a stick that is plugged in", async () => {
    const study = exam()?.studyInstanceUid;
    if (study === undefined) throw new Error("there is no study to export");
    await stick.plug(machine);
    const { device } = await waitForStick(machine);
    const mount = await machine.must("findmnt -rno TARGET,OPTIONS -t vfat | grep /run/media/udr");
    demand(/nosuid.*nodev.*noexec/.test(mount) && mount.includes("uid=970"), mount);
    const { id } = await api<Job>(machine, "POST", "jobs", {
      ...{ type: "export", target: { kind: "usb", device }, studyInstanceUids: [study] },
    });
    const job = await jobDone(machine, id);
    demand(job.state === "done", `${job.state}: ${job.reason ?? "no reason"}`);
    return `${device}, ${mount.slice(0, 60)}`;
  });
  await report.check("the stick is released for the hand", async () => {
    const mounted = await machine.shell("findmnt -rno TARGET -t vfat | grep /run/media/udr");
    if (mounted.code === 0) {
      const answer = await askHelper(machine, { do: "release", mountPoint: mounted.out.trim() });
      demand(answer.ok, answer.reason ?? "refused");
    }
    const after = await machine.shell("findmnt -rno TARGET -t vfat | grep /run/media/udr");
    demand(after.code !== 0, after.out);
    await stick.pull(machine);
    return mounted.code === 0 ? "by the root helper" : "by the export itself";
  });
  await report.check("the stick is a file-set that mtools reads and dcdirdmp likes", async () => {
    const copy = join(folder, "stick");
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy);
    const names = await stick.get(copy);
    demand(names.includes("DICOMDIR"), names.join(" "));
    const dump = await run(["dcmdump", "-q", "+P", "ReferencedFileID", join(copy, "DICOMDIR")]);
    const listed = await run(["dcdirdmp", join(copy, "DICOMDIR")]);
    demand(listed.includes("PATIENT") || dump.length > 0, listed);
    const files = dump.trim().split("\n").length;
    const fsck = await stick.fsck();
    return `${names.join(" ")}; ${files} file(s) referenced; ${fsck.trim().split("\n").at(-1)}`;
  });
  await report.check("a stick pulled while it is written to breaks nothing", async () => {
    const study = exam()?.studyInstanceUid;
    if (study === undefined) throw new Error("there is no study to export");
    const other = await Stick.make(folder, "pulled");
    await other.plug(machine);
    const { device } = await waitForStick(machine);
    const { id } = await api<Job>(machine, "POST", "jobs", {
      ...{ type: "export", target: { kind: "usb", device }, studyInstanceUids: [study] },
    });
    await Bun.sleep(500);
    await other.pull(machine);
    let job: Job | undefined;
    await machine.waitFor(
      "the job to notice",
      async () => {
        job = await api<Job>(machine, "GET", `jobs/${id}`);
        return job.state !== "active" && job.state !== "queued";
      },
      JOB_TIMEOUT_MS,
    );
    const failed = await machine.must("systemctl --failed --no-legend --plain");
    demand(failed === "", failed);
    const mounts = await machine.shell("findmnt -rno TARGET | grep /run/media/udr");
    demand(mounts.code !== 0, `still mounted: ${mounts.out}`);
    return `the job is "${job?.state}" (${job?.reason ?? "no reason"}); nothing mounted, no unit failed`;
  });
  rmSync(join(folder, "stick"), { recursive: true, force: true });
}

/** Exposes on and on, and says on the serial line what the device has acknowledged. */
const LEDGER = `
import { appendFileSync } from "node:fs";
const base = "http://127.0.0.1:8080/api/v1/";
const call = async (method, path, body) => (await fetch(base + path, { method, ...(body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {}) })).json();
const exam = await call("POST", "exams", { patient: { name: "Power^Cut" } });
const told = new Set();
// The room may still be prepared for the exam before.
await call("POST", "exams/" + exam.id + "/prepare", {});
appendFileSync("/dev/ttyS0", "\\nLEDGER exam " + exam.id + "\\n");
for (;;) {
  await call("POST", "simulator/expose", { kind: "radiography" });
  for (const { sopInstanceUid } of (await call("GET", "exams/" + exam.id)).instances)
    if (!told.has(sopInstanceUid)) { told.add(sopInstanceUid); appendFileSync("/dev/ttyS0", "\\nLEDGER image " + sopInstanceUid + "\\n"); }
}`;

export async function powerCutCheck(report: Report, rig: Rig, acknowledged = 3): Promise<void> {
  await report.check("a power cut while exposing loses nothing acknowledged", async () => {
    const before = rig.machine;
    await before.must(
      `systemd-run --unit=ledger --collect /usr/lib/udr/bun -e "$(echo ${Buffer.from(LEDGER).toString("base64")} | base64 -d)"`,
    );
    const told = () =>
      [...before.read("serial.log").matchAll(/LEDGER image ([\d.]+)\r?\n/g)].map(([, uid]) => uid);
    await before.waitFor(
      `${acknowledged} acknowledged images`,
      () => told().length >= acknowledged,
      400_000,
    );
    await before.cutPower();
    const images = told();
    await rig.powerCycle();
    const { machine } = rig;
    const bootMs = await machine.waitForHealth();
    for (const uid of images) {
      const check = `const r = await fetch("http://127.0.0.1:8080/api/v1/instances/${uid}/file"); const b = await r.arrayBuffer(); process.exit(r.status === 200 && b.byteLength > 1e6 ? 0 : 1);`;
      const { code } = await machine.exec(["/usr/lib/udr/bun", "-e", check]);
      demand(code === 0, `${uid} was acknowledged and is gone`);
    }
    const failed = await machine.must("systemctl --failed --no-legend --plain");
    demand(failed === "", failed);
    const fsck = await machine.must("journalctl -b -t systemd-fsck -o cat --no-pager | tail -1");
    return `${images.length} acknowledged, ${images.length} there; up again after ${(bootMs / 1000).toFixed(0)} s; ${fsck}`;
  });
}

export async function watchdogCheck(report: Report, rig: Rig): Promise<void> {
  await report.check("the watchdog resets a frozen machine", async () => {
    const { machine } = rig;
    await machine.must("sync");
    // A panic that stays: neither PID 1 nor the kernel do anything any more.
    await machine.shell(
      "echo 0 >/proc/sys/kernel/panic; echo 1 >/proc/sys/kernel/sysrq; (sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &",
      10_000,
    );
    const before = machine.events.length;
    const frozenMs = await machine.waitFor(
      "the watchdog",
      () => machine.events.slice(before).some((e) => e === "WATCHDOG" || e === "RESET"),
      180_000,
      "wait",
    );
    const event = machine.events.slice(before).find((e) => e === "WATCHDOG" || e === "RESET");
    // Where the host is short of time the kernel may miss its timer, panic once more and start again.
    await machine.waitForHealth(undefined, "wait");
    machine.passOver();
    return `${event} ${(frozenMs / 1000).toFixed(0)} s after the freeze, and it came up by itself`;
  });
}
