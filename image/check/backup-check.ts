// Configuration and database go to a stick and come back, across the restart of the program.

import { api, waitForStick } from "../machine/device-calls.ts";
import type { Machine } from "../machine/machine.ts";
import { Stick } from "../machine/stick.ts";
import { demand, type Report } from "./report.ts";
import type { Rig } from "./rig.ts";
import { type Exam, endExams, expose, openExam, SERVICE_PIN } from "./study-checks.ts";

const WORK_TIMEOUT_MS = 300_000;

interface Backup {
  readonly now: { readonly state: string; readonly text?: string; readonly reason?: string };
  readonly lastRestore?: { readonly madeAt: string };
}

interface Study {
  readonly studyInstanceUid: string;
  readonly instances?: readonly unknown[];
}

const studies = async (machine: Machine): Promise<readonly string[]> =>
  (await api<readonly Study[]>(machine, "GET", "studies")).map((s) => s.studyInstanceUid);

/** An exam with one image, ended. */
async function studyOf(machine: Machine): Promise<Exam> {
  const exam = await expose(machine, await openExam(machine));
  await api(machine, "POST", `exams/${exam.id}/complete`);
  return exam;
}

export async function backupCheck(report: Report, rig: Rig): Promise<void> {
  const { machine, folder } = rig;
  const stick = await Stick.make(folder, "backup");
  const ask = async <T>(path: string, body: unknown) =>
    await api<T>(machine, "POST", path, body, SERVICE_PIN);
  let before: Exam | null = null;
  let device = "";
  const isMade = await report.check("a backup goes to a stick", async () => {
    await endExams(machine);
    before = await studyOf(machine);
    await stick.plug(machine);
    device = (await waitForStick(machine)).device;
    await ask("backup", { device });
    let made: Backup | undefined;
    await machine.waitFor(
      "the backup",
      async () => {
        made = await api<Backup>(machine, "GET", "backup");
        return made.now.state !== "working";
      },
      WORK_TIMEOUT_MS,
    );
    demand(made?.now.state === "done", made?.now.reason ?? "not done");
    return made?.now.text ?? "";
  });
  if (isMade)
    await report.check("it comes back, and images made since stay", async () => {
      const after = await studyOf(machine);
      // The backup has released the stick.
      await stick.pull(machine);
      await stick.plug(machine);
      device = (await waitForStick(machine)).device;
      const sets = await api<readonly { name: string; usable: boolean }[]>(
        machine,
        "GET",
        `backup/sets?device=${encodeURIComponent(device)}`,
      );
      const [set] = sets;
      demand(set?.usable === true, JSON.stringify(sets));
      const pid = await machine.must("systemctl show -P MainPID udr.service");
      await ask("backup/restore", { device, name: set?.name, confirm: "REPLACE ALL DATA" });
      const ms = await machine.waitFor(
        "the restored program",
        async () =>
          (await machine.must("systemctl show -P MainPID udr.service")) !== pid &&
          (await api<Backup>(machine, "GET", "backup")).lastRestore !== undefined,
        WORK_TIMEOUT_MS,
      );
      const listed = await studies(machine);
      demand(listed.includes(before?.studyInstanceUid ?? "none"), listed.join(" "));
      demand(listed.includes(after.studyInstanceUid), `an image made since is gone: ${listed}`);
      const failed = await machine.must("systemctl --failed --no-legend --plain");
      demand(failed === "", failed);
      return `${set?.name}; ${(ms / 1000).toFixed(0)} s until it answers again, ${listed.length} studies listed`;
    });
  await stick.pull(machine);
}
