// A device is backed up to a stick and restored: on itself, after more was done, and undone again; and on
// another machine, which has none of the images.

import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  Backup,
  Calibration,
  Health,
  ListedBackup,
  StudySummary,
} from "../../src/api/contract.ts";
import { type DeviceProcess, startDevice, until } from "../device-process.ts";
import { type ExamAnswer, examine, instance } from "./device-room.ts";

const PIN = "4711-service";
const TEST_MS = 240_000;
const WORD = "REPLACE ALL DATA";
const MODE = "binned";
/** Ends so that it is started again (EX_TEMPFAIL). */
const RESTART_CODE = 75;

const configuration = {
  http: { pin: PIN },
  local: { aeTitle: "BEFORE" },
  acquisition: { calibration: { temperatureDifferenceMax: 40 } },
};

async function service<T>(device: DeviceProcess, method: string, path: string, body: unknown) {
  const answer = await fetch(`${device.http}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${PIN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as T & { detail?: string } };
}

const ended = (device: DeviceProcess) =>
  until("the backup's end", async () => {
    const { now } = await device.get<Backup>("backup");
    return now.state === "working" ? undefined : now;
  });

const studies = async (device: DeviceProcess) =>
  (await device.get<StudySummary[]>("studies")).map((study) => study.studyInstanceUid).sort();

/** Without its log, from which SQLite would mend it. */
async function damageDatabase(dataFolder: string): Promise<void> {
  for (const end of ["-wal", "-shm"])
    await rm(join(dataFolder, `database.sqlite${end}`), { force: true });
  await Bun.write(join(dataFolder, "database.sqlite"), "no database ".repeat(1_000));
}

/** The maps in use that were measured here; the panel's own are its own matter. */
const mapsOf = (device: DeviceProcess) =>
  until("maps in use", async () => {
    const { modes } = await device.get<Calibration>("calibration");
    const maps = modes.find((mode) => mode.modeId === MODE)?.maps ?? [];
    return maps.length > 0 ? maps.filter((map) => map.source === "measured") : undefined;
  });

async function calibrateOffset(device: DeviceProcess): Promise<void> {
  await service(device, "POST", "calibration/start", { steps: "offset", modeIds: [MODE] });
  await until("the calibration's figures", async () => {
    const { procedure } = await device.get<Calibration>("calibration");
    return procedure.state === "summary" ? true : undefined;
  });
  await service(device, "POST", "calibration/accept", {});
}

/** Begins it and answers the exit code of the program. */
async function restarted(device: DeviceProcess, path: string, body: object): Promise<number> {
  const begun = await service<Backup>(device, "POST", path, { ...body, confirm: WORD });
  expect(begun.status).toBe(202);
  const failed = until("the restart", async () => {
    if (device.process.exitCode !== null) return "it ended";
    const now = await device.get<Backup>("backup").then(
      (backup) => backup.now,
      () => null,
    );
    return now?.state === "failed" ? now.reason : undefined;
  });
  expect(await failed).toBe("it ended");
  return device.process.exited;
}

test(
  "a backup is restored on the device itself, undone, and restored on another machine",
  async () => {
    const stick = await mkdtemp(join(tmpdir(), "udr-stick-"));
    const otherData = await mkdtemp(join(tmpdir(), "udr-other-"));
    await using first = await startDevice({ configuration });
    try {
      const { dataFolder } = first;
      await calibrateOffset(first);
      const maps = await mapsOf(first);
      expect(maps.map((map) => map.kind)).toEqual(["offset"]);
      const before = await examine(first);

      // Not while an exam is open.
      const open = await first.post<ExamAnswer>("exams", { patient: { name: "Open^Exam" } });
      const refused = await service(first, "POST", "backup", { device: stick });
      expect(refused.status).toBe(409);
      expect(refused.body.detail).toContain("exam is open");
      await first.post(`exams/${open.id}/discontinue`, { reasonCode: "110513" });

      await service(first, "POST", "backup", { device: stick });
      expect(await ended(first)).toMatchObject({ state: "done", work: "backup" });
      const sets = await first.get<ListedBackup[]>(
        `backup/sets?device=${encodeURIComponent(stick)}`,
      );
      expect(sets).toHaveLength(1);
      expect(sets[0]).toMatchObject({ usable: true, version: "0.1.0" });
      const { name = "" } = sets[0] ?? {};
      expect((await readdir(join(stick, "udr-backup", name))).sort()).toEqual([
        "calibration",
        "config.json",
        "database.sqlite",
        "manifest.json",
      ]);

      // Then more is done.
      const since = await examine(first);
      const changed = { ...configuration, local: { aeTitle: "SINCE" } };
      await service(first, "PUT", "config", changed);
      const uids = [before, since].flatMap((exam) => exam.instances.map((i) => i.sopInstanceUid));

      const code = await restarted(first, "backup/restore", { device: stick, name });
      expect(code).toBe(RESTART_CODE);
      await using second = await startDevice({ dataFolder });
      expect((await second.get<Health>("health")).device.aeTitle).toBe("BEFORE");
      expect((await second.get<Backup>("backup")).lastRestore).toBeDefined();
      expect(await mapsOf(second)).toEqual(maps);
      expect((await second.get<ExamAnswer>(`exams/${before.id}`)).state).toBe("completed");
      // The images made since are on the disk, and listed; the exam they were made in is not known.
      expect(await studies(second)).toEqual(
        [before.studyInstanceUid, since.studyInstanceUid].sort(),
      );
      for (const uid of uids) expect((await instance(second, uid)).sopInstanceUid).toBe(uid);
      await expect(second.get(`exams/${since.id}`)).rejects.toThrow(/404/);
      // Nothing is given twice.
      const next = await examine(second);
      const numberOf = (exam: ExamAnswer) => Number(exam.id.replace("exam-", ""));
      expect(numberOf(next)).toBeGreaterThan(numberOf(since) + 5_000);
      for (const { sopInstanceUid } of next.instances) expect(uids).not.toContain(sopInstanceUid);

      // It was not wanted after all.
      expect(await restarted(second, "backup/undo-restore", {})).toBe(RESTART_CODE);
      await using third = await startDevice({ dataFolder });
      expect((await third.get<Health>("health")).device.aeTitle).toBe("SINCE");
      expect((await third.get<ExamAnswer>(`exams/${since.id}`)).state).toBe("completed");
      expect(await mapsOf(third)).toEqual(maps);
      expect(await studies(third)).toContain(next.studyInstanceUid);
      await third.stop();

      // Another machine, with a PIN and nothing else.
      await using other = await startDevice({
        dataFolder: otherData,
        configuration: { http: { pin: PIN } },
      });
      expect(await restarted(other, "backup/restore", { device: stick, name })).toBe(RESTART_CODE);
      await using moved = await startDevice({ dataFolder: otherData });
      const health = await moved.get<Health>("health");
      expect(health.device.aeTitle).toBe("BEFORE");
      expect(await mapsOf(moved)).toEqual(maps);
      expect(await studies(moved)).toEqual([]);
      // No archive had them: somebody must know.
      expect(health.problems.join()).toContain(
        `${before.instances.length} stored object(s) are missing`,
      );
      const there = await examine(moved);
      expect(there.instances.length).toBe(before.instances.length);
      expect(numberOf(there)).toBeGreaterThan(numberOf(before) + 5_000);
      await moved.stop();
    } finally {
      await rm(stick, { recursive: true, force: true });
      await rm(otherData, { recursive: true, force: true });
    }
  },
  TEST_MS,
);

test("a program that is killed while it restores begins with the old data", async () => {
  const stick = await mkdtemp(join(tmpdir(), "udr-stick-"));
  await using first = await startDevice({ configuration });
  try {
    await service(first, "POST", "backup", { device: stick });
    expect(await ended(first)).toMatchObject({ state: "done" });
    const exam = await examine(first);
    const [set] = await first.get<ListedBackup[]>(
      `backup/sets?device=${encodeURIComponent(stick)}`,
    );
    const order = { device: stick, name: set?.name, confirm: WORD };
    expect((await service(first, "POST", "backup/restore", order)).status).toBe(202);
    // What is begun now would be lost, so nothing is.
    const refused = await first.post("exams", { patient: { name: "Too^Late" } }).then(
      () => "opened",
      (error: unknown) => String(error),
    );
    expect(refused).toContain("being restored");
    await first.stop("SIGKILL");
    await using second = await startDevice({ dataFolder: first.dataFolder });
    const known = await second.get<ExamAnswer>(`exams/${exam.id}`).then(
      () => "old",
      () => "new",
    );
    const restored = (await second.get<Backup>("backup")).lastRestore !== undefined;
    // Killed before the plan was durable, or after: one of the two, whole.
    expect(known).toBe(restored ? "new" : "old");
    expect(await studies(second)).toEqual([exam.studyInstanceUid]);
    await second.stop();
  } finally {
    await rm(stick, { recursive: true, force: true });
  }
}, 60_000);

test("an appliance whose database is damaged shows a page that restores a backup, and is a device again", async () => {
  const stick = await mkdtemp(join(tmpdir(), "udr-stick-"));
  // No helper answers there: nothing of this asks for one.
  const env = { UDR_APPLIANCE_SOCKET: join(stick, "no.sock") };
  await using first = await startDevice({ configuration, env });
  try {
    const exam = await examine(first);
    await service(first, "POST", "backup", { device: stick });
    expect(await ended(first)).toMatchObject({ state: "done" });
    await first.stop();
    const { dataFolder } = first;
    await damageDatabase(dataFolder);

    const options = { dataFolder, env, ready: "repair" };
    await using broken = await startDevice(options);
    const health = await broken.get<Health>("health");
    expect(health).toMatchObject({ status: "fault", repair: true });
    expect(health.problems.join()).toContain("Put in a stick with a backup and restore it");
    expect(await studies(broken)).toEqual([]);
    await expect(broken.post("exams", { patient: { name: "No^Exam" } })).rejects.toThrow(/503/);
    const [set] = await broken.get<ListedBackup[]>(
      `backup/sets?device=${encodeURIComponent(stick)}`,
    );
    const order = { device: stick, name: set?.name };
    expect(await restarted(broken, "backup/restore", order)).toBe(RESTART_CODE);

    await using mended = await startDevice({ dataFolder, env });
    expect((await mended.get<Health>("health")).repair).toBeUndefined();
    expect((await mended.get<ExamAnswer>(`exams/${exam.id}`)).state).toBe("completed");
    expect(await studies(mended)).toEqual([exam.studyInstanceUid]);
    expect(
      await Bun.file(
        join(
          dataFolder,
          "before-restore",
          (await readdir(join(dataFolder, "before-restore")))[0] ?? "",
          "database.sqlite",
        ),
      ).text(),
    ).toStartWith("no database");
    await mended.stop();
  } finally {
    await rm(stick, { recursive: true, force: true });
  }
}, 60_000);

test("an appliance with a damaged database and no backup begins anew, and its images are there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "udr-anew-"));
  const env = { UDR_APPLIANCE_SOCKET: join(folder, "no.sock") };
  await using first = await startDevice({ configuration, env });
  try {
    const exam = await examine(first);
    // There is nothing to begin anew while the database can be used.
    await expect(first.post("backup/begin-anew", { confirm: WORD })).rejects.toThrow(/404/);
    await first.stop();
    const { dataFolder } = first;
    await damageDatabase(dataFolder);

    await using broken = await startDevice({ dataFolder, env, ready: "repair" });
    expect((await service(broken, "POST", "backup/begin-anew", {})).status).toBe(422);
    expect(await restarted(broken, "backup/begin-anew", {})).toBe(RESTART_CODE);

    await using anew = await startDevice({ dataFolder, env });
    const health = await anew.get<Health>("health");
    expect([health.repair, health.device.aeTitle]).toEqual([undefined, "BEFORE"]);
    await until("the images", async () =>
      (await studies(anew)).includes(exam.studyInstanceUid) ? true : undefined,
    );
    const [kept] = await readdir(join(dataFolder, "before-restore"));
    const aside = join(dataFolder, "before-restore", kept ?? "", "database.sqlite");
    expect(await Bun.file(aside).text()).toStartWith("no database");
    // The next exam is another.
    expect((await examine(anew)).studyInstanceUid).not.toBe(exam.studyInstanceUid);
    await anew.stop();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
