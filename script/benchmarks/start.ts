// Start of the Bun process to ready, and the process's resident memory idle and at its peak; from the
// sources, or with `bundled=1` from a bundle made for it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDevice, until } from "../../test/device-process.ts";
import { bundle } from "../bundle.ts";
import { type BenchTable, median } from "./table.ts";

const MIB = 1024;

export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  if (options["bundled"] === undefined) return measure(options, undefined);
  const folder = mkdtempSync(join(tmpdir(), "udr-bundle-"));
  try {
    await bundle(folder);
    return await measure(options, join(folder, "main.js"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  options: Readonly<Record<string, string>>,
  main: string | undefined,
): Promise<BenchTable> {
  const starts = Number(options["starts"] ?? 9);
  const readyMs: number[] = [];
  const program = main === undefined ? {} : { main };
  for (let i = 0; i < starts; i++) {
    const beganMs = performance.now();
    await using _device = await startDevice(program);
    readyMs.push(performance.now() - beganMs);
  }
  await using device = await startDevice(program);
  // The first preparation waits for the calibration maps.
  const { id } = await device.post<{ id: string }>("exams", { patient: { name: "Bench^Start" } });
  await device.post(`exams/${id}/prepare`);
  const idle = await memoryOf(device.process.pid);
  for (let i = 0; i < 5; i++) await device.post("simulator/expose", { kind: "radiography" });
  await until("five images", async () => {
    const exam = await device.get<{ instances: unknown[] }>(`exams/${id}`);
    return exam.instances.length === 5 ? true : undefined;
  });
  const peak = await memoryOf(device.process.pid);
  return {
    title: main === undefined ? "Start and memory" : "Start and memory, bundled",
    note: `\`script/bench start${main === undefined ? "" : " bundled=1"}\`: ${starts} starts with an empty data folder, from the spawn of the process to its line \`ready\`; memory of the whole process with all its threads, shared frame memory included (VmRSS; VmHWM at the peak), ready to expose and after five radiographs of 2688 × 2688. Target to ready: 500 ms.`,
    columns: [
      "start to ready, median ms",
      "slowest ms",
      "memory ready to expose MiB",
      "peak after five radiographs MiB",
    ],
    rows: [
      [
        median(readyMs).toFixed(0),
        Math.max(...readyMs).toFixed(0),
        idle.rssMib.toFixed(0),
        peak.peakMib.toFixed(0),
      ],
    ],
  };
}

async function memoryOf(pid: number): Promise<{ rssMib: number; peakMib: number }> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  const kib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
  return { rssMib: kib("VmRSS") / MIB, peakMib: kib("VmHWM") / MIB };
}
