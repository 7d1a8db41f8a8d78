// The database as a backup takes it along and as a restore brings it back.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RestoreNote } from "../../src/model/backup.ts";
import { type Database, openDatabase, schemaVersion } from "../../src/store/database.ts";
import {
  copyDatabase,
  NUMBERS_SKIPPED,
  readRestoreNote,
  settleRestored,
  UID_NUMBERS_SKIPPED,
} from "../../src/store/database-copy.ts";
import { madeStudyUid, saveExam, takeNumbers } from "../../src/store/exam-table.ts";
import { insertJob, readJob } from "../../src/store/job-table.ts";
import { MIGRATIONS } from "../../src/store/migrations.ts";
import { StoreReader } from "../../src/store/store-reader.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { examOf, objectOf, openStore, START_MS } from "./objects.ts";

const folder = mkdtempSync(join(tmpdir(), "copy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const path = () => join(folder, `${++made}.sqlite`);

const NOTE: RestoreNote = {
  restoredMs: START_MS,
  madeAt: "2026-01-04T17:30:00.000Z",
  reconciled: false,
};

function database(fill: (db: Database) => void = () => {}): string {
  const at = path();
  const db = openDatabase(at);
  fill(db);
  db.close();
  return at;
}

const job = (type: "send" | "print" | "export") => ({
  parameters: { type, remoteId: "archive", studyInstanceUid: "1", sopInstanceUids: [] } as never,
  items: ["1.1"],
  createdMs: START_MS,
});

const order = (accessionNumber: string) => ({ accessionNumber, requestedProcedureId: "" });

test("the copy is one moment of a database that is written to all the while", async () => {
  const from = path();
  openDatabase(from).close();
  const writer = new Worker(new URL("./database-writer.ts", import.meta.url));
  const written = async (what?: string) => {
    for (;;) {
      const said = await new Promise<unknown>((resolve) => {
        writer.onmessage = ({ data }) => resolve(data);
      });
      if (what === undefined || said === what) return;
    }
  };
  writer.postMessage({ path: from });
  await written();
  const seen: number[] = [];
  while (seen.length < 5) {
    const to = path();
    copyDatabase(from, to);
    const copy = openDatabase(to);
    const value = (key: string) =>
      Number(
        copy.query<{ value: string }, [string]>("SELECT value FROM settings WHERE key = ?").get(key)
          ?.value,
      );
    expect(value("a")).toBe(value("b"));
    const rows = copy.query("SELECT count(*) AS n FROM settings WHERE key LIKE 'row %'").get();
    expect(rows).toEqual({ n: value("a") });
    seen.push(value("a"));
    copy.close();
    await written();
  }
  writer.postMessage("stop");
  await written("closed");
  writer.terminate();
  // It was written to in between, each time.
  expect(new Set(seen).size).toBe(5);
});

test("the copy tells its schema, open exams and the maps it needs", () => {
  const from = database((db) => {
    saveExam(db, examOf("e1", "1.2.3"));
    for (const [state, file] of [
      ["current", "c.raw"],
      ["previous", "p.raw"],
      ["candidate", "n.raw"],
    ] as const)
      db.run(
        "INSERT INTO calibration_maps VALUES ('S1', 'full', 'gain', ?, 1, 1, 1, 32, 30, 0, 'x', ?)",
        [state, file],
      );
  });
  const facts = copyDatabase(from, path());
  expect(facts).toMatchObject({
    schema: MIGRATIONS.length,
    readableFromSchema: 1,
    openExams: 1,
  });
  expect([...facts.mapFiles].sort()).toEqual(["c.raw", "p.raw"]);
});

test("a database with a log that a power cut left is copied with what the log holds", () => {
  const from = path();
  const db = openDatabase(from);
  db.run("INSERT INTO settings VALUES ('late', '1')");
  const copied = path();
  // As the mains leave it: never closed.
  for (const end of ["", "-wal"])
    Bun.spawnSync(["cp", `${from}${end}`, `${copied}${end}`], { stdout: "ignore" });
  db.close();
  const to = path();
  copyDatabase(copied, to);
  const copy = openDatabase(to);
  expect(copy.query("SELECT value FROM settings WHERE key = 'late'").get()).toEqual({ value: "1" });
  copy.close();
});

test("a damaged database is no backup", async () => {
  const from = database((db) => {
    db.transaction(() => {
      for (let n = 0; n < 2_000; n++)
        db.run("INSERT INTO settings VALUES (?, ?)", [`k${n}`, "v".repeat(100)]);
    })();
  });
  const bytes = new Uint8Array(await Bun.file(from).arrayBuffer());
  bytes.fill(0x5a, bytes.byteLength - 40_000);
  await Bun.write(from, bytes);
  expect(() => copyDatabase(from, path())).toThrow(/damaged/);
});

test("numbers given before or after the backup are not given again", () => {
  const live = database((db) => {
    takeNumbers(db, "uid", 5_000);
    takeNumbers(db, "exam", 70);
    for (let n = 0; n < 9; n++) insertJob(db, job("send"));
    madeStudyUid(db, order("A2"), "1.2.2");
  });
  const old = database((db) => {
    takeNumbers(db, "uid", 512);
    takeNumbers(db, "exam", 12);
    takeNumbers(db, "exposure", 3);
    insertJob(db, job("send"));
    madeStudyUid(db, order("A1"), "1.2.1");
  });
  settleRestored(old, live, NOTE);
  const db = openDatabase(old);
  expect(takeNumbers(db, "uid", 1)).toBe(5_001 + UID_NUMBERS_SKIPPED);
  expect(takeNumbers(db, "exam", 1)).toBe(71 + NUMBERS_SKIPPED);
  expect(takeNumbers(db, "exposure", 1)).toBe(4 + NUMBERS_SKIPPED);
  expect(insertJob(db, job("send")).id).toBe(String(10 + NUMBERS_SKIPPED));
  // An order is the study it was, whether the backup knows of it or not.
  expect(madeStudyUid(db, order("A1"), "1.2.9")).toBe("1.2.1");
  expect(madeStudyUid(db, order("A2"), "1.2.9")).toBe("1.2.2");
  db.close();
});

test("on a new disk, where nobody knows what was given since, the margins hold", () => {
  const old = database((db) => {
    takeNumbers(db, "exam", 12);
  });
  settleRestored(old, join(folder, "nowhere.sqlite"), NOTE);
  const db = openDatabase(old);
  expect(takeNumbers(db, "exam", 1)).toBe(13 + NUMBERS_SKIPPED);
  expect(takeNumbers(db, "uid", 1)).toBe(1 + UID_NUMBERS_SKIPPED);
  db.close();
});

test("nothing is printed, exported or deleted a second time; what was to be sent is sent", () => {
  const old = database((db) => {
    for (const type of ["send", "print", "export"] as const) insertJob(db, job(type));
    db.run("INSERT INTO pending_removals VALUES ('a/b.dcm')");
  });
  settleRestored(old, null, NOTE);
  const db = openDatabase(old);
  expect([1, 2, 3].map((n) => readJob(db, String(n))?.state)).toEqual([
    "queued",
    "cancelled",
    "cancelled",
  ]);
  expect(readJob(db, "2")?.reason).toContain("Look whether it was done");
  expect(db.query("SELECT count(*) AS n FROM pending_removals").get()).toEqual({ n: 0 });
  expect(readRestoreNote(db)).toEqual(NOTE);
  db.close();
});

test("a restored database is brought forward before it counts, and stands alone", async () => {
  const older = path();
  openDatabase(older, MIGRATIONS.slice(0, 3)).close();
  settleRestored(older, null, NOTE);
  for (const end of ["-wal", "-shm"]) expect(await Bun.file(`${older}${end}`).exists()).toBe(false);
  const db = openDatabase(older);
  expect(schemaVersion(db)).toBe(MIGRATIONS.length);
  db.close();
});

test("a database of a newer program is refused whatever its manifest says", () => {
  const newer = path();
  openDatabase(newer, [
    ...MIGRATIONS,
    { title: "future", sql: "CREATE TABLE f (a INTEGER)", readableFrom: MIGRATIONS.length + 1 },
  ]).close();
  expect(() => settleRestored(newer, null, NOTE)).toThrow(/made by a newer program/);
});

test("objects of exams made since the backup are made here, and not let go for space", async () => {
  const disk = new MemoryDisk();
  const now = openDatabase(":memory:");
  const before = await openStore(now, disk);
  before.apply([{ kind: "exam", exam: examOf("e1", "1.2.3", "completed") }]);
  await before.writeObject(objectOf("1.1", { study: "1.2.3", examId: "e1" }));
  await before.writeObject(objectOf("1.5", { study: "1.2.5", local: false }));
  const backup = database();
  now.run("ATTACH ? AS b", [backup]);
  for (const table of ["studies", "series", "instances", "exams"])
    now.run(`INSERT INTO b.${table} SELECT * FROM main.${table}`);
  now.run("DETACH b");
  before.apply([{ kind: "exam", exam: examOf("e2", "1.2.4", "completed") }]);
  await before.writeObject(objectOf("1.2", { study: "1.2.4", examId: "e2" }));
  await before.writeObject(objectOf("1.6", { study: "1.2.5", local: false }));

  settleRestored(backup, null, NOTE);
  const db = openDatabase(backup);
  const restored = await openStore(db, disk);
  expect([...restored.reconciliation.adopted].sort()).toEqual(["1.2", "1.6"]);
  expect(restored.reader.instance("1.2")).toMatchObject({ local: true });
  expect(restored.reader.instance("1.6")).toMatchObject({ local: false });
  expect(restored.reader.deletable(["archive"])).toEqual(["1.2.5"]);
  expect(restored.reader.restoreNote()?.reconciled).toBe(true);

  // From then on an object without its row is one that a crash left, as ever.
  db.run("DELETE FROM studies WHERE study_uid = '1.2.4'");
  const later = await openStore(db, disk);
  expect(later.reader.instance("1.2")).toMatchObject({ local: false });
  db.close();
});

test("a database begun anew beside images takes them as made here", async () => {
  const disk = new MemoryDisk();
  const first = await openStore(openDatabase(":memory:"), disk);
  await first.writeObject(objectOf("1.1"));
  const anew = await openStore(openDatabase(":memory:"), disk);
  expect(anew.reader.instance("1.1")).toMatchObject({ local: true });
  expect(anew.reader.deletable([])).toEqual([]);
});

test("images a restore could not bring back are no alarm where an archive has them", async () => {
  const backup = database();
  const db = openDatabase(backup);
  const store = await openStore(db, new MemoryDisk());
  for (const sop of ["1.1", "1.2", "1.3"]) await store.writeObject(objectOf(sop));
  await store.writeObject(objectOf("1.4", { study: "1.2.9", local: false }));
  db.run("INSERT INTO send_states VALUES ('1.1', 'archive', 'stored', NULL, 0)");
  db.run("INSERT INTO send_states VALUES ('1.2', 'archive', 'refused', NULL, 0)");
  db.close();
  settleRestored(backup, null, { ...NOTE, restoredMs: START_MS + 1 });
  const restored = openDatabase(backup);
  await openStore(restored, new MemoryDisk());
  const reader = new StoreReader(restored);
  expect(reader.missing()).toHaveLength(4);
  expect(reader.missingToTell().map((one) => one.sopInstanceUid)).toEqual(["1.2", "1.3"]);
  expect(reader.studies()).toEqual([]);
  // Letting go of what is not here would free nothing.
  expect(reader.deletable([])).toEqual([]);
  restored.close();
});
