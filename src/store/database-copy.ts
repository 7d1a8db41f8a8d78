// The database as a backup takes it along, and as a restore brings it back. The copy is made by SQLite from
// one snapshot, on a connection of its own, while the device goes on writing. A restored one is the past:
// numbers given since must not be given again, and what was printed or deleted since must not be once more.

import { Database } from "bun:sqlite";
import type { RestoreNote } from "../model/backup.ts";
import { readMaps } from "./calibration-table.ts";
import {
  isDatabaseError,
  isDatabaseFull,
  openDatabase,
  openDatabaseReadOnly,
  readableFrom,
  schemaVersion,
} from "./database.ts";
import { readExams, readSetting, saveSetting } from "./exam-table.ts";
import { StoreError } from "./store-error.ts";

/** In `settings`: {@link RestoreNote}. */
export const RESTORE_NOTE = "restore";
/** Numbers of a counter that are left out, for those the backup does not know of. */
export const NUMBERS_SKIPPED = 10_000;
/** UIDs take the most of them: three or four an exposure, 512 a start. */
export const UID_NUMBERS_SKIPPED = 100_000;
const UID_COUNTER = "uid";

export interface CopiedDatabase {
  readonly schema: number;
  readonly readableFromSchema: number;
  readonly openExams: number;
  /** Names of the calibration files that its rows need. */
  readonly mapFiles: readonly string[];
}

/** Copies a database that may be written to meanwhile. The copy is not synced. @throws StoreError */
export function copyDatabase(from: string, to: string): CopiedDatabase {
  // Not read-only: a database left by a power cut has a log to be taken up.
  const source = opened(from);
  try {
    source.run("PRAGMA busy_timeout = 5000");
    source.run("VACUUM INTO ?", [to]);
  } catch (cause) {
    throw new StoreError(
      isDatabaseFull(cause)
        ? "The disk is full: the database could not be copied. Delete studies, then try again."
        : `The database cannot be copied (${textOf(cause)}). It may be damaged: call service.`,
      { cause },
    );
  } finally {
    source.close();
  }
  const copy = openDatabaseReadOnly(to);
  try {
    requireSound(copy);
    const schema = schemaVersion(copy);
    return {
      schema,
      readableFromSchema: readableFrom(copy) ?? schema,
      openExams: readExams(copy, { state: "open" }).length,
      mapFiles: mapFilesOf(copy),
    };
  } finally {
    copy.close();
  }
}

/** Names of the calibration files in use now. @throws StoreError */
export function mapFilesIn(path: string): readonly string[] {
  const db = openDatabaseReadOnly(path);
  try {
    return mapFilesOf(db);
  } finally {
    db.close();
  }
}

// A new map that nobody has accepted is forgotten at every start.
function mapFilesOf(db: Database): string[] {
  return readMaps(db)
    .filter((map) => map.state !== "candidate")
    .map((map) => map.file);
}

/**
 * Makes a copied database fit to be this device's: brought to this program's shape, sound, and with no
 * number to give that was given since. It is one file without a log afterwards, not synced.
 * @param livePath the database it takes the place of; null or unreadable: only the margins hold
 * @throws StoreError when it is damaged or of a newer program
 */
export function settleRestored(path: string, livePath: string | null, note: RestoreNote): void {
  const given = livePath === null ? NOTHING_GIVEN : givenIn(livePath);
  const db = openDatabase(path);
  try {
    requireSound(db);
    db.transaction(() => {
      skipNumbers(db, given);
      // An order that comes again is the study it was.
      for (const study of given.studies)
        db.query(
          `INSERT OR REPLACE INTO made_study_uids
           VALUES ($accession_number, $requested_procedure_id, $study_uid)`,
        ).run({ ...study });
      // Deleted then, perhaps received again since: the file is taken in if it is there.
      db.run("DELETE FROM pending_removals");
      db.query(
        `UPDATE jobs SET state = 'cancelled', next_attempt_ms = NULL, reason = $reason
         WHERE type IN ('print', 'export') AND state IN ('queued', 'active', 'waiting')`,
      ).run({ reason: "The database was restored. Look whether it was done; if not, begin anew." });
      saveSetting(db, RESTORE_NOTE, note);
    })();
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    db.run("PRAGMA journal_mode = DELETE");
  } catch (cause) {
    if (!isDatabaseError(cause)) throw cause;
    throw new StoreError(`the database cannot be used (${textOf(cause)})`, { cause });
  } finally {
    db.close();
  }
}

/** What the last restore left in the database; null when it never was restored. */
export function readRestoreNote(db: Database): RestoreNote | null {
  return readSetting(db, RESTORE_NOTE) as RestoreNote | null;
}

// ---- numbers ------------------------------------------------------------------------------------------

interface Given {
  /** Next number by counter. */
  readonly counters: ReadonlyMap<string, number>;
  /** Last row number by table (AUTOINCREMENT). */
  readonly rows: ReadonlyMap<string, number>;
  /** Study UIDs of orders that came without one (quirk W4). */
  readonly studies: readonly MadeStudy[];
}

interface MadeStudy {
  readonly accession_number: string;
  readonly requested_procedure_id: string;
  readonly study_uid: string;
}

const NOTHING_GIVEN: Given = { counters: new Map(), rows: new Map(), studies: [] };

function givenIn(path: string): Given {
  let db: Database | undefined;
  try {
    db = openDatabaseReadOnly(path);
    return numbersOf(db);
  } catch {
    // Damaged, or there is none: that is why somebody restores.
    return NOTHING_GIVEN;
  } finally {
    db?.close();
  }
}

function numbersOf(db: Database): Given {
  const read = (sql: string) =>
    new Map(
      db
        .query<{ name: string; number: number }, []>(sql)
        .all()
        .map((row) => [row.name, row.number]),
    );
  return {
    counters: read("SELECT name, next AS number FROM counters"),
    rows: read("SELECT name, seq AS number FROM sqlite_sequence"),
    studies: db.query<MadeStudy, []>("SELECT * FROM made_study_uids").all(),
  };
}

function skipNumbers(db: Database, given: Given): void {
  const own = numbersOf(db);
  for (const name of new Set([...own.counters.keys(), ...given.counters.keys(), UID_COUNTER])) {
    const skipped = name === UID_COUNTER ? UID_NUMBERS_SKIPPED : NUMBERS_SKIPPED;
    const next = Math.max(own.counters.get(name) ?? 1, given.counters.get(name) ?? 1) + skipped;
    db.query("INSERT OR REPLACE INTO counters VALUES ($name, $next)").run({ name, next });
  }
  for (const table of AUTOINCREMENT_TABLES) {
    const last = Math.max(own.rows.get(table) ?? 0, given.rows.get(table) ?? 0) + NUMBERS_SKIPPED;
    db.query("DELETE FROM sqlite_sequence WHERE name = $table").run({ table });
    db.query("INSERT INTO sqlite_sequence (name, seq) VALUES ($table, $last)").run({ table, last });
  }
}

const AUTOINCREMENT_TABLES = ["jobs", "mpps_queue"] as const;

// ---- soundness ------------------------------------------------------------------------------------------

function opened(path: string): Database {
  try {
    return new Database(path, { readwrite: true, create: false, strict: true });
  } catch (cause) {
    throw new StoreError(`The database ${path} cannot be opened: ${textOf(cause)}.`, { cause });
  }
}

function requireSound(db: Database): void {
  let found: string;
  try {
    found =
      db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get()?.quick_check ?? "none";
  } catch (cause) {
    found = textOf(cause);
  }
  if (found !== "ok") throw new StoreError(`The database is damaged (${found}). Call service.`);
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
