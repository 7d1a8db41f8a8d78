// The device's object files, read by the writing thread.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { SourceError, type SourceFile } from "../../export/source-files.ts";

/** @throws SourceError */
export function openSource(path: string): SourceFile {
  const attempt = <T>(act: () => T): T => {
    try {
      return act();
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new SourceError(`an object's file cannot be read here: ${text}`, { cause });
    }
  };
  const fd = attempt(() => openSync(path, "r"));
  const byteLength = attempt(() => fstatSync(fd).size);
  let isOpen = true;
  return {
    byteLength,
    read: (into, at) =>
      attempt(() => {
        let done = 0;
        while (done < into.byteLength) {
          const got = readSync(fd, into, done, into.byteLength - done, at + done);
          if (got === 0) throw new Error(`${path} ends before byte ${at + into.byteLength}`);
          done += got;
        }
      }),
    close() {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}
