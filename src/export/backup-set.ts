// A backup on a medium: its files, each synced and read back, and the manifest with their checksums, written
// last. What has no manifest was not finished. Whoever reads one trusts nothing of it: names are of a few
// kinds, lengths and checksums are compared with what comes from the medium.

import { createHash } from "node:crypto";
import { z } from "zod";
import { piecesOf } from "../core/pieces.ts";
import { MediumError, type MediumFiles } from "../hal/media/medium-files.ts";
import type { BackupFile, BackupManifest, ListedBackup } from "../model/backup.ts";
import { TEMPORARY } from "./medium-paths.ts";
import type { SourceFile } from "./source-files.ts";
import { FAT_FILE_BYTES_MAX, sizeText } from "./space.ts";
import { writeWhole } from "./write-whole.ts";

/** In this folder of a stick the backups lie, a folder each. */
export const BACKUP_FOLDER = "udr-backup";
export const MANIFEST_FILE = "manifest.json";
export const DATABASE_NAME = "database.sqlite";
export const CONFIGURATION_NAME = "config.json";
/** Before the names of certificates and keys. */
export const KEY_FILES = "files/";
export const CALIBRATION_FILES = "calibration/";

/** The largest cluster of a FAT volume, which every file wastes a part of. */
const CLUSTER_BYTES = 64 * 1024;
/** Folders and the manifest. */
const FIXED_BYTES = 1024 * 1024;
const MANIFEST_BYTES_MAX = 256 * 1024;
/** Three kinds of maps, in use and previous, of every mode of some panels. */
const FILES_MAX = 500;
/** Folders looked at; the newest of them. */
const LISTED_MAX = 100;

const BACKUP_NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(-\d{1,3})?$/;
const PART = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}";
const FILE_NAME = new RegExp(
  `^(database\\.sqlite|config\\.json|calibration/[0-9a-f]{32}\\.raw|files(/${PART}){1,8})$`,
);

/** True for a name that a backup may carry below {@link KEY_FILES}. */
export const isKeyFileName = (name: string): boolean =>
  FILE_NAME.test(name) && name.startsWith(KEY_FILES);

const manifestSchema = z.object({
  format: z.literal(1),
  product: z.string().max(64),
  version: z.string().max(64),
  serialNumber: z.string().max(64),
  stationName: z.string().max(64),
  institutionName: z.string().max(64),
  madeAt: z.iso.datetime(),
  schema: z.number().int().positive(),
  readableFromSchema: z.number().int().positive(),
  files: z
    .array(
      z.object({
        name: z.string().regex(FILE_NAME),
        bytes: z.number().int().min(0).max(FAT_FILE_BYTES_MAX),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(FILES_MAX)
    .refine((files) => {
      const names = new Set(files.map((file) => file.name.toLowerCase()));
      return names.size === files.length;
    })
    .refine((files) =>
      [DATABASE_NAME, CONFIGURATION_NAME].every((name) => files.some((f) => f.name === name)),
    ),
  leftOut: z.array(z.string().max(4096)).max(FILES_MAX),
});

/** The backup cannot be made or used; the message is for the technician. */
export class BackupSetError extends Error {
  override readonly name = "BackupSetError";
}

/** What a backup must fit to be restored here. */
export interface RunningProgram {
  readonly product: string;
  /** Steps of the database that this program knows. */
  readonly schema: number;
}

export const backupPath = (name: string): string => `${BACKUP_FOLDER}/${name}`;

/** The name, or with a number behind it where that folder is there already. @throws MediumError */
export function freeName(medium: MediumFiles, name: string): string {
  const taken = new Set(medium.list(BACKUP_FOLDER).map((entry) => entry.name));
  let free = name;
  for (let n = 2; taken.has(free); n++) free = `${name}-${n}`;
  return free;
}

// ---- writing ----------------------------------------------------------------------------------------

export interface NamedSource {
  readonly name: string;
  readonly source: SourceFile;
}

export interface WriteBackup {
  readonly medium: MediumFiles;
  readonly name: string;
  readonly files: readonly NamedSource[];
  readonly manifest: Omit<BackupManifest, "format" | "files">;
  /** Share of the step, 0 to 1. */
  readonly progress: (step: "writing" | "reading-back", share: number) => void;
}

/** Writes a backup and reads it back. @throws BackupSetError, MediumError, SourceError */
export async function writeBackup(parts: WriteBackup): Promise<BackupManifest> {
  const { medium, name, files } = parts;
  requireRoom(medium, files);
  const folder = backupPath(name);
  for (const path of foldersOf(folder, files)) medium.makeFolder(path);
  const totalBytes = files.reduce((sum, { source }) => sum + source.byteLength, 0);
  const counted = (step: "writing" | "reading-back") => {
    let done = 0;
    return (bytes: number) => {
      done += bytes;
      parts.progress(step, Math.min(1, done / Math.max(1, totalBytes)));
    };
  };
  const written: BackupFile[] = [];
  const wrote = counted("writing");
  for (const file of files) written.push(await writeFile(medium, folder, file, wrote));
  for (const path of foldersOf(folder, files).reverse()) medium.syncFolder(path);
  medium.syncFolder("");

  const read = counted("reading-back");
  for (const file of written) {
    const back = hashOnMedium(medium, `${folder}/${file.name}`, file.bytes, read);
    if (back !== file.sha256)
      throw new MediumError(`${file.name} reads back different from what was written`, "broken");
  }
  const manifest: BackupManifest = { format: 1, ...parts.manifest, files: written };
  const path = `${folder}/${MANIFEST_FILE}`;
  const bytes = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  await writeWhole(medium, [{ path: path + TEMPORARY, bytes }]);
  medium.rename(path + TEMPORARY, path);
  medium.syncFolder(folder);
  return manifest;
}

/** Takes away a backup that was not finished. @throws MediumError */
export function discardBackup(medium: MediumFiles, name: string): void {
  // The manifest first: what is half gone must not look whole.
  for (const end of ["", TEMPORARY]) medium.remove(`${backupPath(name)}/${MANIFEST_FILE}${end}`);
  const clear = (folder: string) => {
    for (const entry of medium.list(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.folder) clear(path);
      else medium.remove(path);
    }
    medium.removeEmptyFolder(folder);
  };
  clear(backupPath(name));
  medium.removeEmptyFolder(BACKUP_FOLDER);
}

function requireRoom(medium: MediumFiles, files: readonly NamedSource[]): void {
  let neededBytes = FIXED_BYTES;
  for (const { name, source } of files) {
    if (source.byteLength > FAT_FILE_BYTES_MAX)
      throw new BackupSetError(
        `${name} has ${sizeText(source.byteLength)}; a stick (FAT32) holds files of 4.2 GB at most. Delete old studies, then back up again.`,
      );
    neededBytes += Math.ceil((source.byteLength + 1) / CLUSTER_BYTES) * CLUSTER_BYTES;
  }
  const freeBytes = medium.freeBytes();
  if (neededBytes > freeBytes)
    throw new BackupSetError(
      `The stick has ${sizeText(freeBytes)} free, ${sizeText(neededBytes)} are needed. Take a larger one, or make room on it with a computer.`,
    );
}

/** The backup's folder and those below it, from the top down. */
function foldersOf(folder: string, files: readonly NamedSource[]): string[] {
  const folders = new Set([BACKUP_FOLDER, folder]);
  for (const { name } of files) {
    const parts = name.split("/").slice(0, -1);
    parts.forEach((_, i) => {
      folders.add(`${folder}/${parts.slice(0, i + 1).join("/")}`);
    });
  }
  return [...folders];
}

async function writeFile(
  medium: MediumFiles,
  folder: string,
  { name, source }: NamedSource,
  count: (bytes: number) => void,
): Promise<BackupFile> {
  const hash = createHash("sha256");
  const file = medium.create(`${folder}/${name}`);
  try {
    for (const { piece, at } of piecesOf(source.byteLength)) {
      source.read(piece, at);
      hash.update(piece);
      file.write([piece], at);
      count(piece.byteLength);
    }
    await file.sync();
  } finally {
    file.close();
  }
  return { name, bytes: source.byteLength, sha256: hash.digest("hex") };
}

// ---- reading ----------------------------------------------------------------------------------------

/** The backups of a medium, the newest first. @throws MediumError */
export function listBackups(medium: MediumFiles, running: RunningProgram): ListedBackup[] {
  return medium
    .list(BACKUP_FOLDER)
    .filter((entry) => entry.folder && BACKUP_NAME.test(entry.name))
    .map((entry) => entry.name)
    .sort()
    .reverse()
    .slice(0, LISTED_MAX)
    .map((name) => listed(medium, name, running));
}

function listed(medium: MediumFiles, name: string, running: RunningProgram): ListedBackup {
  try {
    const manifest = readManifest(medium, name);
    const { madeAt, version, stationName, serialNumber, files } = manifest;
    const reason = misfit(manifest, running) ?? incompleteness(medium, name, files);
    return {
      name,
      madeAt,
      version,
      stationName,
      serialNumber,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      usable: reason === null,
      ...(reason === null ? {} : { reason }),
    };
  } catch (error) {
    if (!(error instanceof BackupSetError)) throw error;
    return { name, usable: false, reason: error.message };
  }
}

/** @throws BackupSetError when there is none or it cannot be understood, MediumError */
export function readManifest(medium: MediumFiles, name: string): BackupManifest {
  const path = `${backupPath(name)}/${MANIFEST_FILE}`;
  const byteLength = BACKUP_NAME.test(name) ? medium.size(path) : null;
  if (byteLength === null)
    throw new BackupSetError(
      `The backup ${name} was not finished, or is not there. Take another one.`,
    );
  if (byteLength > MANIFEST_BYTES_MAX) throw notUnderstood(name);
  const bytes = new Uint8Array(byteLength);
  medium.read(path, bytes, 0);
  try {
    return manifestSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw notUnderstood(name, cause);
  }
}

function notUnderstood(name: string, cause?: unknown): BackupSetError {
  return new BackupSetError(
    `${MANIFEST_FILE} of the backup ${name} cannot be understood. Take another backup.`,
    { cause },
  );
}

/** Why this program cannot use the backup, in words; null: it can. */
export function misfit(manifest: BackupManifest, running: RunningProgram): string | null {
  if (manifest.product !== running.product)
    return `It is the backup of a ${manifest.product}; this device is a ${running.product}.`;
  if (manifest.readableFromSchema > running.schema)
    return `It was made by the newer version ${manifest.version} (database ${manifest.schema}, readable from ${manifest.readableFromSchema}; this version knows ${running.schema}). Update this device first, then restore it.`;
  return null;
}

function incompleteness(
  medium: MediumFiles,
  name: string,
  files: readonly BackupFile[],
): string | null {
  const wrong = files.find((f) => medium.size(`${backupPath(name)}/${f.name}`) !== f.bytes);
  return wrong === undefined
    ? null
    : `Its file ${wrong.name} is gone or has another length. Take another backup.`;
}

export interface ReadBackup {
  readonly medium: MediumFiles;
  readonly name: string;
  readonly running: RunningProgram;
  /** Asked before anything is read. @throws BackupSetError when so many bytes have no place */
  readonly room: (bytes: number) => void;
  /** Takes a file's bytes, in order; the file is whole when `end` was called. */
  readonly sink: (name: string) => {
    write(piece: Uint8Array, at: number): void;
    end(): Promise<void>;
    close(): void;
  };
  readonly progress: (share: number) => void;
}

/** Copies a backup out, each file checked against the manifest. @throws BackupSetError, MediumError */
export async function readBackup(parts: ReadBackup): Promise<BackupManifest> {
  const { medium, name, running, sink } = parts;
  const manifest = readManifest(medium, name);
  const reason = misfit(manifest, running) ?? incompleteness(medium, name, manifest.files);
  if (reason !== null) throw new BackupSetError(reason);
  const totalBytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  parts.room(totalBytes);
  let done = 0;
  for (const file of manifest.files) {
    const out = sink(file.name);
    try {
      const path = `${backupPath(name)}/${file.name}`;
      const sha256 = hashOnMedium(
        medium,
        path,
        file.bytes,
        (bytes) => {
          done += bytes;
          parts.progress(Math.min(1, done / Math.max(1, totalBytes)));
        },
        (piece, at) => out.write(piece, at),
      );
      if (sha256 !== file.sha256)
        throw new BackupSetError(
          `${file.name} of the backup ${name} is damaged: its checksum is not that of the manifest. Take another backup; nothing was changed here.`,
        );
      await out.end();
    } finally {
      out.close();
    }
  }
  return manifest;
}

/** Read from the medium, not from memory. @throws MediumError when it is shorter */
function hashOnMedium(
  medium: MediumFiles,
  path: string,
  byteLength: number,
  count: (bytes: number) => void,
  use: (piece: Uint8Array, at: number) => void = () => {},
): string {
  medium.forget(path);
  const hash = createHash("sha256");
  for (const { piece, at } of piecesOf(byteLength)) {
    medium.read(path, piece, at);
    hash.update(piece);
    use(piece, at);
    count(piece.byteLength);
  }
  return hash.digest("hex");
}
