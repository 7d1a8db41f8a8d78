// Opens the one SQLite database: WAL, every commit synced (FULL), foreign keys on, brought to the
// shape of migrations.ts. A database of a newer program is opened where it says that this one can still
// work with it (after an update that failed), else refused, never touched.

import { Database, SQLiteError } from "bun:sqlite";
import { MIGRATIONS, type Migration, readableFromSchema } from "./migrations.ts";
import { StoreError, UnfitDatabaseError } from "./store-error.ts";

/** How long a statement waits for another connection's lock before it fails. */
const BUSY_TIMEOUT_MS = 5_000;
/** The write-ahead log is folded into the database file beyond this many pages of 4 KiB. */
const WAL_PAGES_MAX = 1_000;

/** The store has some seventy statements; beyond this many they would be compiled anew at each use. */
Database.MAX_QUERY_CACHE_SIZE = 128;

/** In `settings`: the number of steps a program must know to work with this database. */
const READABLE_FROM = "readableFromSchema";

export type { Database };

/**
 * Opens (and creates) the database for writing; ":memory:" for one that lives with the process.
 * @throws StoreError naming the file, when it cannot be opened or belongs to a newer program.
 */
export function openDatabase(path: string, migrations = MIGRATIONS): Database {
  let db: Database | undefined;
  try {
    db = new Database(path, { create: true, strict: true });
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    requireReadable(db, path, migrations.length);
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    db.run("PRAGMA foreign_keys = ON");
    db.run(`PRAGMA wal_autocheckpoint = ${WAL_PAGES_MAX}`);
    migrate(db, migrations);
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof StoreError) throw cause;
    throw (
      damaged(cause, path) ??
      new StoreError(
        `the database ${path} cannot be opened: ${text(cause)}; check the data folder's permissions and free space`,
        { cause },
      )
    );
  }
}

/** What an error of a damaged database is told as; null for any other. */
export function damaged(cause: unknown, path: string): UnfitDatabaseError | null {
  if (!isDamaged(cause)) return null;
  const fault = `is damaged (${text(cause)})`;
  return new UnfitDatabaseError(
    `the database ${path} ${fault}; move it away: the next start takes the images in again from their files, and exams, jobs and maps come back with a backup (System screen)`,
    fault,
    cause,
  );
}

/** A second connection that only reads. @throws StoreError when the file is not there. */
export function openDatabaseReadOnly(path: string): Database {
  try {
    const db = new Database(path, { readonly: true, strict: true });
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return db;
  } catch (cause) {
    throw new StoreError(`the database ${path} cannot be read: ${text(cause)}`, { cause });
  }
}

/** Number of the newest step a database has seen. */
export function schemaVersion(db: Database): number {
  return db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
}

/** Asked before anything is written. @throws StoreError */
function requireReadable(db: Database, path: string, known: number): void {
  const seen = schemaVersion(db);
  if (seen <= known) return;
  const needed = readableFrom(db) ?? seen;
  if (needed <= known) return;
  const fault = `was made by a newer program (schema ${seen}, readable from ${needed}; this one knows ${known})`;
  throw new UnfitDatabaseError(
    `the database ${path} ${fault}; start that program, or move the database away and restore a backup that this program made (System screen)`,
    fault,
  );
}

/** Number of steps a program must know, as the database itself says; null where it says nothing. */
export function readableFrom(db: Database): number | null {
  const row = db
    .query<{ value: string }, [string]>("SELECT value FROM settings WHERE key = ?")
    .get(READABLE_FROM);
  return row === null ? null : Number(row.value);
}

function migrate(db: Database, migrations: readonly Migration[]): void {
  const seen = schemaVersion(db);
  migrations.slice(seen).forEach((step, i) => {
    const reached = seen + i + 1;
    const readableFrom = readableFromSchema(migrations.slice(0, reached));
    db.transaction(() => {
      db.run(step.sql);
      db.run("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", [
        READABLE_FROM,
        `${readableFrom}`,
      ]);
      db.run(`PRAGMA user_version = ${reached}`);
    }).immediate();
  });
}

export function isDatabaseError(error: unknown): error is Error {
  return error instanceof SQLiteError;
}

/** True where another connection holds the database. */
export function isDatabaseBusy(error: unknown): boolean {
  return error instanceof SQLiteError && error.code === "SQLITE_BUSY";
}

/** True for the errors with which SQLite says that the disk is full. */
export function isDatabaseFull(error: unknown): boolean {
  return error instanceof SQLiteError && error.code === "SQLITE_FULL";
}

function isDamaged(error: unknown): boolean {
  return (
    error instanceof SQLiteError &&
    (error.code === "SQLITE_NOTADB" || error.code?.startsWith("SQLITE_CORRUPT") === true)
  );
}

function text(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
