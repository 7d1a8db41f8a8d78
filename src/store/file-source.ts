// A range of a file as a ByteSource: read in place, into views that lie apart, by the kernel's
// scatter read off the main thread. The file is opened at the first read.

import { close, open, readv } from "node:fs";
import type { ByteSource } from "../core/byte-source.ts";
import { StoreError } from "./store-error.ts";

/**
 * Bytes `offset` … `offset + byteLength` of the file at `path` (absolute). Reads throw StoreError
 * when the file is not there or ends early.
 */
export function fileSource(path: string, offset: number, byteLength: number): ByteSource {
  let file: Promise<number> | null = null;
  let closed = false;
  return {
    byteLength,
    async readInto(into, from) {
      const wanted = into.reduce((sum, v) => sum + v.byteLength, 0);
      if (from < 0 || from + wanted > byteLength)
        throw new RangeError(`bytes ${from} to ${from + wanted} of ${byteLength} in ${path}`);
      if (closed) throw new StoreError(`${path} was closed while it was read`);
      file ??= openForReading(path);
      const fd = await file;
      let rest = into.filter((v) => v.byteLength > 0);
      let at = offset + from;
      while (rest.length > 0) {
        let got = await readOnce(fd, rest, at, path);
        if (got === 0) throw new StoreError(`${path} ends before byte ${at}; it is damaged`);
        at += got;
        while (rest[0] !== undefined && got >= rest[0].byteLength) {
          got -= rest[0].byteLength;
          rest = rest.slice(1);
        }
        if (rest[0] !== undefined && got > 0) rest = [rest[0].subarray(got), ...rest.slice(1)];
      }
    },
    async close() {
      closed = true;
      const opened = file;
      file = null;
      if (opened === null) return;
      const fd = await opened.catch(() => null);
      if (fd !== null) close(fd, () => {});
    },
  };
}

function openForReading(path: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  open(path, "r", (error, fd) => {
    if (error) reject(new StoreError(`${path} cannot be read: ${error.message}`, { cause: error }));
    else resolve(fd);
  });
  return promise;
}

function readOnce(
  fd: number,
  views: readonly Uint8Array[],
  at: number,
  path: string,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  readv(fd, [...views], at, (error, bytes) => {
    if (error) reject(new StoreError(`${path} cannot be read: ${error.message}`, { cause: error }));
    else resolve(bytes);
  });
  return promise;
}
