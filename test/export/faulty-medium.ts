// A medium in memory whose n-th call fails, alone or with all that follow, or at which the stick is
// pulled out: then nothing is left that was not synced.

import type { MediumFault, MediumFiles } from "../../src/hal/media/medium-files.ts";
import { MediumError } from "../../src/hal/media/medium-files.ts";
import { DiskError } from "../../src/store/disk.ts";
import { MemoryDisk } from "../store/memory-disk.ts";

export class FaultyMedium implements MediumFiles {
  readonly disk = new MemoryDisk();
  calls = 0;
  /** Number of the call that fails, from 0. */
  failAt = Number.POSITIVE_INFINITY;
  /** Whether every later call fails as well. */
  forGood = false;
  fault: MediumFault = "broken";
  /** Names of the calls so far. */
  readonly trace: string[] = [];

  heal(): void {
    this.calls = 0;
    this.failAt = Number.POSITIVE_INFINITY;
    this.trace.length = 0;
  }

  #step<T>(what: string, act: () => T): T {
    const number = this.calls++;
    this.trace.push(what);
    if (number === this.failAt || (this.forGood && number > this.failAt))
      throw new MediumError(`${what} failed`, this.fault);
    try {
      return act();
    } catch (cause) {
      if (!(cause instanceof DiskError)) throw cause;
      throw new MediumError(cause.message, cause.full ? "full" : "broken", cause);
    }
  }

  create(path: string) {
    const file = this.#step(`create ${path}`, () => this.disk.create(path));
    return {
      write: (views: readonly Uint8Array[], at: number) =>
        this.#step(`write ${path}`, () => file.write(views, at)),
      sync: async () => {
        this.#step(`sync ${path}`, () => {});
        await file.sync();
      },
      close: () => file.close(),
    };
  }
  rename = (from: string, to: string) =>
    this.#step(`rename ${from} ${to}`, () => this.disk.rename(from, to));
  syncFolder = (path: string) =>
    this.#step(`sync-folder ${path}`, () => this.disk.syncFolder(path));
  makeFolder = (path: string) =>
    this.#step(`make-folder ${path}`, () => this.disk.makeFolder(path));
  remove = (path: string) => this.#step(`remove ${path}`, () => this.disk.remove(path));
  removeEmptyFolder = (path: string) =>
    this.#step(`remove-folder ${path}`, () => this.disk.removeEmptyFolder(path));
  list = (path: string) => this.#step(`list ${path}`, () => this.disk.list(path));
  size = (path: string) => this.#step(`size ${path}`, () => this.disk.size(path));
  read = (path: string, into: Uint8Array, at: number) =>
    this.#step(`read ${path}`, () => this.disk.read(path, into, at));
  forget = (path: string) => this.#step(`forget ${path}`, () => {});
  freeBytes = () => this.#step("free", () => this.disk.freeBytes());
}

/** Every file of a disk by path. */
export function filesOf(disk: MemoryDisk): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const walk = (folder: string) => {
    for (const { name, folder: isFolder } of disk.list(folder)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (isFolder) walk(path);
      else {
        const bytes = new Uint8Array(disk.size(path) ?? 0);
        disk.read(path, bytes, 0);
        files.set(path, bytes);
      }
    }
  };
  walk("");
  return files;
}
