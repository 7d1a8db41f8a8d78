// The device's place among the programs of its machine: it goes before its own screen. A browser that
// draws the live view on the same cores would otherwise make frames wait, and in the end lose them.

import { readdirSync } from "node:fs";
import { setPriority } from "node:os";

/** Nine times the share of a program that asks for nothing (nice levels, sched(7)). */
export const DEVICE_NICE = -10;

/**
 * Raises every thread there is; those that are started later inherit it. False where the system does not
 * let us (no CAP_SYS_NICE): everything works then, with less room for other programs.
 */
export function goFirst(
  threads: readonly number[] = ownThreads(),
  set: (thread: number, nice: number) => void = setPriority,
): boolean {
  try {
    for (const thread of threads) set(thread, DEVICE_NICE);
    return true;
  } catch {
    return false;
  }
}

/** Linux keeps the priority with each thread, not with the process. */
function ownThreads(): number[] {
  try {
    return readdirSync("/proc/self/task").map(Number);
  } catch {
    return [process.pid];
  }
}
