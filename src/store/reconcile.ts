// The start after whatever happened: files and rows are brought together again. Nothing is guessed
// and nothing vanishes: a complete file without a row gets its row, one that is not understood or not
// wanted any more goes into quarantine, a row whose file is gone or short is kept and no longer listed.
// A database that was restored, or begun anew, knows nothing of exams made since: their objects count as
// made here, so that none goes for space before an archive has committed it.

import type { ByteSource } from "../core/byte-source.ts";
import type { Log } from "../core/log.ts";
import { Tag } from "../dicom/dict/attributes.ts";
import { SopClassUid } from "../dicom/dict/uids.ts";
import type { RestoreNote } from "../model/backup.ts";
import type { Database } from "./database.ts";
import { RESTORE_NOTE, readRestoreNote } from "./database-copy.ts";
import type { DiskPort } from "./disk.ts";
import { readExams, saveSetting } from "./exam-table.ts";
import { type ReadHeader, recordsOfHeader } from "./header-records.ts";
import {
  forgetRemoval,
  isEmpty,
  isReceived,
  readFileRows,
  readPendingRemovals,
  saveInstance,
  saveSeries,
  saveStudy,
  setFileState,
} from "./instance-table.ts";
import type { ObjectFiles } from "./object-files.ts";
import { INCOMING, OBJECTS, objectPath, QUARANTINE } from "./object-path.ts";

/** Reads an object's header (dicom/io: readObjectHeader). @throws Error when it is none */
export type HeaderReader = (source: ByteSource) => Promise<
  ReadHeader & {
    readonly pixel: { readonly offset: number; readonly byteLength: number | null } | null;
  }
>;

export interface Reconciliation {
  /** Unfinished files that were removed. */
  readonly removedParts: number;
  /** Instances whose complete file had lost its row. */
  readonly adopted: readonly string[];
  /** Files moved into quarantine, by their path there. */
  readonly quarantined: readonly string[];
  /** Instances not readable any more. */
  readonly missing: readonly string[];
  /** Instances whose file is there again. */
  readonly found: readonly string[];
}

export async function reconcile(
  db: Database,
  files: ObjectFiles,
  readHeader: HeaderReader,
  nowMs: number,
  log: Log,
): Promise<Reconciliation> {
  const removedParts = removeParts(files.disk);
  finishRemovals(db, files);

  const onDisk = listObjects(files.disk);
  const restored = forgetful(db, onDisk.size);
  const known = new Set<string>();
  const missing: string[] = [];
  const found: string[] = [];
  let leftBehind = 0;
  // In one go: a restore on another disk misses every file there ever was.
  db.transaction(() => {
    for (const row of readFileRows(db)) {
      known.add(row.path);
      const bytes = onDisk.get(row.path) ?? null;
      const whole = bytes === row.fileBytes;
      if (!whole) missing.push(row.sopInstanceUid);
      if (whole === !row.missing) continue;
      setFileState(db, row.sopInstanceUid, whole ? "stored" : "missing");
      if (whole) found.push(row.sopInstanceUid);
      if (bytes === null && restored !== null) {
        leftBehind++;
        continue;
      }
      log[whole ? "info" : "error"](whole ? "object-found-again" : "object-missing", {
        sopInstanceUid: row.sopInstanceUid,
        path: row.path,
        wantedBytes: row.fileBytes,
        bytes,
      });
    }
  })();
  if (leftBehind > 0) log.warn("objects-not-restored", { count: leftBehind });

  const adopted: string[] = [];
  const quarantined: string[] = [];
  for (const [path, bytes] of onDisk) {
    if (known.has(path)) continue;
    const verdict = await adopt(db, files, path, bytes, readHeader, nowMs, restored !== null);
    if (verdict.kind === "adopted") {
      adopted.push(verdict.sopInstanceUid);
      log.warn("object-adopted", { sopInstanceUid: verdict.sopInstanceUid, path });
      continue;
    }
    const place = quarantine(files.disk, path);
    quarantined.push(place);
    if (verdict.kind === "made-anew") log.warn("report-set-aside", { path, place });
    else log.error("object-quarantined", { path, place, reason: verdict.reason });
  }
  if (restored !== null) saveSetting(db, RESTORE_NOTE, { ...restored, reconciled: true });
  if (removedParts > 0) log.info("unfinished-files-removed", { count: removedParts });
  return { removedParts, adopted, quarantined, missing, found };
}

/** What to note when this start is over, where the database does not know what was made here. */
function forgetful(db: Database, objects: number): RestoreNote | null {
  const note = readRestoreNote(db);
  if (note !== null) return note.reconciled ? null : note;
  if (objects === 0 || !isEmpty(db)) return null;
  const begun: RestoreNote = { restoredMs: 0, madeAt: "", reconciled: false };
  // Before the first object is taken in: a start that is cut off goes on as it began.
  saveSetting(db, RESTORE_NOTE, begun);
  return begun;
}

function removeParts(disk: DiskPort): number {
  const parts = disk.list(INCOMING).filter((e) => !e.folder);
  for (const { name } of parts) disk.remove(`${INCOMING}/${name}`);
  return parts.length;
}

/** Ends deletions whose rows are gone but whose files a power cut left. */
function finishRemovals(db: Database, files: ObjectFiles): void {
  const paths = readPendingRemovals(db);
  files.remove(paths);
  for (const path of paths) forgetRemoval(db, path);
}

/** Length of every file below the object folder, by its path there. */
function listObjects(disk: DiskPort): Map<string, number> {
  const found = new Map<string, number>();
  const walk = (folder: string) => {
    for (const { name, folder: isFolder } of disk.list(`${OBJECTS}${folder}`)) {
      const path = `${folder}/${name}`;
      if (isFolder) walk(path);
      else found.set(path.slice(1), disk.size(`${OBJECTS}${path}`) ?? 0);
    }
  };
  walk("");
  return found;
}

type Verdict =
  | { readonly kind: "adopted"; readonly sopInstanceUid: string }
  /** A dose report of an exam whose end was not recorded with it: the end makes another. */
  | { readonly kind: "made-anew" }
  | { readonly kind: "not-understood"; readonly reason: string };

async function adopt(
  db: Database,
  files: ObjectFiles,
  path: string,
  fileBytes: number,
  readHeader: HeaderReader,
  createdMs: number,
  isForgetful: boolean,
): Promise<Verdict> {
  const refuse = (reason: string): Verdict => ({ kind: "not-understood", reason });
  let header: Awaited<ReturnType<HeaderReader>>;
  try {
    header = await readHeader(diskSource(files.disk, files.pathOnDisk(path), fileBytes));
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const { pixel } = header;
  if (pixel !== null && pixel.byteLength === null) return refuse("its pixels are compressed");
  const end = pixel === null ? fileBytes : pixel.offset + (pixel.byteLength ?? 0);
  if (end > fileBytes) return refuse(`it has ${fileBytes} bytes, its header asks for ${end}`);
  const study = header.dataSet.string(Tag.StudyInstanceUID) ?? "";
  const exams = readExams(db, { studyInstanceUid: study });
  const series = header.dataSet.string(Tag.SeriesInstanceUID);
  // Series of images are recorded before them, those of reports with them.
  const owner = exams.find((e) => e.series.some((s) => s.seriesInstanceUid === series));
  const isReport =
    header.dataSet.string(Tag.SOPClassUID) === SopClassUid.XRayRadiationDoseSrStorage;
  if (isReport && owner === undefined && exams.some((e) => e.state === "open"))
    return { kind: "made-anew" };
  const exam = owner ?? (exams.length === 1 ? exams[0] : undefined);
  const records = recordsOfHeader(header, {
    createdMs,
    examId: exam?.id ?? null,
    local: exams.length > 0 || (isForgetful && !isReceived(db, study)),
  });
  if (records === null) return refuse("it lacks a UID");
  const { instance } = records;
  if (objectPath(instance.studyInstanceUid, instance.sopInstanceUid) !== path)
    return refuse("its name is not that of its UIDs");
  db.transaction(() => {
    saveStudy(db, records.study, createdMs);
    saveSeries(db, records.series);
    saveInstance(db, {
      ...instance,
      path,
      fileBytes,
      pixelOffset: pixel?.offset ?? 0,
      pixelBytes: pixel?.byteLength ?? 0,
    });
  })();
  return { kind: "adopted", sopInstanceUid: instance.sopInstanceUid };
}

/** Moves a file out of the way under a name that is free. */
function quarantine(disk: DiskPort, path: string): string {
  disk.makeFolder(QUARANTINE);
  const name = path.replaceAll("/", "_");
  const taken = new Set(disk.list(QUARANTINE).map((e) => e.name));
  let place = name;
  for (let n = 1; taken.has(place); n++) place = `${name}.${n}`;
  disk.rename(`${OBJECTS}/${path}`, `${QUARANTINE}/${place}`);
  disk.syncFolder(QUARANTINE);
  return `${QUARANTINE}/${place}`;
}

/** An object file read in place, through the same disk as it was written. */
export function diskSource(disk: DiskPort, path: string, byteLength: number): ByteSource {
  return {
    byteLength,
    async readInto(into, offset) {
      let at = offset;
      for (const view of into) {
        disk.read(path, view, at);
        at += view.byteLength;
      }
    },
    async close() {},
  };
}
