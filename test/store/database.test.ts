import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase, openDatabaseReadOnly, schemaVersion } from "../../src/store/database.ts";
import { MIGRATIONS, readableFromSchema } from "../../src/store/migrations.ts";

const folder = mkdtempSync(join(tmpdir(), "database-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pragma = (db: ReturnType<typeof openDatabase>, name: string) =>
  Object.values(db.query(`PRAGMA ${name}`).get() as Record<string, unknown>)[0];

test("a new database has every step, a synced log and foreign keys", () => {
  const db = openDatabase(join(folder, "new.sqlite"));
  expect(schemaVersion(db)).toBe(MIGRATIONS.length);
  expect(pragma(db, "journal_mode")).toBe("wal");
  expect(pragma(db, "synchronous")).toBe(2);
  expect(pragma(db, "foreign_keys")).toBe(1);
  expect(pragma(db, "integrity_check")).toBe("ok");
  db.close();
});

test("an older database is brought forward with its rows", () => {
  const path = join(folder, "older.sqlite");
  const old = openDatabase(path);
  old.run("INSERT INTO settings VALUES ('k', '1')");
  old.close();
  const next = [
    ...MIGRATIONS,
    {
      title: "more",
      sql: "ALTER TABLE settings ADD COLUMN extra TEXT",
      readableFrom: 4,
    },
  ];
  const db = openDatabase(path, next);
  expect(schemaVersion(db)).toBe(next.length);
  expect(db.query("SELECT * FROM settings WHERE key = 'k'").get()).toEqual({
    key: "k",
    value: "1",
    extra: null,
  });
  db.close();
});

test("a step that fails leaves the database at the step before", () => {
  const path = join(folder, "failed.sqlite");
  openDatabase(path).close();
  const broken = [
    ...MIGRATIONS,
    {
      title: "broken",
      sql: "CREATE TABLE half (a INTEGER); CREATE NONSENSE",
      readableFrom: 1,
    },
  ];
  expect(() => openDatabase(path, broken)).toThrow(/cannot be opened/);
  const db = openDatabase(path);
  expect(schemaVersion(db)).toBe(MIGRATIONS.length);
  expect(db.query("SELECT name FROM sqlite_master WHERE name = 'half'").get()).toBeNull();
  db.close();
});

test("a database of a newer program is refused with words", () => {
  const path = join(folder, "newer.sqlite");
  openDatabase(path, [
    ...MIGRATIONS,
    { title: "future", sql: "CREATE TABLE f (a INTEGER)", readableFrom: MIGRATIONS.length + 1 },
  ]).close();
  const before = readFileSync(path);
  expect(() => openDatabase(path)).toThrow(/made by a newer program/);
  expect(readFileSync(path)).toEqual(before);
});

test("a database of a newer program that older ones can read is worked with, and stays newer", () => {
  const path = join(folder, "readable.sqlite");
  const newer = [
    ...MIGRATIONS,
    { title: "index", sql: "CREATE INDEX f ON settings (value)", readableFrom: MIGRATIONS.length },
  ];
  openDatabase(path, newer).close();
  const db = openDatabase(path);
  db.run("INSERT INTO settings VALUES ('old', '1')");
  expect(schemaVersion(db)).toBe(MIGRATIONS.length + 1);
  db.close();
  const again = openDatabase(path, newer);
  expect(again.query("SELECT value FROM settings WHERE key = 'old'").get()).toEqual({ value: "1" });
  again.close();
});

test("one step that older programs cannot read holds for all after it", () => {
  const path = join(folder, "held.sqlite");
  const [first, second] = [MIGRATIONS.length + 1, MIGRATIONS.length + 2];
  const newer = [
    ...MIGRATIONS,
    { title: "drop", sql: "DROP TABLE counters", readableFrom: first },
    { title: "index", sql: "CREATE INDEX f ON settings (value)", readableFrom: 1 },
  ];
  openDatabase(path, newer).close();
  expect(() => openDatabase(path)).toThrow(`schema ${second}, readable from ${first}`);
  expect(readableFromSchema(newer)).toBe(first);
});

test("no step claims programs that do not exist", () => {
  MIGRATIONS.forEach((step, i) => {
    expect(step.readableFrom).toBeWithin(1, i + 2);
  });
});

test("a file that is no database is refused with its name", async () => {
  const path = join(folder, "text.sqlite");
  await Bun.write(path, "this is not a database, whatever its name says, and it is long enough");
  expect(() => openDatabase(path)).toThrow(/text\.sqlite is damaged/);
});

test("a reading connection sees what was committed and changes nothing", () => {
  const path = join(folder, "shared.sqlite");
  const writer = openDatabase(path);
  const reader = openDatabaseReadOnly(path);
  writer.run("INSERT INTO settings VALUES ('a', '2')");
  expect(reader.query("SELECT value FROM settings WHERE key = 'a'").get()).toEqual({ value: "2" });
  expect(() => reader.run("DELETE FROM settings")).toThrow(/readonly/);
  reader.close();
  writer.close();
});
