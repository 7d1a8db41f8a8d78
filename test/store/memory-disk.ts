// A disk in memory that forgets at a power cut what was not synced, and fails when told to. Names
// and contents are kept twice: as the program sees them, and as they lie on the medium.

import { DiskError, type DiskFile, type DiskPort } from "../../src/store/disk.ts";
import { folderOf } from "../../src/store/object-path.ts";

interface Inode {
  seen: Uint8Array;
  /** Content on the medium. */
  synced: Uint8Array;
}

interface Folder {
  readonly seen: Map<string, Inode | Folder>;
  synced: Map<string, Inode | Folder>;
}

const isFolder = (node: Inode | Folder | undefined): node is Folder =>
  node !== undefined && node.seen instanceof Map;

export class MemoryDisk implements DiskPort {
  #root: Folder = { seen: new Map(), synced: new Map() };
  /** Bytes in use; null: to be counted anew. */
  #usedBytes: number | null = null;
  capacityBytes = 1 << 30;
  /** Operations so far that may fail. */
  operations = 0;
  /** The operation with this number fails, and every later one: the machine stops there. */
  cutAt = Number.POSITIVE_INFINITY;
  /** The operation with this number fails alone. */
  failAt = Number.POSITIVE_INFINITY;
  failure: "io" | "full" = "io";
  /** Names of the operations done, for a look at their order. */
  readonly trace: string[] = [];

  /**
   * What is left after the mains came back: what was synced for certain, and of the rest what
   * `survives` says; nothing unless told.
   */
  powerCut(survives: () => boolean = () => false): void {
    const restore = (folder: Folder) => {
      const left = new Map(folder.synced);
      for (const [name, node] of folder.seen)
        if (left.get(name) !== node && survives()) left.set(name, node);
      for (const name of folder.synced.keys())
        if (!folder.seen.has(name) && survives()) left.delete(name);
      folder.seen.clear();
      for (const [name, node] of left) {
        folder.seen.set(name, node);
        if (isFolder(node)) restore(node);
        else {
          node.synced = leftOf(node, survives).slice();
          node.seen = node.synced.slice();
        }
      }
      folder.synced = new Map(folder.seen);
    };
    restore(this.#root);
    this.#usedBytes = null;
    this.operations = 0;
    this.cutAt = Number.POSITIVE_INFINITY;
    this.failAt = Number.POSITIVE_INFINITY;
  }

  #step(what: string): void {
    const number = this.operations++;
    this.trace.push(what);
    this.#usedBytes = null;
    if (number >= this.cutAt) throw new DiskError(`power cut at ${what}`, false);
    if (number === this.failAt) throw new DiskError(`${what} failed`, this.failure === "full");
  }

  #node(path: string): Inode | Folder | undefined {
    let node: Inode | Folder | undefined = this.#root;
    for (const name of path.split("/").filter((p) => p !== "" && p !== ".")) {
      if (!isFolder(node)) return undefined;
      node = node.seen.get(name);
    }
    return node;
  }

  #folder(path: string): Folder {
    const node = this.#node(path);
    if (!isFolder(node)) throw new DiskError(`no folder ${path}`, false);
    return node;
  }

  #file(path: string): Inode {
    const node = this.#node(path);
    if (node === undefined || isFolder(node)) throw new DiskError(`no file ${path}`, false);
    return node;
  }

  create(path: string): DiskFile {
    this.#step(`create ${path}`);
    if (this.#node(path) !== undefined) throw new DiskError(`${path} is there already`, false);
    const inode: Inode = { seen: new Uint8Array(0), synced: new Uint8Array(0) };
    this.#folder(folderOf(path)).seen.set(nameOf(path), inode);
    return this.#handle(inode, path);
  }

  open(path: string): DiskFile {
    this.#step(`open ${path}`);
    return this.#handle(this.#file(path), path);
  }

  #handle(inode: Inode, path: string): DiskFile {
    return {
      write: (views, at) => {
        this.#step(`write ${path}`);
        const bytes = views.reduce((sum, v) => sum + v.byteLength, 0);
        const grown = Math.max(inode.seen.byteLength, at + bytes);
        if (grown - inode.seen.byteLength > this.freeBytes())
          throw new DiskError(`no space left for ${path}`, true);
        const next = new Uint8Array(grown);
        next.set(inode.seen);
        let position = at;
        for (const view of views) {
          next.set(view, position);
          position += view.byteLength;
        }
        inode.seen = next;
      },
      truncate: (byteLength) => {
        this.#step(`truncate ${path}`);
        const next = new Uint8Array(byteLength);
        next.set(inode.seen.subarray(0, byteLength));
        inode.seen = next;
      },
      startSync: () => {},
      sync: async () => {
        this.#step(`sync ${path}`);
        inode.synced = inode.seen.slice();
      },
      close: () => {},
    };
  }

  rename(from: string, to: string): void {
    this.#step(`rename ${from} ${to}`);
    const inode = this.#file(from);
    this.#folder(folderOf(to)).seen.set(nameOf(to), inode);
    this.#folder(folderOf(from)).seen.delete(nameOf(from));
  }

  syncFolder(path: string): void {
    this.#step(`sync-folder ${path}`);
    const node = this.#node(path);
    if (isFolder(node)) node.synced = new Map(node.seen);
  }

  makeFolder(path: string): void {
    let folder = this.#root;
    for (const name of path.split("/").filter((p) => p !== "" && p !== ".")) {
      const next = folder.seen.get(name);
      if (isFolder(next)) {
        folder = next;
        continue;
      }
      this.#step(`make-folder ${path}`);
      const made: Folder = { seen: new Map(), synced: new Map() };
      folder.seen.set(name, made);
      folder.synced.set(name, made);
      folder = made;
    }
  }

  remove(path: string): void {
    this.#step(`remove ${path}`);
    const node = this.#node(folderOf(path));
    if (isFolder(node)) node.seen.delete(nameOf(path));
  }

  removeEmptyFolder(path: string): void {
    this.#step(`remove-folder ${path}`);
    const node = this.#node(path);
    const parent = this.#node(folderOf(path));
    if (isFolder(node) && node.seen.size === 0 && isFolder(parent))
      parent.seen.delete(nameOf(path));
  }

  list(path: string): { name: string; folder: boolean }[] {
    const node = this.#node(path);
    if (!isFolder(node)) return [];
    return [...node.seen].map(([name, child]) => ({ name, folder: isFolder(child) }));
  }

  size(path: string): number | null {
    const node = this.#node(path);
    return node === undefined || isFolder(node) ? null : node.seen.byteLength;
  }

  read(path: string, into: Uint8Array, at: number): void {
    const { seen } = this.#file(path);
    if (at + into.byteLength > seen.byteLength) throw new DiskError(`${path} is short`, false);
    into.set(seen.subarray(at, at + into.byteLength));
  }

  freeBytes(): number {
    const used = (folder: Folder): number =>
      [...folder.seen.values()].reduce(
        (sum, node) => sum + (isFolder(node) ? used(node) : node.seen.byteLength),
        0,
      );
    this.#usedBytes ??= used(this.#root);
    return Math.max(0, this.capacityBytes - this.#usedBytes);
  }

  /** Puts a file there as if it had always been: for the odd things a start may find. */
  plant(path: string, bytes: Uint8Array): void {
    this.makeFolder(folderOf(path));
    const folder = this.#folder(folderOf(path));
    const inode: Inode = { seen: bytes, synced: bytes.slice() };
    this.#usedBytes = null;
    folder.seen.set(nameOf(path), inode);
    folder.synced.set(nameOf(path), inode);
  }
}

/** The synced content, all of what was written since, or a part of it. */
function leftOf({ seen, synced }: Inode, survives: () => boolean): Uint8Array {
  if (Buffer.compare(seen, synced) === 0 || !survives()) return synced;
  if (survives()) return seen;
  return seen.subarray(0, Math.max(synced.byteLength, seen.byteLength >> 1));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
