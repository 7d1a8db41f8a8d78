// The machine's file system below one folder.

import {
  closeSync,
  fdatasync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  writevSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DiskError, type DiskFile, type DiskPort } from "./disk.ts";

/** The disk below `root`, which is made when it is not there. @throws DiskError */
export function realDisk(root: string): DiskPort {
  attempt(`make the folder ${root}`, () => makeRoot(resolve(root)));
  const at = (path: string) => join(root, path);

  const syncFolder = (path: string) =>
    attempt(`sync the folder ${at(path)}`, () => {
      const fd = openIfThere(at(path));
      if (fd === null) return;
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    });

  const makeFolder = (path: string): void => {
    if (path === "." || path === "") return;
    try {
      mkdirSync(at(path), { mode: 0o700 });
    } catch (cause) {
      if (codeOf(cause) === "EEXIST") return;
      if (codeOf(cause) !== "ENOENT") throw diskError(`make the folder ${at(path)}`, cause);
      makeFolder(dirname(path));
      attempt(`make the folder ${at(path)}`, () => mkdirSync(at(path), { mode: 0o700 }));
    }
    syncFolder(dirname(path));
  };

  return {
    create: (path) =>
      attempt(`create ${at(path)}`, () => new RealFile(openSync(at(path), "wx", 0o600), at(path))),
    open: (path) =>
      attempt(`open ${at(path)}`, () => new RealFile(openSync(at(path), "r+"), at(path))),
    rename: (from, to) =>
      attempt(`rename ${at(from)} to ${at(to)}`, () => renameSync(at(from), at(to))),
    syncFolder,
    makeFolder,
    remove: (path) => attempt(`remove ${at(path)}`, () => rmSync(at(path), { force: true })),
    removeEmptyFolder(path) {
      try {
        rmdirSync(at(path));
      } catch (cause) {
        const code = codeOf(cause);
        if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT")
          throw diskError(`remove the folder ${at(path)}`, cause);
      }
    },
    list(path) {
      try {
        return readdirSync(at(path), { withFileTypes: true }).map((e) => ({
          name: e.name,
          folder: e.isDirectory(),
        }));
      } catch (cause) {
        if (codeOf(cause) === "ENOENT") return [];
        throw diskError(`list ${at(path)}`, cause);
      }
    },
    size: (path) =>
      attempt(`look at ${at(path)}`, () => {
        const stat = statSync(at(path), { throwIfNoEntry: false });
        return stat?.isFile() ? stat.size : null;
      }),
    read(path, into, position) {
      attempt(`read ${at(path)}`, () => {
        const fd = openSync(at(path), "r");
        try {
          let done = 0;
          while (done < into.byteLength) {
            const got = readSync(fd, into, done, into.byteLength - done, position + done);
            if (got === 0) throw new Error(`it ends before byte ${position + into.byteLength}`);
            done += got;
          }
        } finally {
          closeSync(fd);
        }
      });
    },
    freeBytes: () =>
      attempt(`look at the free space of ${root}`, () => {
        const { bavail, bsize } = statfsSync(root);
        return bavail * bsize;
      }),
  };
}

class RealFile implements DiskFile {
  readonly #fd: number;
  readonly #path: string;
  #open = true;
  #background: Promise<Error | null> | null = null;

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }

  write(views: readonly Uint8Array[], at: number): void {
    attempt(`write ${this.#path}`, () => {
      let rest = views.filter((v) => v.byteLength > 0);
      let position = at;
      while (rest.length > 0) {
        let done = writevSync(this.#fd, rest, position);
        position += done;
        // A short write (space ran out in the middle, a signal): go on behind what was taken.
        while (rest[0] !== undefined && done >= rest[0].byteLength) {
          done -= rest[0].byteLength;
          rest = rest.slice(1);
        }
        if (rest[0] !== undefined && done > 0) rest = [rest[0].subarray(done), ...rest.slice(1)];
      }
    });
  }

  truncate(byteLength: number): void {
    attempt(`shorten ${this.#path}`, () => ftruncateSync(this.#fd, byteLength));
  }

  startSync(): void {
    if (this.#background !== null) return;
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    this.#background = promise;
    fdatasync(this.#fd, (error) => {
      // A failure is kept: the pages it lost would not be written by a second try.
      if (error === null || error === undefined) this.#background = null;
      resolve(error ?? null);
    });
  }

  async sync(): Promise<void> {
    const before = await this.#background;
    if (before instanceof Error) throw diskError(`sync ${this.#path}`, before);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    fsync(this.#fd, (error) =>
      error ? reject(diskError(`sync ${this.#path}`, error)) : resolve(),
    );
    await promise;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const close = () => closeSync(this.#fd);
    if (this.#background === null) close();
    else void this.#background.then(close);
  }
}

/** Makes the store's own folder and makes the names down to it durable, whoever made them. */
function makeRoot(root: string): void {
  const first = mkdirSync(root, { recursive: true, mode: 0o700 }) ?? root;
  for (let made = root; ; made = dirname(made)) {
    syncNamesIn(dirname(made));
    if (made === first || made === dirname(made)) return;
  }
}

/** A folder above ours that we may not read was there before us. */
function syncNamesIn(folder: string): void {
  try {
    const fd = openSync(folder, "r");
    fsyncSync(fd);
    closeSync(fd);
  } catch (cause) {
    if (codeOf(cause) !== "EACCES") throw cause;
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return null;
    throw cause;
  }
}

function attempt<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw diskError(what, cause);
  }
}

function diskError(what: string, cause: unknown): DiskError {
  const code = codeOf(cause);
  const text = cause instanceof Error ? cause.message : String(cause);
  return new DiskError(`cannot ${what}: ${text}`, code === "ENOSPC" || code === "EDQUOT", cause);
}

function codeOf(cause: unknown): string | undefined {
  return (cause as { readonly code?: string } | null)?.code;
}
