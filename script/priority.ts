// A benchmark's place among the programs of its machine: before whatever else runs there, as the appliance's
// service manager puts the device before its own screen (Nice= and CPUWeight= of udr.service).

import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";

/** Nine times the share of a program that asks for nothing (nice levels, sched(7)). */
export const BENCH_NICE = -10;

const GROUP = "/proc/self/autogroup";

/** What of the system has a priority here. */
export interface PrioritySystem {
  /** Linux keeps the priority with each thread, not with the process. */
  threads(): readonly number[];
  setThread(thread: number, nice: number): void;
  /** Where sessions share the cores first and programs within them, nice levels count inside a session only. */
  readonly setSession: ((nice: number) => void) | null;
}

/**
 * Raises every thread there is, and the session; threads that are started later inherit it. False where
 * the system does not let us (no CAP_SYS_NICE): everything works then, with more room for other programs.
 */
export function goFirst(system: PrioritySystem = linux()): boolean {
  try {
    for (const thread of system.threads()) system.setThread(thread, BENCH_NICE);
    system.setSession?.(BENCH_NICE);
    return true;
  } catch {
    return false;
  }
}

function linux(): PrioritySystem {
  return {
    threads: () => {
      const tasks = "/proc/self/task";
      return existsSync(tasks) ? readdirSync(tasks).map(Number) : [process.pid];
    },
    setThread: setPriority,
    setSession: existsSync(GROUP) ? (nice) => writeFileSync(GROUP, String(nice)) : null,
  };
}
