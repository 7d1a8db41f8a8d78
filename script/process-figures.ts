// What Linux tells of a running process: time on processors, memory, descendants (proc(5)).

import { readdir } from "node:fs/promises";

const KIB_PER_MIB = 1024;
/** USER_HZ of Linux. */
const MS_PER_TICK = 10;

/** The fields of /proc/PID/stat behind the program's name; the first is field 3. */
async function statFields(pid: number): Promise<readonly string[]> {
  const stat = await Bun.file(`/proc/${pid}/stat`).text();
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Time all threads of the process have spent on processors so far, ms. */
export async function processorMs(pid: number): Promise<number> {
  const fields = await statFields(pid);
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** The same of a process and all that came from it, without those that ended. */
export async function familyProcessorMs(pid: number): Promise<number> {
  const family = [pid, ...(await descendants(pid))];
  // One may end between being listed and being read.
  const times = await Promise.all(family.map((one) => processorMs(one).catch(() => 0)));
  return times.reduce((sum, ms) => sum + ms, 0);
}

export interface Memory {
  readonly residentMib: number;
  /** The most since the start, or since {@link forgetPeak}. */
  readonly peakMib: number;
}

/** Shared memory included. */
export async function memoryOf(pid: number): Promise<Memory> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  const mib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) / KIB_PER_MIB;
  return { residentMib: mib("VmRSS"), peakMib: mib("VmHWM") };
}

/** Sets the peak back to what is resident now (clear_refs 5). */
export async function forgetPeak(pid: number): Promise<void> {
  await Bun.write(`/proc/${pid}/clear_refs`, "5");
}

async function descendants(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc"))
    if (/^\d+$/.test(name)) {
      const fields = await statFields(Number(name)).catch(() => []);
      parents.set(Number(name), Number(fields[1]));
    }
  const isBelow = (one: number): boolean => {
    const parent = parents.get(one);
    return parent === pid || (parent !== undefined && isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}
