// Backup and restore as the thread does them, on real files: out to a stick, back onto another disk, and again
// what the restore replaced.

import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../../src/core/log.ts";
import { MediumError } from "../../../src/hal/media/medium-files.ts";
import { realMedium } from "../../../src/hal/media/real-medium.ts";
import { BACKUP_CELLS, type BackupAnswer, type StageTask } from "../../../src/model/backup.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { saveExam, takeNumbers } from "../../../src/store/exam-table.ts";
import { realDisk } from "../../../src/store/real-disk.ts";
import { takeUpRestore } from "../../../src/store/restore.ts";
import { type BackupPorts, runBackupTask } from "../../../src/workers/backup/run-task.ts";
import { openSource } from "../../../src/workers/export/source-file.ts";
import { FaultyMedium } from "../../export/faulty-medium.ts";
import { examOf, START_MS } from "../../store/objects.ts";

const NAME = "2026-01-05T08-00-00";
const MAP = `${"0123456789abcdef".repeat(2)}.raw`;
const PORTS: BackupPorts = { medium: realMedium, disk: realDisk, open: openSource };

interface Room extends Disposable {
  readonly stick: string;
  /** A data folder with a patient, a map and a key. */
  readonly device: string;
  /** An empty one. */
  readonly other: string;
}

async function room(): Promise<Room> {
  const root = mkdtempSync(join(tmpdir(), "backup-"));
  const of = (name: string) => {
    mkdirSync(join(root, name));
    return join(root, name);
  };
  const r = { stick: of("stick"), device: of("device"), other: of("other") };
  const db = openDatabase(join(r.device, "database.sqlite"));
  saveExam(db, examOf("e1", "1.2.3", "completed"));
  takeNumbers(db, "exam", 5);
  db.run(
    "INSERT INTO calibration_maps VALUES ('S1', 'full', 'gain', 'current', 1, 1, 1, 32, 30, 0, 'x', ?)",
    [MAP],
  );
  db.close();
  await Bun.write(join(r.device, "config.json"), '{ "local": { "aeTitle": "ROOM2" } }');
  await Bun.write(join(r.device, "calibration", MAP), "map");
  await Bun.write(join(r.device, "tls", "key.pem"), "key");
  return { ...r, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

const shared = () => new SharedArrayBuffer(BACKUP_CELLS * 4);

function backUp(
  r: Room,
  options: { ports?: BackupPorts; keyFiles?: readonly string[]; configFile?: string } = {},
): Promise<BackupAnswer> {
  return runBackupTask(options.ports ?? PORTS, {
    type: "back-up",
    root: r.stick,
    name: NAME,
    dataFolder: r.device,
    configFile: options.configFile ?? join(r.device, "config.json"),
    keyFiles: options.keyFiles ?? [join(r.device, "tls", "key.pem")],
    origin: {
      product: "UDR-10A",
      version: "0.1.0",
      serialNumber: "A1",
      stationName: "",
      institutionName: "",
    },
    madeAt: "2026-01-05T07:00:00.000Z",
    shared: shared(),
  });
}

const stage = (dataFolder: string, from: StageTask["from"]): Promise<BackupAnswer> =>
  runBackupTask(PORTS, {
    type: "stage",
    from,
    dataFolder,
    product: "UDR-10A",
    nowMs: START_MS,
    shared: shared(),
  });

/** Stages, commits and starts. */
async function restore(
  dataFolder: string,
  from: StageTask["from"],
  keyFiles: readonly string[] = [],
  keptName = "2026-02-01T08-00-00",
): Promise<BackupAnswer> {
  const staged = await stage(dataFolder, from);
  if (staged.type !== "staged") return staged;
  const { files } = staged;
  const committed = await runBackupTask(PORTS, {
    type: "commit",
    dataFolder,
    files,
    keptName,
    keyFiles,
  });
  const disk = realDisk(dataFolder);
  await takeUpRestore(disk, { disk: () => disk, path: "config.json" }, silentLog);
  return committed;
}

const exams = (dataFolder: string): string[] => {
  const db = openDatabase(join(dataFolder, "database.sqlite"));
  const ids = db.query<{ id: string }, []>("SELECT id FROM exams ORDER BY id").all();
  db.close();
  return ids.map((row) => row.id);
};

test("a backup restored on another disk brings exams, configuration, maps and keys", async () => {
  using r = await room();
  const made = await backUp(r);
  expect(made).toMatchObject({ type: "backed-up", name: NAME, manifest: { leftOut: [] } });
  expect(readdirSync(r.device).sort()).toEqual([
    "calibration",
    "config.json",
    "database.sqlite",
    "tls",
  ]);
  const listed = await runBackupTask(PORTS, { type: "list", root: r.stick, product: "UDR-10A" });
  expect(listed).toMatchObject({ backups: [{ name: NAME, usable: true }] });

  const from = { kind: "stick", root: r.stick, name: NAME } as const;
  const keys = [join(r.other, "tls", "key.pem")];
  expect(await restore(r.other, from, keys)).toEqual({ type: "committed" });
  expect(exams(r.other)).toEqual(["e1"]);
  const read = (name: string) => readFileSync(join(r.other, name), "utf8");
  expect(read("config.json")).toContain("ROOM2");
  expect(read(`calibration/${MAP}`)).toBe("map");
  expect(read("tls/key.pem")).toBe("key");
});

test("what a restore replaced comes back when it is undone", async () => {
  using r = await room();
  await backUp(r);
  const db = openDatabase(join(r.device, "database.sqlite"));
  saveExam(db, examOf("e2", "1.2.4", "completed"));
  takeNumbers(db, "exam", 1);
  db.close();
  await Bun.write(join(r.device, "config.json"), '{ "local": { "aeTitle": "SINCE" } }');

  const from = { kind: "stick", root: r.stick, name: NAME } as const;
  await restore(r.device, from);
  expect(exams(r.device)).toEqual(["e1"]);
  expect(await restore(r.device, { kind: "kept" }, [], "2026-02-02T08-00-00")).toEqual({
    type: "committed",
  });
  expect(exams(r.device)).toEqual(["e1", "e2"]);
  expect(readFileSync(join(r.device, "config.json"), "utf8")).toContain("SINCE");
  expect(readFileSync(join(r.device, "calibration", MAP), "utf8")).toBe("map");
  const again = openDatabase(join(r.device, "database.sqlite"));
  // Two restores, and not one number twice.
  expect(takeNumbers(again, "exam", 1)).toBeGreaterThan(20_000);
  again.close();
});

test("where there was no restore there is nothing to go back to", async () => {
  using r = await room();
  expect(await stage(r.device, { kind: "kept" })).toMatchObject({
    type: "failed",
    reason: expect.stringContaining("no restore was made here"),
  });
});

test("keys outside the data folder are named and left out, and asked for at the restore", async () => {
  using r = await room();
  const outside = join(r.stick, "site.pem");
  await Bun.write(outside, "key");
  expect(await backUp(r, { keyFiles: [outside] })).toMatchObject({
    manifest: { leftOut: [outside] },
  });
  rmSync(outside);
  const from = { kind: "stick", root: r.stick, name: NAME } as const;
  expect(await restore(r.other, from, [outside])).toMatchObject({
    type: "failed",
    reason: expect.stringContaining(`neither in it nor on this machine: ${outside}`),
  });
  expect(existsSync(join(r.other, "restore-in-work"))).toBe(false);
  await Bun.write(outside, "key");
  expect(await restore(r.other, from, [outside])).toEqual({ type: "committed" });
});

test("a key that the configuration does not name does not come in", async () => {
  using r = await room();
  await backUp(r);
  await restore(r.other, { kind: "stick", root: r.stick, name: NAME });
  expect(existsSync(join(r.other, "tls"))).toBe(false);
});

test("a device without a configuration file is one with the defaults", async () => {
  using r = await room();
  await backUp(r, { configFile: join(r.device, "nowhere.json"), keyFiles: [] });
  await restore(r.other, { kind: "stick", root: r.stick, name: NAME });
  expect(readFileSync(join(r.other, "config.json"), "utf8")).toBe("{}\n");
});

test("an exam that is open in the copy makes it no backup", async () => {
  using r = await room();
  const db = openDatabase(join(r.device, "database.sqlite"));
  saveExam(db, examOf("e9", "1.2.9"));
  db.close();
  expect(await backUp(r)).toMatchObject({
    type: "failed",
    reason: expect.stringContaining("An exam was opened meanwhile"),
  });
  expect(existsSync(join(r.stick, "udr-backup"))).toBe(false);
});

test("a map that was lost before is left out; one that a calibration replaced meanwhile is not", async () => {
  using r = await room();
  rmSync(join(r.device, "calibration", MAP));
  const made = await backUp(r);
  if (made.type !== "backed-up") throw new Error(JSON.stringify(made));
  expect(made.manifest.files.map((file) => file.name)).toEqual([
    "database.sqlite",
    "config.json",
    "files/tls/key.pem",
  ]);
});

for (const [fault, said] of [
  ["gone", "pulled out too early"],
  ["full", "ran full"],
  ["read-only", "write-protected"],
  ["broken", "Take another one"],
] as const)
  test(`a stick that is ${fault} is told in words, and the copy in the data folder is gone`, async () => {
    using r = await room();
    const medium = new FaultyMedium();
    Object.assign(medium, { failAt: 12, forGood: true, fault });
    const answer = await backUp(r, { ports: { ...PORTS, medium: () => medium } });
    expect(answer).toMatchObject({ type: "failed", reason: expect.stringContaining(said) });
    expect(existsSync(join(r.device, "backup-in-work"))).toBe(false);
  });

test("a backup whose database is none is refused, and nothing is left of it", async () => {
  using r = await room();
  await backUp(r);
  // Whole by its checksums, and yet no database.
  const folder = join(r.stick, "udr-backup", NAME);
  const bytes = "no database ".repeat(100);
  await Bun.write(join(folder, "database.sqlite"), bytes);
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as {
    files: { name: string; bytes: number; sha256: string }[];
  };
  const file = manifest.files.find((f) => f.name === "database.sqlite");
  if (file === undefined) throw new Error("it is there");
  file.bytes = bytes.length;
  file.sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  await Bun.write(join(folder, "manifest.json"), JSON.stringify(manifest));
  const before = exams(r.device);
  expect(await stage(r.device, { kind: "stick", root: r.stick, name: NAME })).toMatchObject({
    type: "failed",
    reason: expect.stringMatching(/The backup cannot be used: .*Nothing was changed/),
  });
  expect(existsSync(join(r.device, "restore-in-work"))).toBe(false);
  expect(exams(r.device)).toEqual(before);
});

test("a stick that is pulled out while it is read leaves the device as it was", async () => {
  using r = await room();
  await backUp(r);
  const medium = realMedium(r.stick);
  const answer = await runBackupTask(
    {
      ...PORTS,
      medium: () => ({
        ...medium,
        read(path, into, at) {
          if (path.endsWith(".raw")) throw new MediumError("no such device", "gone");
          medium.read(path, into, at);
        },
      }),
    },
    {
      type: "stage",
      from: { kind: "stick", root: r.stick, name: NAME },
      dataFolder: r.other,
      product: "UDR-10A",
      nowMs: START_MS,
      shared: shared(),
    },
  );
  expect(answer).toMatchObject({ type: "failed", reason: expect.stringContaining("pulled out") });
  expect(readdirSync(r.other)).toEqual([]);
});

test("a log bundle is written to a stick as it is, and a stick that cannot take it is told", async () => {
  using r = await room();
  const bytes = new SharedArrayBuffer(300_000);
  new Uint8Array(bytes).forEach((_, i, all) => {
    all[i] = i % 251;
  });
  const task = { type: "write-log", root: r.stick, name: NAME, bytes } as const;
  const path = `udr-log/${NAME}.tar`;
  expect(await runBackupTask(PORTS, task)).toEqual({ type: "log-written", path });
  const written = new Uint8Array(readFileSync(join(r.stick, path)));
  expect(Buffer.compare(written, new Uint8Array(bytes))).toBe(0);
  expect(readdirSync(join(r.stick, "udr-log"))).toEqual([`${NAME}.tar`]);

  const full = {
    ...PORTS,
    medium: () => Object.assign(new FaultyMedium(), { freeBytes: () => 1 }),
  };
  expect(await runBackupTask(full, task)).toEqual({
    type: "failed",
    reason: "The stick ran full. Take a larger one, or make room on it with a computer.",
  });
});
