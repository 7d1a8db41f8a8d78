// Makes objects durable: file, then row, then the answer. Three ways in: a whole object from memory,
// a run that is written while it is acquired, a file that was received. All end in the same step.

import { assert } from "../core/assert.ts";
import type { InstanceRecord } from "../model/instance.ts";
import { applyChange } from "./changes.ts";
import { type Database, isDatabaseError, isDatabaseFull } from "./database.ts";
import { DiskError } from "./disk.ts";
import {
  hasLocalInstance,
  readInstance,
  saveInstance,
  saveSeries,
  saveStudy,
} from "./instance-table.ts";
import type { DiskFull, ObjectFiles, PartFile } from "./object-files.ts";
import { objectPath } from "./object-path.ts";
import { padHeader } from "./pad-header.ts";
import type { Change, SeriesRecord, StudyRecord } from "./records.ts";
import { StoreError } from "./store-error.ts";

/** Room for a run's header, a multiple of the disk's block: 64 KiB hold a header of 2,000 elements. */
export const RUN_HEADER_BYTES = 64 * 1024;
/**
 * Files of runs being written at a time. The parts of a run all stay open until its end, when dose and
 * times are known: 15 minutes of 30 frames/s of 4 MB make 51 parts of 2 GiB, and a run may end while
 * the next begins.
 */
export const RUNS_MAX = 128;

/** What the caller knows of an instance; path and lengths are the store's. */
export type NewInstance = Omit<InstanceRecord, "path" | "fileBytes" | "pixelOffset" | "pixelBytes">;

/** Pixel bytes: a piece of the one shared memory, bytes sent along, or none. */
export type PixelRef =
  | { readonly kind: "memory"; readonly offset: number; readonly byteLength: number }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "none" };

/** The rows of an object and what else changes in the same transaction. */
export interface ObjectRows {
  readonly instance: NewInstance;
  readonly series: SeriesRecord;
  readonly study: StudyRecord;
  readonly changes?: readonly Change[] | undefined;
}

export interface ObjectWrite extends ObjectRows {
  /** Preamble to Pixel Data's length (PS3.10 §7), as dicom/io encodes it. */
  readonly header: Uint8Array;
  readonly pixels: PixelRef;
  /** What radiation left, picture or dose: the space kept free is there for it. */
  readonly fromReserve?: boolean | undefined;
}

export interface RunBegin {
  readonly sopInstanceUid: string;
  /** Bytes expected, for the check of free space. */
  readonly expectedBytes: number;
}

export interface RunFinish extends ObjectRows {
  readonly runId: number;
  /** Its own length may be anything that leaves room for the padding below RUN_HEADER_BYTES. */
  readonly header: Uint8Array;
  /** For the padding's Private Information Creator UID: our implementation class UID. */
  readonly creatorUid: string;
}

export interface IncomingCommit extends ObjectRows {
  /** As `reserveIncoming` gave it; written and closed. */
  readonly partPath: string;
  readonly pixelOffset: number;
  readonly pixelBytes: number;
}

/** A small object that was received as a whole. */
export interface WholeCommit extends ObjectRows {
  /** The Part 10 file. */
  readonly bytes: Uint8Array;
  readonly pixelOffset: number;
  readonly pixelBytes: number;
}

/** A file that was received and that nobody asked for. */
export interface UnaskedCommit {
  /** As `reserveIncoming` gave it; written and closed. */
  readonly partPath: string;
  readonly sopInstanceUid: string;
  /** Epoch ms. */
  readonly receivedMs: number;
}

export type WriteOutcome =
  | { readonly kind: "stored"; readonly record: InstanceRecord }
  /** An instance of that UID is here and stays as it is. */
  | { readonly kind: "exists"; readonly record: InstanceRecord }
  | DiskFull;

export type BeginOutcome = { readonly kind: "begun"; readonly runId: number } | DiskFull;
export type AppendOutcome = { readonly kind: "written"; readonly pixelBytes: number } | DiskFull;

interface Run {
  readonly part: PartFile;
  readonly sopInstanceUid: string;
  pixelBytes: number;
}

export class ObjectWriter {
  readonly #db: Database;
  readonly #files: ObjectFiles;
  readonly #memory: ArrayBufferLike | null;
  readonly #runs = new Map<number, Run>();
  #nextRun = 1;

  /** `memory` is the shared memory that pixel references of kind "memory" point into. */
  constructor(db: Database, files: ObjectFiles, memory: ArrayBufferLike | null) {
    this.#db = db;
    this.#files = files;
    this.#memory = memory;
  }

  /** Writes a whole object. When it answers "stored", a power cut can't take it away. @throws StoreError */
  async write(object: ObjectWrite): Promise<WriteOutcome> {
    const pixels = this.#view(object.pixels);
    const views = [object.header, pixels];
    if (pixels.byteLength % 2 === 1) views.push(new Uint8Array(1));
    const fileBytes = views.reduce((sum, v) => sum + v.byteLength, 0);
    if (object.pixels.kind !== "none")
      assertPixelLength(object.header, fileBytes - object.header.byteLength);
    const act = async () => {
      const part = this.#files.createPart(object.instance.sopInstanceUid);
      return this.#orAbandon(part, async () => {
        part.write(views, 0);
        return this.#publish(part, object, {
          pixelOffset: pixels.byteLength === 0 ? 0 : object.header.byteLength,
          pixelBytes: pixels.byteLength,
        });
      });
    };
    return this.#guarded(fileBytes, object.instance.sopInstanceUid, act, object.fromReserve);
  }

  /** Begins an object whose pixels come in pieces. @throws StoreError */
  async beginRun(begin: RunBegin): Promise<BeginOutcome> {
    assert(this.#runs.size < RUNS_MAX, `more than ${RUNS_MAX} runs are being written`);
    return this.#guarded(begin.expectedBytes + RUN_HEADER_BYTES, null, async () => {
      const part = this.#files.createPart(begin.sopInstanceUid);
      return this.#orAbandon(part, async () => {
        // Takes the header's blocks now: a run on a disk that filled up can still be ended.
        part.write([new Uint8Array(RUN_HEADER_BYTES)], 0);
        const runId = this.#nextRun++;
        this.#runs.set(runId, { part, sopInstanceUid: begin.sopInstanceUid, pixelBytes: 0 });
        return { kind: "begun", runId };
      });
    });
  }

  /**
   * Writes the next bytes of a run; "written" is not yet durable. When space ran out, what came
   * before still stands: the run can be finished with it. @throws StoreError
   */
  async appendRun(runId: number, pixels: PixelRef): Promise<AppendOutcome> {
    const run = this.#run(runId);
    const view = this.#view(pixels);
    return this.#guarded(view.byteLength, null, async () => {
      run.part.write([view], RUN_HEADER_BYTES + run.pixelBytes);
      run.pixelBytes += view.byteLength;
      return { kind: "written", pixelBytes: run.pixelBytes };
    });
  }

  /** Puts the header in front and makes the object durable. @throws StoreError */
  async finishRun(finish: RunFinish): Promise<WriteOutcome> {
    const run = this.#run(finish.runId);
    assert(
      finish.instance.sopInstanceUid === run.sopInstanceUid,
      "a run ends with the UID it began with",
    );
    const odd = run.pixelBytes % 2;
    assertPixelLength(finish.header, run.pixelBytes + odd);
    const header = padHeader(finish.header, RUN_HEADER_BYTES, finish.creatorUid);
    assert(header !== null, "the header fits the room left for it");
    this.#runs.delete(finish.runId);
    return this.#guarded(0, run.sopInstanceUid, () =>
      this.#orAbandon(run.part, async () => {
        run.part.truncate(RUN_HEADER_BYTES + run.pixelBytes);
        if (odd === 1) run.part.write([new Uint8Array(1)], RUN_HEADER_BYTES + run.pixelBytes);
        run.part.write([header], 0);
        return this.#publish(run.part, finish, {
          pixelOffset: RUN_HEADER_BYTES,
          pixelBytes: run.pixelBytes,
        });
      }),
    );
  }

  /** Drops a run; nothing of it stays. */
  abandonRun(runId: number): void {
    this.#run(runId).part.abandon();
    this.#runs.delete(runId);
  }

  /** Makes a file durable that was received under a passing name. @throws StoreError */
  async commitIncoming(incoming: IncomingCommit): Promise<WriteOutcome> {
    return this.#guarded(0, null, async () => {
      const part = this.#files.openPart(incoming.partPath);
      return this.#orAbandon(part, () => this.#publish(part, incoming, incoming));
    });
  }

  /** Writes a received object and makes it durable, in one step. @throws StoreError */
  async commitWhole(whole: WholeCommit): Promise<WriteOutcome> {
    const { sopInstanceUid } = whole.instance;
    return this.#guarded(whole.bytes.byteLength, sopInstanceUid, async () => {
      const part = this.#files.createPart(sopInstanceUid);
      return this.#orAbandon(part, async () => {
        part.write([whole.bytes], 0);
        return this.#publish(part, whole, whole);
      });
    });
  }

  /** Keeps a received file durably, without a row: nothing will list it. @throws StoreError */
  async commitUnasked(unasked: UnaskedCommit): Promise<{ readonly kind: "kept" } | DiskFull> {
    const { partPath, sopInstanceUid, receivedMs } = unasked;
    return this.#guarded(0, sopInstanceUid, async () => {
      const part = this.#files.openPart(partPath);
      return this.#orAbandon(part, async () => {
        await part.sync();
        this.#files.unasked.keep(part, sopInstanceUid, receivedMs);
        return { kind: "kept" } as const;
      });
    });
  }

  /** Drops every run in hand, at the end of the process. */
  close(): void {
    for (const runId of [...this.#runs.keys()]) this.abandonRun(runId);
  }

  async #publish(
    part: PartFile,
    rows: ObjectRows,
    pixel: { readonly pixelOffset: number; readonly pixelBytes: number },
  ): Promise<WriteOutcome> {
    await part.sync();
    // From here to the answer nothing waits, so no other request comes between.
    const { sopInstanceUid, studyInstanceUid } = rows.instance;
    const there = readInstance(this.#db, sopInstanceUid);
    if (there !== null) {
      part.abandon();
      return { kind: "exists", record: there };
    }
    const path = objectPath(studyInstanceUid, sopInstanceUid);
    const record: InstanceRecord = {
      ...rows.instance,
      path,
      fileBytes: part.byteLength,
      pixelOffset: pixel.pixelOffset,
      pixelBytes: pixel.pixelBytes,
    };
    try {
      part.publish(this.#files.pathOnDisk(path));
      this.#db.transaction(() => {
        // What an archive says of a study made here changes nothing in what is shown of it.
        if (record.local || !hasLocalInstance(this.#db, studyInstanceUid))
          saveStudy(this.#db, rows.study, record.createdMs);
        saveSeries(this.#db, rows.series);
        saveInstance(this.#db, record);
        for (const change of rows.changes ?? []) applyChange(this.#db, change);
      })();
    } catch (error) {
      this.#dropUnlisted(path);
      throw error;
    }
    return { kind: "stored", record };
  }

  /** Not acknowledged: without its row the file would come back at the next start. */
  #dropUnlisted(path: string): void {
    try {
      this.#files.remove([path]);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
  }

  #run(runId: number): Run {
    const run = this.#runs.get(runId);
    assert(run !== undefined, `run ${runId} is being written`);
    return run;
  }

  #view(pixels: PixelRef): Uint8Array {
    if (pixels.kind === "none") return new Uint8Array(0);
    if (pixels.kind === "bytes") return pixels.bytes;
    assert(this.#memory !== null, "the store was given the shared memory");
    return new Uint8Array(this.#memory, pixels.offset, pixels.byteLength);
  }

  async #orAbandon<T>(part: PartFile, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      part.abandon();
      throw error;
    }
  }

  /** Turns a full disk into a value and other disk failures into a StoreError. */
  async #guarded<T>(
    neededBytes: number,
    sopInstanceUid: string | null,
    act: () => Promise<T>,
    fromReserve = false,
  ): Promise<T | DiskFull> {
    const subject = sopInstanceUid === null ? "" : ` of ${sopInstanceUid}`;
    try {
      return (
        (neededBytes > 0 ? this.#files.lackOf(neededBytes, fromReserve) : null) ?? (await act())
      );
    } catch (error) {
      if ((error instanceof DiskError && error.full) || isDatabaseFull(error))
        return { kind: "disk-full", neededBytes, freeBytes: this.#freeBytes() };
      if (error instanceof DiskError || isDatabaseError(error))
        throw new StoreError(
          `the object${subject} was not stored: ${error.message}; check the disk`,
          { cause: error },
        );
      throw error;
    }
  }

  #freeBytes(): number {
    try {
      return this.#files.disk.freeBytes();
    } catch {
      return 0;
    }
  }
}

/**
 * A header with pixels ends in their length (PS3.5 §7.1: last four bytes, explicit OB/OW and
 * implicit VR alike): one that says something else would make an unreadable object.
 */
function assertPixelLength(header: Uint8Array, pixelBytes: number): void {
  assert(header.byteLength >= 4, "an object has a header");
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const said = view.getUint32(header.byteLength - 4, true);
  assert(said === pixelBytes, `the header says ${said} pixel bytes, there are ${pixelBytes}`);
}
