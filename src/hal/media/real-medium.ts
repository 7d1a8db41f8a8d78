// A mounted medium, or a folder that stands for one.

import {
  closeSync,
  fsync,
  fsyncSync,
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
import { dirname, join } from "node:path";
import {
  MediumError,
  type MediumFault,
  type MediumFile,
  type MediumFiles,
} from "./medium-files.ts";
import { dropFileCache } from "./page-cache.ts";

/** The files below `root`, which must be there. @throws MediumError */
export function realMedium(root: string): MediumFiles {
  const at = (path: string) => join(root, path);
  // The folder of a pulled stick's mount point stays behind: what lies there now is another file system.
  const device = attempt(root, null, "open the medium", () => statSync(root).dev);
  const act = <T>(what: string, work: () => T): T => attempt(root, device, what, work);

  const makeFolder = (path: string): void => {
    if (path === "." || path === "") return;
    try {
      mkdirSync(at(path));
    } catch (cause) {
      if (codeOf(cause) === "EEXIST") return;
      if (codeOf(cause) !== "ENOENT") throw mediumError(root, device, `make ${path}`, cause);
      makeFolder(dirname(path));
      act(`make ${path}`, () => mkdirSync(at(path)));
    }
  };

  return {
    create: (path) =>
      act(`create ${path}`, () => openFile(openSync(at(path), "wx"), path, root, device)),
    rename: (from, to) => act(`rename ${from}`, () => renameSync(at(from), at(to))),
    syncFolder: (path) =>
      act(`sync ${path}`, () => {
        const fd = openSync(at(path), "r");
        try {
          fsyncSync(fd);
        } finally {
          closeSync(fd);
        }
      }),
    makeFolder,
    remove: (path) => act(`remove ${path}`, () => rmSync(at(path), { force: true })),
    removeEmptyFolder(path) {
      try {
        rmdirSync(at(path));
      } catch (cause) {
        const code = codeOf(cause);
        if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT")
          throw mediumError(root, device, `remove ${path}`, cause);
      }
    },
    list(path) {
      try {
        return readdirSync(at(path), { withFileTypes: true }).map((e) => ({
          name: e.name,
          folder: e.isDirectory(),
        }));
      } catch (cause) {
        if (codeOf(cause) === "ENOENT" && path !== "") return [];
        throw mediumError(root, device, `list ${path}`, cause);
      }
    },
    size: (path) =>
      act(`look at ${path}`, () => {
        const stat = statSync(at(path), { throwIfNoEntry: false });
        return stat?.isFile() ? stat.size : null;
      }),
    read: (path, into, position) =>
      act(`read ${path}`, () => {
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
      }),
    forget: (path) =>
      act(`read ${path}`, () => {
        const fd = openSync(at(path), "r");
        try {
          dropFileCache(fd);
        } finally {
          closeSync(fd);
        }
      }),
    freeBytes: () =>
      act("look at the free space", () => {
        const { bavail, bsize } = statfsSync(root);
        return bavail * bsize;
      }),
  };
}

function openFile(fd: number, path: string, root: string, device: number | null): MediumFile {
  let open = true;
  return {
    write: (views, at) =>
      attempt(root, device, `write ${path}`, () => {
        let rest = views.filter((v) => v.byteLength > 0);
        let position = at;
        while (rest.length > 0) {
          let done = writevSync(fd, rest, position);
          position += done;
          while (rest[0] !== undefined && done >= rest[0].byteLength) {
            done -= rest[0].byteLength;
            rest = rest.slice(1);
          }
          if (rest[0] !== undefined && done > 0) rest = [rest[0].subarray(done), ...rest.slice(1)];
        }
      }),
    async sync() {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      fsync(fd, (error) =>
        error ? reject(mediumError(root, device, `sync ${path}`, error)) : resolve(),
      );
      await promise;
    },
    close() {
      if (!open) return;
      open = false;
      closeSync(fd);
    },
  };
}

function attempt<T>(root: string, device: number | null, what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw mediumError(root, device, what, cause);
  }
}

const FAULTS: Readonly<Record<string, MediumFault>> = {
  ENOSPC: "full",
  EDQUOT: "full",
  EROFS: "read-only",
  EACCES: "read-only",
  EPERM: "read-only",
  ENODEV: "gone",
  ENXIO: "gone",
  ENOTCONN: "gone",
  ESHUTDOWN: "gone",
};

function mediumError(
  root: string,
  device: number | null,
  what: string,
  cause: unknown,
): MediumError {
  const code = codeOf(cause) ?? "";
  const text = cause instanceof Error ? cause.message : String(cause);
  const fault = FAULTS[code] ?? (isThere(root, device) ? "broken" : "gone");
  return new MediumError(`cannot ${what} on the medium: ${text}`, fault, cause);
}

function isThere(root: string, device: number | null): boolean {
  try {
    const { dev } = statSync(root);
    readdirSync(root);
    return device === null || dev === device;
  } catch {
    return false;
  }
}

function codeOf(cause: unknown): string | undefined {
  return (cause as { readonly code?: string } | null)?.code;
}
