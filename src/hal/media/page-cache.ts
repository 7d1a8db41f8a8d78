// Reading back what was written must come from the medium, not from memory: the kernel is asked to drop
// a file's pages (posix_fadvise, POSIX_FADV_DONTNEED), which the runtime's file functions cannot.

import { dlopen, FFIType } from "bun:ffi";

const POSIX_FADV_DONTNEED = 4;

type Advise = (fd: number, offset: number, length: number, advice: number) => number;

let advise: Advise | null | undefined;

/** Drops the clean pages of an open file; false where the system has no such call. */
export function dropFileCache(fd: number): boolean {
  if (advise === undefined) advise = find();
  return advise !== null && advise(fd, 0, 0, POSIX_FADV_DONTNEED) === 0;
}

function find(): Advise | null {
  try {
    const { symbols } = dlopen("libc.so.6", {
      posix_fadvise: {
        args: [FFIType.i32, FFIType.i64, FFIType.i64, FFIType.i32],
        returns: FFIType.i32,
      },
    });
    return symbols.posix_fadvise as unknown as Advise;
  } catch {
    return null;
  }
}
