// A saved fluoroscopy run from the pedal to the archive: whether the frame rate holds, what is lost
// and counted, and what memory the whole process takes beside its idle state.

import { type DeviceProcess, startDevice, until } from "../../test/device-process.ts";
import { startStorescp } from "../../test/peers/storescp.ts";
import { forgetPeak, memoryOf, processorMs } from "../process-figures.ts";
import type { BenchTable } from "./table.ts";

const FRAME_RATES = [30, 15, 7.5];
const RUN_TIME_MAX_MS = 180_000;

interface ExamAnswer {
  readonly id: string;
  readonly studyInstanceUid: string;
  readonly exposures: readonly { readonly frames?: number }[];
  readonly instances: readonly { readonly numberOfFrames: number }[];
  readonly notices?: readonly string[];
}

/** Options: frames (300), rates (30,15,7.5). */
export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  const frames = Number(options["frames"] ?? 300);
  const rates = options["rates"]?.split(",").map(Number) ?? FRAME_RATES;
  await using archive = await startStorescp(["--ignore"]);
  await using device = await startDevice({
    configuration: {
      associationResponseTimeout: 30,
      remotes: [{ id: "archive", aeTitle: "ARCHIVE", host: "127.0.0.1", port: archive.port }],
    },
  });
  const { pid } = device.process;
  // Slots and workers are warm after a short run; from there on memory shall stay as it is.
  await fluoroscopy(device, 30, 30);
  const rows: string[][] = [];
  for (const rate of rates) {
    const before = await memoryOf(pid);
    await forgetPeak(pid);
    const overrunsBefore = await countsOf(device);
    const cpuBeganMs = await processorMs(pid);
    const beganMs = performance.now();
    const exam = await fluoroscopy(device, frames, rate);
    const runMs = performance.now() - beganMs;
    const cpuMs = (await processorMs(pid)) - cpuBeganMs;
    const run = await memoryOf(pid);
    const counts = await countsOf(device);
    const sendBeganMs = performance.now();
    await send(device, exam.studyInstanceUid);
    const sendMs = performance.now() - sendBeganMs;
    const sent = await memoryOf(pid);
    const inObject = exam.instances.find((i) => i.numberOfFrames > 0)?.numberOfFrames ?? 0;
    rows.push([
      `${rate}`,
      `${inObject} of ${frames}`,
      `${counts.overruns - overrunsBefore.overruns} + ${counts.lost - overrunsBefore.lost}`,
      (cpuMs / frames).toFixed(0),
      (runMs / 1000).toFixed(1),
      (sendMs / 1000).toFixed(1),
      before.residentMib.toFixed(0),
      (run.peakMib - before.residentMib).toFixed(0),
      (sent.peakMib - before.residentMib).toFixed(0),
    ]);
  }
  return {
    title: "Saved fluoroscopy run",
    note: `\`script/bench run\`: ${frames} frames of 1344 × 1344 × 16 by the simulated panel, whose frames are made on the same cores, saved as one RF object and sent to storescp; the whole device as a process. Memory: VmRSS before and VmHWM during, shared frame slots included, after a run of 30 frames as warm-up. Overruns are frames that found no free slot, lost ones those the panel could not buffer.`,
    columns: [
      "frames/s",
      "frames in the object",
      "overruns + lost",
      "processor ms a frame",
      "pedal to dose report s",
      "send s",
      "memory before MiB",
      "peak above it in the run MiB",
      "and with the send MiB",
    ],
    rows,
  };
}

async function fluoroscopy(
  device: DeviceProcess,
  frames: number,
  fps: number,
): Promise<ExamAnswer> {
  const { id } = await device.post<ExamAnswer>("exams", {
    patient: { name: "Bench^Run" },
    protocolId: "fluoroscopy",
  });
  await device.post(`exams/${id}/prepare`);
  await device.post("simulator/expose", { kind: "fluoroscopy", frames, fps });
  return device.post<ExamAnswer>(`exams/${id}/complete`);
}

async function send(device: DeviceProcess, studyInstanceUid: string): Promise<void> {
  const job = await device.post<{ id: string }>("jobs", {
    type: "send",
    remoteId: "archive",
    studyInstanceUid,
  });
  await until(
    "the run's send job",
    async () => {
      const { state } = await device.get<{ state: string }>(`jobs/${job.id}`);
      return state === "done" ? true : undefined;
    },
    RUN_TIME_MAX_MS,
  );
}

async function countsOf(device: DeviceProcess): Promise<{ overruns: number; lost: number }> {
  // The panel's counts are read every two seconds.
  const first = await device.get<{ detector: { overruns: number; lost: number }; time: string }>(
    "health",
  );
  return until("fresh counts", async () => {
    const now = await device.get<typeof first>("health");
    return Date.parse(now.time) - Date.parse(first.time) > 2500 ? now.detector : undefined;
  });
}
