// The tasks of the backup thread, callable without a thread as well. Never rejects for what a stick, a disk
// or a database does: that is told in words.

import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { unreachable } from "../../core/assert.ts";
import {
  BackupSetError,
  CALIBRATION_FILES,
  CONFIGURATION_NAME,
  DATABASE_NAME,
  discardBackup,
  freeName,
  isKeyFileName,
  KEY_FILES,
  listBackups,
  type NamedSource,
  readBackup,
  writeBackup,
} from "../../export/backup-set.ts";
import { writeLog } from "../../export/log-on-medium.ts";
import { readSettings, SettingsSetError, writeSettings } from "../../export/settings-set.ts";
import { type OpenSource, SourceError, type SourceFile } from "../../export/source-files.ts";
import { sizeText } from "../../export/space.ts";
import { MediumError, type MediumFiles } from "../../hal/media/medium-files.ts";
import {
  BACKUP_STEPS,
  type BackUpTask,
  type BackupAnswer,
  type BackupFile,
  type BackupTask,
  type CommitTask,
  PROGRESS_CELL,
  RESTORE_STEPS,
  STEP_CELL,
  type StageTask,
} from "../../model/backup.ts";
import type { SettingsAnswer, SettingsTask } from "../../model/settings-set.ts";
import { CALIBRATION } from "../../store/calibration-files.ts";
import { copyDatabase, mapFilesIn, settleRestored } from "../../store/database-copy.ts";
import { DiskError, type DiskPort } from "../../store/disk.ts";
import { dropKeyFiles, keepKeyFiles } from "../../store/key-file-store.ts";
import { MIGRATIONS } from "../../store/migrations.ts";
import { DISK_RESERVE_BYTES } from "../../store/object-files.ts";
import { DATABASE_FILE, folderOf } from "../../store/object-path.ts";
import {
  beginStaging,
  COPY,
  clearStaging,
  commitRestore,
  hashOf,
  keptFolder,
  keyFilePlace,
  stagedPath,
} from "../../store/restore.ts";
import { StoreError } from "../../store/store-error.ts";

export interface BackupPorts {
  /** @throws MediumError */
  readonly medium: (root: string) => MediumFiles;
  /** @throws DiskError */
  readonly disk: (root: string) => DiskPort;
  readonly open: OpenSource;
}

export type StickTask = BackupTask | SettingsTask;
export type StickAnswer = BackupAnswer | SettingsAnswer;

export function runBackupTask(ports: BackupPorts, task: BackupTask): Promise<BackupAnswer>;
export function runBackupTask(ports: BackupPorts, task: SettingsTask): Promise<SettingsAnswer>;
export function runBackupTask(ports: BackupPorts, task: StickTask): Promise<StickAnswer>;
export async function runBackupTask(ports: BackupPorts, task: StickTask): Promise<StickAnswer> {
  try {
    switch (task.type) {
      case "back-up":
        return await backUp(ports, task);
      case "list": {
        const running = { product: task.product, schema: MIGRATIONS.length };
        return { type: "listed", backups: listBackups(ports.medium(task.root), running) };
      }
      case "stage":
        return await stage(ports, task);
      case "commit":
        return await commit(ports, task);
      case "begin-anew": {
        const disk = ports.disk(task.dataFolder);
        beginStaging(disk);
        await commitRestore(disk, [], task.keptName);
        return { type: "committed" };
      }
      case "abandon":
        clearStaging(ports.disk(task.dataFolder));
        return { type: "abandoned" };
      case "read-settings":
        return { type: "settings-read", ...readSettings(ports.medium(task.root)) };
      case "write-settings":
        await writeSettings(ports.medium(task.root), task.text);
        return { type: "settings-written" };
      case "keep-key-files":
        return {
          type: "key-files-kept",
          added: await keepKeyFiles(ports.disk(task.dataFolder), task.files),
        };
      case "drop-key-files":
        dropKeyFiles(ports.disk(task.dataFolder), task.paths);
        return { type: "key-files-dropped" };
      case "write-log": {
        const bytes = new Uint8Array(task.bytes);
        const path = await writeLog(ports.medium(task.root), task.name, bytes);
        return { type: "log-written", path };
      }
      default:
        return unreachable(task);
    }
  } catch (error) {
    const reason = wordsOf(error);
    if (reason === null) throw error;
    return { type: "failed", reason };
  }
}

// ---- backing up ---------------------------------------------------------------------------------------

async function backUp(ports: BackupPorts, task: BackUpTask): Promise<BackupAnswer> {
  const medium = ports.medium(task.root);
  const name = freeName(medium, task.name);
  const progress = teller<(typeof BACKUP_STEPS)[number]>(task.shared, BACKUP_STEPS);
  progress("copying-database", 0);
  const copyFolder = join(task.dataFolder, COPY);
  const sources: NamedSource[] = [];
  try {
    requireRoomForCopy(ports, task.dataFolder);
    rmSync(copyFolder, { recursive: true, force: true });
    mkdirSync(copyFolder, { recursive: true, mode: 0o700 });
    const copyPath = join(copyFolder, DATABASE_FILE);
    const database = join(task.dataFolder, DATABASE_FILE);
    const facts = copyDatabase(database, copyPath);
    // An exam that is open in a backup would be open again after the restore, long since ended.
    if (facts.openExams > 0)
      throw new BackupSetError("An exam was opened meanwhile. Complete it, then back up again.");
    const add = (file: string, path: string) =>
      sources.push({ name: file, source: ports.open(path) });
    add(DATABASE_NAME, copyPath);
    sources.push({ name: CONFIGURATION_NAME, source: configurationSource(ports, task.configFile) });
    for (const file of mapsToTake(task.dataFolder, database, facts.mapFiles))
      add(`${CALIBRATION_FILES}${file}`, join(task.dataFolder, CALIBRATION, file));
    const leftOut: string[] = [];
    for (const path of new Set(task.keyFiles)) {
      const file = keyFileName(task.dataFolder, path);
      if (file === null) leftOut.push(path);
      else add(file, path);
    }
    const { schema, readableFromSchema } = facts;
    const manifest = await writeBackup({
      medium,
      name,
      files: sources,
      manifest: { ...task.origin, madeAt: task.madeAt, schema, readableFromSchema, leftOut },
      progress,
    });
    return { type: "backed-up", manifest, name };
  } catch (error) {
    discard(medium, name);
    throw error;
  } finally {
    for (const { source } of sources) source.close();
    rmSync(copyFolder, { recursive: true, force: true });
  }
}

/** Best effort: without its manifest what is left is no backup. */
function discard(medium: MediumFiles, name: string): void {
  try {
    discardBackup(medium, name);
  } catch (error) {
    if (!(error instanceof MediumError)) throw error;
  }
}

function requireRoomForCopy(ports: BackupPorts, dataFolder: string): void {
  const disk = ports.disk(dataFolder);
  const bytes = (disk.size(DATABASE_FILE) ?? 0) + (disk.size(`${DATABASE_FILE}-wal`) ?? 0);
  requireFree(disk, bytes);
}

function requireFree(disk: DiskPort, neededBytes: number): void {
  const freeBytes = disk.freeBytes() - DISK_RESERVE_BYTES;
  if (neededBytes > freeBytes)
    throw new BackupSetError(
      `The device has ${sizeText(Math.max(0, freeBytes))} free, ${sizeText(neededBytes)} are needed. Delete sent studies, then try again.`,
    );
}

/** The file as it is; where there is none the device works with the defaults. */
function configurationSource(ports: BackupPorts, path: string): SourceFile {
  return existsSync(path) ? ports.open(path) : memorySource(new TextEncoder().encode("{}\n"));
}

function memorySource(bytes: Uint8Array): SourceFile {
  return {
    byteLength: bytes.byteLength,
    read: (into, at) => into.set(bytes.subarray(at, at + into.byteLength)),
    close() {},
  };
}

/** Maps that are there. One that was lost before is told by the device, and is lost in the backup too. */
function mapsToTake(dataFolder: string, database: string, files: readonly string[]): string[] {
  const isThere = (file: string) => existsSync(join(dataFolder, CALIBRATION, file));
  const lost = files.filter((file) => !isThere(file));
  const now = lost.length === 0 ? [] : mapFilesIn(database);
  if (lost.some((file) => !now.includes(file)))
    throw new BackupSetError("The panel was calibrated meanwhile. Back up again.");
  return files.filter(isThere);
}

/** Null for what lies outside the data folder, or under a name no backup may have. */
function keyFileName(dataFolder: string, path: string): string | null {
  const below = relative(dataFolder, path);
  if (below === "" || below.startsWith("..")) return null;
  const name = `${KEY_FILES}${below}`;
  return isKeyFileName(name) && keyFilePlace(name) !== null ? name : null;
}

// ---- restoring ------------------------------------------------------------------------------------------

async function stage(ports: BackupPorts, task: StageTask): Promise<BackupAnswer> {
  const { dataFolder, from } = task;
  const disk = ports.disk(dataFolder);
  const progress = teller<(typeof RESTORE_STEPS)[number]>(task.shared, RESTORE_STEPS);
  progress("copying", 0);
  beginStaging(disk);
  try {
    const brought =
      from.kind === "stick"
        ? await fromStick(ports, disk, task, from, (share) => progress("copying", share))
        : await fromKept(ports, disk, task);
    progress("checking", 0);
    const staged = join(dataFolder, stagedPath(DATABASE_NAME));
    const { madeAt } = brought;
    const note = { restoredMs: task.nowMs, madeAt, reconciled: false };
    settleRestored(staged, join(dataFolder, DATABASE_FILE), note);
    await syncFile(disk, stagedPath(DATABASE_NAME));
    const files: BackupFile[] = [];
    for (const name of brought.names) {
      const path = stagedPath(name);
      const bytes = disk.size(path) ?? 0;
      files.push({ name, bytes, sha256: hashOf(disk, path, bytes) });
      progress("checking", files.length / brought.names.length);
    }
    // Once more while the old is still there: taking up makes a copy.
    requireFree(
      disk,
      files.reduce((sum, file) => sum + file.bytes, 0),
    );
    return { type: "staged", files, configuration: textOf(disk, stagedPath(CONFIGURATION_NAME)) };
  } catch (error) {
    clearStaging(disk);
    if (error instanceof StoreError)
      throw new BackupSetError(
        `The backup cannot be used: ${error.message}. Nothing was changed; take another one.`,
        { cause: error },
      );
    throw error;
  }
}

interface Brought {
  readonly names: readonly string[];
  readonly madeAt: string;
}

async function fromStick(
  ports: BackupPorts,
  disk: DiskPort,
  task: StageTask,
  from: Extract<StageTask["from"], { kind: "stick" }>,
  progress: (share: number) => void,
): Promise<Brought> {
  const { files, madeAt } = await readBackup({
    medium: ports.medium(from.root),
    name: from.name,
    running: { product: task.product, schema: MIGRATIONS.length },
    progress,
    room: (bytes) => requireFree(disk, 2 * bytes),
    sink(name) {
      const path = stagedPath(name);
      disk.makeFolder(folderOf(path));
      const file = disk.create(path);
      return {
        write: (piece, at) => file.write([piece], at),
        end: () => file.sync(),
        close: () => file.close(),
      };
    },
  });
  return { names: files.map((file) => file.name), madeAt };
}

/** What the last restore replaced, as it was moved away. */
async function fromKept(ports: BackupPorts, disk: DiskPort, task: StageTask): Promise<Brought> {
  const kept = keptFolder(disk);
  if (kept === null)
    throw new BackupSetError("There is nothing to go back to: no restore was made here.");
  const from = join(task.dataFolder, kept);
  const names = filesBelow(disk, kept).filter((name) => !name.startsWith(DATABASE_FILE));
  requireFree(
    disk,
    2 * names.reduce((sum, name) => sum + (disk.size(`${kept}/${name}`) ?? 0), 0) +
      2 * (disk.size(`${kept}/${DATABASE_FILE}`) ?? 0),
  );
  copyDatabase(join(from, DATABASE_FILE), join(task.dataFolder, stagedPath(DATABASE_NAME)));
  const add = async (name: string, source: SourceFile) => {
    const path = stagedPath(name);
    disk.makeFolder(folderOf(path));
    const file = disk.create(path);
    try {
      const bytes = new Uint8Array(source.byteLength);
      source.read(bytes, 0);
      file.write([bytes], 0);
      await file.sync();
    } finally {
      file.close();
      source.close();
    }
  };
  for (const name of names) await add(name, ports.open(join(from, name)));
  if (!names.includes(CONFIGURATION_NAME)) {
    await add(CONFIGURATION_NAME, configurationSource(ports, join(from, CONFIGURATION_NAME)));
    names.push(CONFIGURATION_NAME);
  }
  const day = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)/.exec(kept.split("/").at(-1) ?? "");
  const madeAt = day === null ? "" : `${day[1]}T${day[2]}:${day[3]}:${day[4]}Z`;
  return { names: [DATABASE_NAME, ...names], madeAt };
}

function filesBelow(disk: DiskPort, folder: string): string[] {
  return disk.list(folder).flatMap((entry) => {
    if (!entry.folder) return [entry.name];
    return filesBelow(disk, `${folder}/${entry.name}`).map((name) => `${entry.name}/${name}`);
  });
}

async function commit(ports: BackupPorts, task: CommitTask): Promise<BackupAnswer> {
  const disk = ports.disk(task.dataFolder);
  const wanted = new Set(task.keyFiles.map((path) => keyFileName(task.dataFolder, path)));
  const files = task.files.filter(({ name }) => !name.startsWith(KEY_FILES) || wanted.has(name));
  const brought = new Set(files.map((file) => file.name));
  const lacking = task.keyFiles.filter((path) => {
    const name = keyFileName(task.dataFolder, path);
    return (name === null || !brought.has(name)) && !existsSync(path);
  });
  if (lacking.length > 0) {
    clearStaging(disk);
    throw new BackupSetError(
      `The configuration of the backup names files that are neither in it nor on this machine: ${lacking.join(", ")}. Put them there, then restore again; nothing was changed.`,
    );
  }
  await commitRestore(disk, files, task.keptName);
  return { type: "committed" };
}

// ---- both -------------------------------------------------------------------------------------------------

async function syncFile(disk: DiskPort, path: string): Promise<void> {
  const file = disk.open(path);
  try {
    await file.sync();
  } finally {
    file.close();
  }
  disk.syncFolder(folderOf(path));
}

function textOf(disk: DiskPort, path: string): string {
  const bytes = new Uint8Array(disk.size(path) ?? 0);
  disk.read(path, bytes, 0);
  return new TextDecoder().decode(bytes);
}

function teller<S extends string>(shared: SharedArrayBuffer, steps: readonly S[]) {
  const cells = new Int32Array(shared);
  return (step: S, share: number) => {
    Atomics.store(cells, STEP_CELL, steps.indexOf(step));
    Atomics.store(cells, PROGRESS_CELL, Math.floor(share * 1000));
  };
}

/** What went wrong, for the technician; null for what nobody foresaw. */
function wordsOf(error: unknown): string | null {
  if (
    error instanceof BackupSetError ||
    error instanceof SettingsSetError ||
    error instanceof StoreError
  )
    return error.message;
  if (error instanceof SourceError)
    return `A file of the device cannot be read (${error.message}). Call service.`;
  if (error instanceof DiskError)
    return error.full
      ? "The device's disk ran full. Delete sent studies, then try again; nothing was changed."
      : `The device's disk failed: ${error.message}. Call service; nothing was changed.`;
  return error instanceof MediumError ? mediumWords(error) : null;
}

function mediumWords({ fault, message }: MediumError): string {
  switch (fault) {
    case "full":
      return "The stick ran full. Take a larger one, or make room on it with a computer.";
    case "read-only":
      return "The stick is write-protected. Move its switch, or take another one.";
    case "gone":
      return "The stick was pulled out too early. Put it in again and begin anew; what was not finished on it does not count.";
    case "broken":
      return `The stick fails (${message}). Take another one.`;
    default:
      return unreachable(fault);
  }
}
