// Calibration maps on disk: a file of raw pixels each, its checksum in its row. A map is durable before its
// row names it; files that no row names are removed at the next start.

import type { CalibrationRecord, MapKind } from "../model/calibration.ts";
import {
  acceptCandidates,
  forgetCandidates,
  type MapScope,
  readMaps,
  type StoredMap,
  saveMap,
  swapWithPrevious,
} from "./calibration-table.ts";
import type { Database } from "./database.ts";
import { DiskError, type DiskPort } from "./disk.ts";
import { hashed } from "./object-path.ts";
import { StoreError } from "./store-error.ts";
import { writeWholeFile } from "./whole-file.ts";

/** Folder of the maps below the store's. */
export const CALIBRATION = "calibration";

/** A new map: its pixels lie in the shared memory. */
export interface NewMap extends Omit<CalibrationRecord, "state" | "sha256"> {
  /** Byte address and length. */
  readonly at: number;
  readonly byteLength: number;
}

/** Where the maps of a mode are wanted in the shared memory. */
export interface LoadOrder extends MapScope {
  readonly byteLength: number;
  readonly into: Readonly<Record<MapKind, number>>;
}

export interface LoadedMaps {
  /** Read, and as they were written. */
  readonly records: readonly CalibrationRecord[];
  /** What is damaged or gone, in words. */
  readonly damaged: readonly { readonly kind: MapKind; readonly reason: string }[];
}

export class CalibrationFiles {
  readonly #db: Database;
  readonly #disk: DiskPort;
  readonly #memory: ArrayBufferLike | null;

  constructor(db: Database, disk: DiskPort, memory: ArrayBufferLike | null) {
    this.#db = db;
    this.#disk = disk;
    this.#memory = memory;
  }

  /** Forgets candidates nobody accepted, and removes files that belong to no row. */
  tidy(): void {
    this.#db.transaction(() => forgetCandidates(this.#db))();
    this.#removeUnnamed();
  }

  /** Keeps maps as candidates. @throws StoreError, DiskError */
  async save(maps: readonly NewMap[]): Promise<readonly CalibrationRecord[]> {
    this.#disk.makeFolder(CALIBRATION);
    const stored: StoredMap[] = [];
    for (const { at, byteLength, ...record } of maps) {
      // A copy: a checksum and a file of the same bytes, whatever becomes of the shared memory.
      const bytes = this.#bytes(at, byteLength).slice();
      const sha256 = sha256Of(bytes);
      const file = `${hashed(`${record.panelSerial} ${record.modeId} ${record.kind} ${record.createdMs}`)}.raw`;
      await this.#write(`${CALIBRATION}/${file}`, bytes);
      stored.push({ ...record, state: "candidate", sha256, file });
    }
    this.#db.transaction(() => {
      for (const map of stored) saveMap(this.#db, map);
    })();
    this.#removeUnnamed();
    return stored.map(withoutFile);
  }

  accept(): void {
    this.#db.transaction(() => acceptCandidates(this.#db))();
    this.#removeUnnamed();
  }

  discard(): void {
    this.#db.transaction(() => forgetCandidates(this.#db))();
    this.#removeUnnamed();
  }

  /** Exchanges the maps in use for the previous ones; false where there are none. */
  undo(scope: MapScope): boolean {
    const has = readMaps(this.#db).some((m) => isOf(m, scope) && m.state === "previous");
    if (has) this.#db.transaction(() => swapWithPrevious(this.#db, scope))();
    return has;
  }

  /** Reads the maps in use into the shared memory; a damaged one is told and not read. */
  load({ byteLength, into, ...scope }: LoadOrder): LoadedMaps {
    const records: CalibrationRecord[] = [];
    const damaged: { kind: MapKind; reason: string }[] = [];
    for (const map of readMaps(this.#db)) {
      if (!isOf(map, scope) || map.state !== "current") continue;
      const reason = this.#read(map, this.#bytes(into[map.kind], byteLength));
      if (reason === null) records.push(withoutFile(map));
      else damaged.push({ kind: map.kind, reason });
    }
    return { records, damaged };
  }

  #read({ file, sha256 }: StoredMap, target: Uint8Array): string | null {
    const path = `${CALIBRATION}/${file}`;
    try {
      const size = this.#disk.size(path);
      if (size === null) return "its file is gone";
      if (size !== target.byteLength) return `its file has ${size} of ${target.byteLength} bytes`;
      // Checked before anything of it lies where frames are corrected from.
      const bytes = new Uint8Array(size);
      this.#disk.read(path, bytes, 0);
      if (sha256Of(bytes) !== sha256) return "its file was changed since it was written";
      target.set(bytes);
      return null;
    } catch (error) {
      if (error instanceof DiskError) return error.message;
      throw error;
    }
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    try {
      await writeWholeFile(this.#disk, path, bytes);
    } catch (cause) {
      if (!(cause instanceof DiskError)) throw cause;
      throw new StoreError(
        cause.full
          ? "the disk is full: the calibration was not kept; delete studies or free space, then calibrate again"
          : `the calibration was not kept: ${cause.message}; check the disk`,
        { cause },
      );
    }
  }

  #removeUnnamed(): void {
    const named = new Set(readMaps(this.#db).map((map) => map.file));
    for (const { name, folder } of this.#disk.list(CALIBRATION))
      if (!folder && !named.has(name)) this.#disk.remove(`${CALIBRATION}/${name}`);
  }

  #bytes(at: number, byteLength: number): Uint8Array {
    if (this.#memory === null) throw new StoreError("the store was not given the shared memory");
    return new Uint8Array(this.#memory, at, byteLength);
  }
}

function isOf(map: StoredMap, { panelSerial, modeId }: MapScope): boolean {
  return map.panelSerial === panelSerial && map.modeId === modeId;
}

function withoutFile({ file: _, ...record }: StoredMap): CalibrationRecord {
  return record;
}

function sha256Of(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}
