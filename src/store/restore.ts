// A restore is staged in a folder of its own and taken up by the next start, before anything is opened. The
// plan is its record: written last when everything is staged, removed last when everything is in place. A
// power cut at any moment leaves no plan, and everything is as it was, or the plan, and the next start goes
// on. What is replaced is moved into a folder with a date, the one of the restore before makes room.

import { z } from "zod";
import type { Log } from "../core/log.ts";
import { piecesOf } from "../core/pieces.ts";
import type { BackupFile } from "../model/backup.ts";
import { CALIBRATION } from "./calibration-files.ts";
import { DiskError, type DiskPort } from "./disk.ts";
import { DATABASE_FILE, folderOf } from "./object-path.ts";
import { StoreError } from "./store-error.ts";
import { PART, writeWholeFile } from "./whole-file.ts";

/** What SQLite keeps beside it; the log belongs to it. */
const DATABASE_LOG = `${DATABASE_FILE}-wal`;
const DATABASE_INDEX = `${DATABASE_FILE}-shm`;

/** A copy on its way to a stick. */
export const COPY = "backup-in-work";
const RESTORE = "restore-in-work";
const STAGED = `${RESTORE}/staged`;
const PLAN = `${RESTORE}/plan.json`;
/** Here lies what the last restore replaced, in a folder with its date. */
export const KEPT = "before-restore";
/** The plan, or a configuration. */
const SMALL_BYTES_MAX = 1024 * 1024;

/** Names of a backup's files, as they are staged and kept. */
const CONFIGURATION_NAME = "config.json";
const KEY_FILES = "files/";
/** What the device itself keeps below its folder: no certificate or key may lie there. */
const OWN_NAMES =
  /^(database\.sqlite|config\.json|device\.lock|objects|incoming|unasked|quarantine|calibration|backup-in-work|restore-in-work|before-restore|discs|updates)/i;

const planSchema = z.object({
  /** staged: nothing was touched; moving: the old is being moved away; replacing: the new is written. */
  phase: z.enum(["staged", "moving", "replacing"]),
  keptName: z.string().regex(/^[\w-]{1,64}$/),
  files: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string() })),
});
type Plan = z.infer<typeof planSchema>;

export type TakeUp =
  | { readonly kind: "none" }
  | { readonly kind: "restored"; readonly kept: string }
  /** What was staged does not fit its checksums any more; everything is as it was. */
  | { readonly kind: "given-up"; readonly reason: string };

/** Where the configuration lies: in the data folder, or wherever it was named. */
export interface ConfigurationPlace {
  readonly disk: () => DiskPort;
  /** Of the file on that disk. */
  readonly path: string;
}

// ---- staging ------------------------------------------------------------------------------------------

export const stagedPath = (name: string): string => `${STAGED}/${name}`;

/** Where a certificate or key of a backup lies in the data folder; null where none may. */
export function keyFilePlace(name: string): string | null {
  const place = name.slice(KEY_FILES.length);
  return name.startsWith(KEY_FILES) && !OWN_NAMES.test(place) ? place : null;
}

/** Removes what is staged, and the plan before it. @throws DiskError */
export function clearStaging(disk: DiskPort): void {
  disk.remove(PLAN);
  disk.syncFolder(RESTORE);
  removeTree(disk, RESTORE);
  removeTree(disk, COPY);
}

/** An empty place for staged files. @throws DiskError */
export function beginStaging(disk: DiskPort): void {
  clearStaging(disk);
  disk.makeFolder(STAGED);
}

/** Makes staged and synced files the data of the next start. @throws DiskError */
export async function commitRestore(
  disk: DiskPort,
  files: readonly BackupFile[],
  keptName: string,
): Promise<void> {
  for (const folder of new Set(files.map((file) => folderOf(stagedPath(file.name)))))
    disk.syncFolder(folder);
  disk.syncFolder(STAGED);
  await writePlan(disk, {
    phase: "staged",
    keptName,
    files: files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
  });
}

/** Folder of what the last restore replaced, files named as in a backup; null when there is none. */
export function keptFolder(disk: DiskPort): string | null {
  const name = disk
    .list(KEPT)
    .flatMap((entry) => (entry.folder ? [entry.name] : []))
    .sort()
    .at(-1);
  return name === undefined ? null : `${KEPT}/${name}`;
}

// ---- taking up ------------------------------------------------------------------------------------------

/**
 * Called at every start before configuration and database are read.
 * @throws StoreError when a restore that was begun cannot be finished; the next start tries again
 */
export async function takeUpRestore(
  disk: DiskPort,
  configuration: ConfigurationPlace,
  log: Log,
): Promise<TakeUp> {
  try {
    const plan = readPlan(disk);
    if (plan === null) {
      clearStaging(disk);
      return { kind: "none" };
    }
    return await takeUp(disk, configuration, plan, log);
  } catch (cause) {
    if (!(cause instanceof DiskError)) throw cause;
    throw new StoreError(
      `the restore cannot be finished: ${cause.message}; ${cause.full ? "free some space" : "check the disk"} and start again, it goes on then`,
      { cause },
    );
  }
}

async function takeUp(
  disk: DiskPort,
  configuration: ConfigurationPlace,
  plan: Plan,
  log: Log,
): Promise<TakeUp> {
  const kept = `${KEPT}/${plan.keptName}`;
  if (plan.phase === "staged") {
    // The last look before anything is touched.
    const damaged = plan.files.find((file) => !isWhole(disk, file));
    if (damaged !== undefined) {
      clearStaging(disk);
      const reason = `${damaged.name} is not what was staged`;
      log.error("restore-given-up", { reason });
      return { kind: "given-up", reason };
    }
    await writePlan(disk, { ...plan, phase: "moving" });
  }
  if (plan.phase !== "replacing") {
    await moveAway(disk, configuration, plan, kept);
    await writePlan(disk, { ...plan, phase: "replacing" });
  }
  for (const file of plan.files) await replace(disk, configuration, file);
  clearStaging(disk);
  log.warn("restored", { count: plan.files.length, path: kept });
  return { kind: "restored", kept };
}

/** May be repeated: what has been moved is there, what has not is moved now. */
async function moveAway(
  disk: DiskPort,
  configuration: ConfigurationPlace,
  plan: Plan,
  kept: string,
): Promise<void> {
  for (const entry of disk.list(KEPT))
    if (`${KEPT}/${entry.name}` !== kept) removeTree(disk, `${KEPT}/${entry.name}`);
  const move = (from: string, name: string) => {
    if (disk.size(from) === null) return;
    const to = `${kept}/${name}`;
    disk.makeFolder(folderOf(to));
    disk.rename(from, to);
    disk.syncFolder(folderOf(to));
    disk.syncFolder(folderOf(from));
  };
  disk.makeFolder(kept);
  // The log goes with its database, never beside another.
  move(DATABASE_LOG, DATABASE_LOG);
  move(DATABASE_FILE, DATABASE_FILE);
  disk.remove(DATABASE_INDEX);
  for (const { name, folder } of disk.list(CALIBRATION))
    if (!folder) move(`${CALIBRATION}/${name}`, `${CALIBRATION}/${name}`);
  for (const { name } of plan.files) {
    const place = keyFilePlace(name);
    if (place !== null) move(place, name);
  }
  // Copied: it may lie on another file system, and is small.
  const bytes = readWhole(configuration.disk(), configuration.path);
  if (bytes !== null) await writeWholeFile(disk, `${kept}/${CONFIGURATION_NAME}`, bytes);
  disk.syncFolder("");
}

/** Copies a staged file to its place: staged it stays until everything is in place. */
async function replace(
  disk: DiskPort,
  configuration: ConfigurationPlace,
  file: BackupFile,
): Promise<void> {
  if (file.name === CONFIGURATION_NAME) {
    const bytes = readWhole(disk, stagedPath(file.name));
    if (bytes !== null) await writeWholeFile(configuration.disk(), configuration.path, bytes);
    return;
  }
  const place = file.name.startsWith(KEY_FILES) ? keyFilePlace(file.name) : file.name;
  if (place === null) return;
  const folder = folderOf(place);
  disk.makeFolder(folder);
  disk.remove(place + PART);
  const out = disk.create(place + PART);
  try {
    for (const { piece, at } of readPieces(disk, stagedPath(file.name), file.bytes))
      out.write([piece], at);
    await out.sync();
  } finally {
    out.close();
  }
  disk.rename(place + PART, place);
  disk.syncFolder(folder);
}

// ---- the plan and its files ---------------------------------------------------------------------------

function readPlan(disk: DiskPort): Plan | null {
  const bytes = readWhole(disk, PLAN);
  if (bytes === null) return null;
  try {
    return planSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new StoreError(
      `${PLAN} in the data folder cannot be understood; call service: with it removed the device starts as it is`,
      { cause },
    );
  }
}

async function writePlan(disk: DiskPort, plan: Plan): Promise<void> {
  await writeWholeFile(disk, PLAN, new TextEncoder().encode(JSON.stringify(plan)));
}

function isWhole(disk: DiskPort, { name, bytes, sha256 }: BackupFile): boolean {
  const path = stagedPath(name);
  if (disk.size(path) !== bytes) return false;
  return hashOf(disk, path, bytes) === sha256;
}

/** SHA-256, hexadecimal. @throws DiskError */
export function hashOf(disk: DiskPort, path: string, byteLength: number): string {
  const hash = new Bun.CryptoHasher("sha256");
  for (const { piece } of readPieces(disk, path, byteLength)) hash.update(piece);
  return hash.digest("hex");
}

/** The file's bytes, in order. */
function* readPieces(disk: DiskPort, path: string, byteLength: number) {
  for (const { piece, at } of piecesOf(byteLength)) {
    disk.read(path, piece, at);
    yield { piece, at };
  }
}

/** Null when it is not there. */
function readWhole(disk: DiskPort, path: string): Uint8Array | null {
  const size = disk.size(path);
  if (size === null) return null;
  if (size > SMALL_BYTES_MAX) throw new DiskError(`${path} is longer than it can be`, false);
  const bytes = new Uint8Array(size);
  disk.read(path, bytes, 0);
  return bytes;
}

function removeTree(disk: DiskPort, folder: string): void {
  for (const entry of disk.list(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.folder) removeTree(disk, path);
    else disk.remove(path);
  }
  disk.removeEmptyFolder(folder);
}
