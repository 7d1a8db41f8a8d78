// The same work by others, in the same rounds: libvips through sharp, DCMTK's dcm2pnm, NumPy.

import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { Random } from "../../../src/core/random.ts";
import {
  compileKernels,
  instantiateKernels,
  sharedMemory,
} from "../../../src/workers/pixel/kernel-module.ts";
import { KERNEL_DATA_BYTES } from "../../../src/workers/pixel/memory-map.ts";
import { applyWindow } from "../../../src/workers/pixel/run-task.ts";
import { planWindow } from "../../../src/workers/pixel/window.ts";
import { installed } from "../../../test/peers/program.ts";
import { inTurn, type Measured, type Work } from "./measured.ts";
import { FRAMES, fillWithScene } from "./scene.ts";

const WINDOW = { center: 2000, width: 3000 };
/** Pythons that may have NumPy; Debian's package belongs to the first. */
const PYTHONS = ["/usr/bin/python3", "python3"];

export interface PeerTimes {
  readonly all: readonly Measured[];
  /** What could not be measured, in words. */
  readonly missing: readonly string[];
}

export async function peerTimes(side: number, rounds: number): Promise<PeerTimes> {
  const folder = await mkdtemp(join(tmpdir(), "udr-bench-"));
  const missing: string[] = [];
  try {
    const frame = new Uint16Array(side * side);
    fillWithScene(frame, side, new Random(1));
    const work: Work[] = [...(await ours(frame, side)), ...libvips(frame, side)];
    if (installed("dcm2pnm", "dump2dcm")) work.push(...(await dcmtk(frame, side, folder)));
    else missing.push("DCMTK is not installed");
    const all = await inTurn(work, rounds);
    const python = PYTHONS.find((one) => run([one, "-c", "import numpy"]).exitCode === 0);
    if (python === undefined) missing.push("NumPy is not installed");
    else all.push(...numpy(python, side, rounds));
    return { all, missing };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One thread, the frame in one place as the others have it. */
async function ours(frame: Uint16Array, side: number): Promise<Work[]> {
  const pixels = side * side;
  const memory = sharedMemory(KERNEL_DATA_BYTES + pixels * 4);
  const kernels = instantiateKernels(await compileKernels(), memory);
  new Uint16Array(memory.buffer, KERNEL_DATA_BYTES, pixels).set(frame);
  const half = KERNEL_DATA_BYTES + pixels * 2;
  const plan = planWindow(WINDOW);
  return [
    {
      name: "half size and window: our kernels, one thread",
      bytes: null,
      run() {
        kernels.halve(KERNEL_DATA_BYTES, side, side, half);
        applyWindow(kernels, half, half + pixels / 2, pixels / 4, plan, 0);
      },
    },
    {
      name: "window: our kernel, one thread",
      bytes: null,
      run: () => applyWindow(kernels, KERNEL_DATA_BYTES, half, pixels, plan, 0),
    },
  ];
}

function libvips(frame: Uint16Array, side: number): Work[] {
  sharp.cache(false);
  const raw = { width: side, height: side, channels: 1 as const };
  const slope = 255 / (WINDOW.width - 1);
  const windowed = (image: Sharp) =>
    image
      .linear(slope, 127.5 - slope * (WINDOW.center - 0.5))
      .toColourspace("b-w")
      .raw({ depth: "uchar" })
      .toBuffer();
  return [...new Set([1, cpus().length])].flatMap((threads) => [
    {
      name: `half size and window: libvips through sharp, ${threads} thread(s)`,
      bytes: null,
      run() {
        sharp.concurrency(threads);
        return windowed(sharp(frame, { raw }).resize({ width: side / 2, kernel: "linear" }));
      },
    },
    {
      name: `window: libvips through sharp, ${threads} thread(s)`,
      bytes: null,
      run() {
        sharp.concurrency(threads);
        return windowed(sharp(frame, { raw }));
      },
    },
  ]);
}

/** A process each time, which reads the object from the cached file; a tiny object tells what its start costs. */
async function dcmtk(frame: Uint16Array, side: number, folder: string): Promise<Work[]> {
  const window = ["+Ww", String(WINDOW.center), String(WINDOW.width)];
  const work = async (name: string, pixels: Uint16Array, size: number): Promise<Work> => {
    const file = join(folder, `${size}.dcm`);
    await Bun.write(join(folder, `${size}.raw`), pixels);
    await Bun.write(join(folder, `${size}.dump`), dumpOf(join(folder, `${size}.raw`), size));
    must(run(["dump2dcm", join(folder, `${size}.dump`), file]));
    const command = ["dcm2pnm", "+opw", ...window, file, join(folder, `${size}.pgm`)];
    return { name, bytes: null, run: () => must(run(command)) };
  };
  return [
    await work("window: dcm2pnm, a process from file to file", frame, side),
    await work("of that its start (dcm2pnm, 8 × 8 pixels)", frame.subarray(0, 64), 8),
  ];
}

const dumpOf = (raw: string, size: number) =>
  [
    "(0008,0016) UI =DigitalXRayImageStorageForPresentation",
    "(0008,0018) UI [1.2.826.0.1.1]",
    "(0028,0002) US 1",
    "(0028,0004) CS [MONOCHROME2]",
    `(0028,0010) US ${size}`,
    `(0028,0011) US ${size}`,
    "(0028,0100) US 16",
    "(0028,0101) US 16",
    "(0028,0102) US 15",
    "(0028,0103) US 0",
    `(7fe0,0010) OW =${raw}`,
    "",
  ].join("\n");

/** Times taken inside Python, so that neither its start nor the making of the frames counts. */
function numpy(python: string, side: number, rounds: number): Measured[] {
  const program = new URL("./numpy-peer.py", import.meta.url).pathname;
  const said = must(run([python, program, ...[side, rounds, FRAMES].map(String)]));
  const times = JSON.parse(said) as Record<string, number[]>;
  return Object.entries(times).map(([name, timesMs]) => ({ name, timesMs, bytes: null }));
}

function run(command: string[]) {
  return Bun.spawnSync(command, { stdout: "pipe", stderr: "pipe" });
}

/** What it printed. @throws Error with what it complains of */
function must(ran: ReturnType<typeof run>): string {
  if (ran.exitCode !== 0) throw new Error(ran.stderr.toString());
  return ran.stdout.toString();
}
