// Fluoroscopy on the whole device: the simulated GigE Vision panel, correction and processing, the live
// view read by one client, a study sent and worklist queries made at the same time. fluoro [seconds=60].

import { startSimulator } from "../../src/hal/detector/gige/simulator/start-simulator.ts";
import { type DeviceProcess, startDevice, until } from "../../test/device-process.ts";
import { freePort } from "../../test/peers/free-port.ts";
import type { BenchTable } from "./table.ts";

const DEFAULT_SECONDS = 60;
const FPS = 30;
/** DCMTK's Storage SCP: takes objects and throws them away. */
const ARCHIVE = "storescp";
const TICKS_PER_S = Number(
  (await new Response(Bun.spawn(["getconf", "CLK_TCK"]).stdout).text()).trim(),
);
const KIB_PER_MIB = 1024;
/** Between two looks at the API, ms. */
const PROBE_MS = 10;

export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  const seconds = Number(options["seconds"] ?? DEFAULT_SECONDS);
  const panel = await startSimulator();
  try {
    const port = await freePort();
    const remote = { id: "archive", aeTitle: "ARCHIVE", host: "127.0.0.1", port };
    await using device = await startDevice({
      detector: `gige:${panel.address}`,
      configuration: { remotes: [remote] },
    });
    const { pid } = device.process;
    const archive =
      Bun.which(ARCHIVE) === null ? null : Bun.spawn([ARCHIVE, "--ignore", `${port}`]);
    const study = await exposedStudy(device);
    const exam = await device.post<{ id: string }>("exams", { patient: { name: "Bench^Fluoro" } });
    await until("the panel ready", () =>
      device.post(`exams/${exam.id}/prepare`).then(
        () => true as const,
        () => undefined,
      ),
    );
    let live = 0;
    const socket = new WebSocket(`${device.http.replace("http", "ws")}/api/v1/live`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) live++;
    };
    const cpuBefore = await cpuSeconds(pid);
    const beganMs = performance.now();
    const answersMs: number[] = [];
    let over = false;
    const probing = (async () => {
      while (!over) {
        const askedMs = performance.now();
        await device.get("health");
        answersMs.push(performance.now() - askedMs);
        await Bun.sleep(PROBE_MS);
      }
    })();
    let sent = 0;
    const sending = (async () => {
      while (!over && archive !== null) {
        const order = { type: "send", remoteId: "archive", studyInstanceUid: study };
        const { id } = await device.post<{ id: string }>("jobs", order);
        const { state } = await until("the study sent", async () => {
          const job = await device.get<{ state: string }>(`jobs/${id}`);
          return job.state === "done" || job.state === "failed" ? job : undefined;
        });
        if (state === "done") sent++;
        else break;
      }
    })();
    await device.post("simulator/expose", {
      kind: "fluoroscopy",
      durationMs: seconds * 1000,
      fps: FPS,
    });
    over = true;
    await probing;
    await sending;
    archive?.kill();
    await archive?.exited;
    const tookS = (performance.now() - beganMs) / 1000;
    const cpu = (100 * ((await cpuSeconds(pid)) - cpuBefore)) / tookS;
    const { detector } = await device.get<{ detector: { lost: number; overruns: number } }>(
      "health",
    );
    socket.close();
    const saved = await until("the saved run", async () => {
      const { instances, exposures } = await device.get<{
        instances: { numberOfFrames: number }[];
        exposures: { frames?: number }[];
      }>(`exams/${exam.id}`);
      const made = exposures.at(-1)?.frames ?? Number.POSITIVE_INFINITY;
      const frames = instances.reduce((sum, i) => sum + i.numberOfFrames, 0);
      return frames >= made
        ? { objects: instances.filter((i) => i.numberOfFrames > 0).length, frames }
        : undefined;
    });
    const sorted = answersMs.toSorted((a, b) => a - b);
    const at = (share: number) =>
      (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
    return {
      title: "Fluoroscopy on the whole device",
      note: `\`script/bench fluoro\`: ${seconds} s at ${FPS} frames/s, 1344 × 1344, from the simulated panel's process over GigE Vision to the saved object, live view read by one client. The main loop is judged by the answers of \`GET health\` asked every ${PROBE_MS} ms meanwhile. Processor time of the device's process, of one core; the panel's process beside it.`,
      columns: [
        "frames lost",
        "frames saved",
        "objects",
        "live frames",
        "send jobs of three radiographs done meanwhile",
        "health answer p50 / p99 / max ms",
        "CPU %",
        "memory peak MiB",
      ],
      rows: [
        [
          String(detector.lost + detector.overruns),
          String(saved.frames),
          String(saved.objects),
          String(live),
          archive === null ? `skipped: no ${ARCHIVE}` : String(sent),
          `${at(0.5)} / ${at(0.99)} / ${at(1)}`,
          cpu.toFixed(0),
          (await peakMib(pid)).toFixed(0),
        ],
      ],
    };
  } finally {
    await panel.stop();
  }
}

/** A study of three radiographs, ready to be sent. */
async function exposedStudy(device: DeviceProcess): Promise<string> {
  const { id } = await device.post<{ id: string }>("exams", { patient: { name: "Bench^Send" } });
  for (let i = 0; i < 3; i++) await device.post("simulator/expose", { kind: "radiography" });
  const done = await device.post<{ studyInstanceUid: string }>(`exams/${id}/complete`);
  return done.studyInstanceUid;
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Bun.file(`/proc/${pid}/stat`).text();
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

async function peakMib(pid: number): Promise<number> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / KIB_PER_MIB;
}
