// GigE Vision over loopback, both halves beside a program nobody here wrote: frames lost, wrong pixels,
// latency, processor time. gige [seconds=60].

import { RING_FRAMES_MAX } from "../../src/hal/detector/gige/simulator/simulated-gige-panel.ts";
import { startSimulator } from "../../src/hal/detector/gige/simulator/start-simulator.ts";
import {
  CAMERA_TEST,
  cameraTest,
  FAKE_ADDRESS,
  FAKE_CAMERA,
  isRamp,
  mode,
  type RunResult,
  runFrames,
  startFakeCamera,
} from "../../test/hal/detector/gige/gige-rig.ts";
import { goFirst } from "../priority.ts";
import type { BenchTable, Target } from "./table.ts";

const LONG_SECONDS = 60;
const SHORT_SECONDS = 10;
/** Looking at every pixel of every frame would be most of the work. */
const LOOK_EVERY = 15;

export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  const seconds = Number(options["seconds"] ?? LONG_SECONDS);
  const short = Math.min(seconds, SHORT_SECONDS);
  const rows: string[][] = [];
  // As the device does; what is started from here inherits it, as a panel of its own would not wait either.
  goFirst();
  if (Bun.which(FAKE_CAMERA) === null) rows.push(skipped(FAKE_CAMERA));
  else
    for (const [size, fps] of [
      [1344, 30],
      [2688, 15],
    ] as const) {
      await using _camera = await startFakeCamera();
      const spec = {
        driver: "gige",
        address: FAKE_ADDRESS,
        modes: [mode("run", size, fps)],
      } as const;
      const name = `ours ← ${FAKE_CAMERA}, ${size} × ${size} × 16, ${fps}/s, ${seconds} s`;
      rows.push(
        await measured(name, () => runFrames(spec, "run", fps, seconds * fps, isRamp, LOOK_EVERY)),
      );
    }
  const panel = await startSimulator();
  try {
    for (const lossPerMille of [0, 20]) {
      panel.setFaults({ lossPerMille });
      const spec = { driver: "gige", address: panel.address } as const;
      const name = `ours ← ours, 1344 × 1344 × 16, 30/s, ${lossPerMille / 10} % loss, ${short} s`;
      rows.push(await measured(name, () => runFrames(spec, "binned", 30, short * 30, isOfRing())));
    }
    for (const lossPerMille of [0, 1]) {
      if (Bun.which(CAMERA_TEST) === null) {
        rows.push(skipped(CAMERA_TEST));
        break;
      }
      panel.setFaults({ lossPerMille });
      const got = await cameraTest(panel.address, short);
      const count = (name: string) => String(got[name] ?? 0);
      rows.push([
        `${CAMERA_TEST} ← ours, 1344 × 1344 × 16, 30/s, ${lossPerMille / 10} % loss, ${short} s`,
        count("n_completed_buffers"),
        String((got["n_failures"] ?? 0) + (got["n_missing_frames"] ?? 0)),
        "",
        count("n_resent_packets"),
        "",
        "",
      ]);
    }
  } finally {
    await panel.stop();
  }
  return {
    title: "GigE Vision",
    note: `\`script/bench gige\`: packets of 9000 bytes on loopback, received in the acquisition thread straight into the frame slots; every ${LOOK_EVERY}th frame of the fake camera compared pixel by pixel, every frame of our panel with the pictures it repeats. Latency: last packet to the main thread, in whole milliseconds. Processor time of this process with all its threads, of one core.`,
    columns: [
      "what",
      "frames",
      "lost",
      "wrong",
      "packets resent",
      "latency p50 / p99 / max ms",
      "CPU %",
    ],
    rows,
    targets: rows.filter(([, frames]) => frames !== "").map(targetOf),
  };
}

/** No frame may be lost, none be wrong; a host of others tells losses only. */
function targetOf([what = "", frames = "", lost = "", wrong = ""]: readonly string[]): Target {
  const isWhole = lost === "0" && (wrong === "0" || wrong === "");
  return {
    what,
    target: "0 lost, 0 wrong",
    here: `${lost} lost${wrong === "" ? "" : `, ${wrong} wrong`} of ${frames}`,
    met: isWhole && Number(frames) > 0,
  };
}

/**
 * Whether a picture is one of those that our panel shows again and again: one that was put together
 * wrongly, from whatever packets, would be another one.
 */
function isOfRing(): (pixels: Uint16Array) => boolean {
  const seen = new Set<number | bigint>();
  return (pixels) => {
    seen.add(Bun.hash(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)));
    return seen.size <= RING_FRAMES_MAX;
  };
}

async function measured(name: string, work: () => Promise<RunResult>): Promise<string[]> {
  const before = process.cpuUsage();
  const beganMs = performance.now();
  const got = await work();
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / 10 / (performance.now() - beganMs);
  const sorted = got.latencyMs.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return [
    name,
    String(got.frames),
    String(got.lost + got.overruns),
    String(got.wrong),
    String(got.resent),
    `${at(0.5)} / ${at(0.99)} / ${at(1)}`,
    cpu.toFixed(0),
  ];
}

const skipped = (program: string): string[] => [
  `skipped: ${program} is not installed`,
  ...Array<string>(6).fill(""),
];
