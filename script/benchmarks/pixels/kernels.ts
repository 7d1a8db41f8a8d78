// Every kernel on one thread, beside a memory copy of the frame.

import { Random } from "../../../src/core/random.ts";
import { SIMULATED_MODES } from "../../../src/hal/detector/sim/simulated-detector.ts";
import { listDefects } from "../../../src/workers/pixel/defects.ts";
import {
  compileKernels,
  instantiateKernels,
  sharedMemory,
} from "../../../src/workers/pixel/kernel-module.ts";
import { KERNEL_DATA_BYTES } from "../../../src/workers/pixel/memory-map.ts";
import { noiseModel } from "../../../src/workers/pixel/noise-model.ts";
import { applyWindow, orient, runTask } from "../../../src/workers/pixel/run-task.ts";
import { planWindow } from "../../../src/workers/pixel/window.ts";
import { inTurn, type Measured } from "./measured.ts";
import { DEFECTS, defectMap, FRAMES, fillWithScene } from "./scene.ts";

interface KernelWork {
  readonly name: string;
  /** Read and written a pixel; null where it is not proportional to the frame. */
  readonly bytesPerPixel: number | null;
  readonly run: (frame: number) => void;
}

export interface KernelTimes {
  readonly copy: Measured;
  /** To 8 bits, the way most windows go. */
  readonly window: Measured;
  readonly offsetAndGain: Measured;
  /** All of them, the copy first. */
  readonly all: readonly Measured[];
}

export async function kernelTimes(side: number, rounds: number): Promise<KernelTimes> {
  const pixels = side * side;
  const frameBytes = pixels * 2;
  const memory = sharedMemory(KERNEL_DATA_BYTES + (2 * FRAMES + 2) * frameBytes + 16 * 2 ** 20);
  const { buffer } = memory;
  const kernels = instantiateKernels(await compileKernels(), memory);
  const area = (index: number) => KERNEL_DATA_BYTES + index * frameBytes;
  const from = (frame: number) => area(frame);
  const to = (frame: number) => area(FRAMES + frame);
  const [offset, gain, rest] = [area(2 * FRAMES), area(2 * FRAMES + 1), area(2 * FRAMES + 2)];
  const table = rest;
  const scratch = rest + 65536 * 2;
  const records = scratch + 4 * 65536 * 4;

  const random = new Random(1);
  for (let frame = 0; frame < FRAMES; frame++)
    fillWithScene(new Uint16Array(buffer, from(frame), pixels), side, random);
  new Uint16Array(buffer, offset, pixels).fill(300);
  new Uint16Array(buffer, gain, pixels).fill(33_000);
  new Uint16Array(buffer, table, 65536).forEach((_, i, all) => {
    all[i] = 65535 - i;
  });
  const list = new Uint32Array(buffer, records, DEFECTS * 16);
  const defects = listDefects(defectMap(pixels, random), side, side, list) ?? 0;

  const shape = { columns: side, rows: side };
  const band = { rowFrom: 0, rowTo: side };
  const narrow = planWindow({ center: 2000, width: 3000 });
  const wide = planWindow({ center: 30_000.5, width: 60_001 });
  const all = new Uint8Array(buffer);
  const [mode] = SIMULATED_MODES;
  if (mode === undefined) throw new Error("the simulated panel has no mode");
  const noise = noiseModel(mode);
  const work: KernelWork[] = [
    {
      name: "memory copy of a frame",
      bytesPerPixel: 4,
      run: (f) => all.copyWithin(to(f), from(f), from(f) + frameBytes),
    },
    {
      name: "offset and gain, panels to 15 bits",
      bytesPerPixel: 8,
      run: (f) => kernels.correct15(from(f), offset, gain, to(f), pixels),
    },
    {
      name: "offset and gain, 16 bits",
      bytesPerPixel: 8,
      run: (f) => kernels.correct16(from(f), offset, gain, to(f), pixels),
    },
    {
      name: `repair of ${defects} defects`,
      bytesPerPixel: null,
      run: (f) => kernels.repair(to(f), records, defects),
    },
    {
      name: `window to 8 bits (${narrow.by})`,
      bytesPerPixel: 3,
      run: (f) => applyWindow(kernels, from(f), to(f), pixels, narrow, table),
    },
    {
      name: `window to 8 bits, 60001 levels (${wide.by})`,
      bytesPerPixel: 3,
      run: (f) => applyWindow(kernels, from(f), to(f), pixels, wide, table),
    },
    {
      name: "window to 8 bits by table",
      bytesPerPixel: 3,
      run: (f) => kernels.lut8(from(f), to(f), pixels, table),
    },
    {
      name: "curve by table of 16 bits",
      bytesPerPixel: 4,
      run: (f) => kernels.lut16(from(f), to(f), pixels, table),
    },
    ...([180, 90] as const).map((rotate) => ({
      name: `turn by ${rotate}°`,
      bytesPerPixel: 4,
      run: (f: number) => orient(kernels, from(f), to(f), shape, band, { rotate, flip: false }),
    })),
    {
      name: "histogram, 2^16 bins",
      bytesPerPixel: 2,
      run: (f) => {
        all.fill(0, scratch, scratch + 4 * 65536 * 4);
        kernels.histogram(from(f), side, side, side, scratch, 16);
        kernels.foldHistogram(scratch, 16);
      },
    },
    {
      name: "statistics",
      bytesPerPixel: 2,
      run: (f) => kernels.statistics(from(f), side, side, side, scratch),
    },
    {
      name: "half size",
      bytesPerPixel: 2.5,
      run: (f) => kernels.halve(from(f), side, side, to(f)),
    },
    {
      name: "a 16th of the size",
      bytesPerPixel: 2,
      run: (f) => kernels.shrink(from(f), side, side, to(f), 16),
    },
    {
      name: "recursive filter of runs",
      bytesPerPixel: 6,
      run: (f) =>
        runTask(kernels, buffer, {
          type: "recursive",
          source: from(f),
          previous: from((f + 1) % FRAMES),
          out: to(f),
          keep: 0.75,
          noise,
          shape,
          band,
          scratch,
        }),
    },
    {
      name: "edge enhancement of runs",
      bytesPerPixel: 4,
      run: (f) =>
        runTask(kernels, buffer, {
          type: "edge",
          source: from(f),
          out: to(f),
          gain: 1,
          noise,
          factor: 1,
          shape,
          band,
          scratch,
        }),
    },
  ];
  const measured = await inTurn(
    work.map(({ name, bytesPerPixel, run }) => ({
      name,
      bytes: bytesPerPixel === null ? null : pixels * bytesPerPixel,
      run,
    })),
    rounds,
  );
  const named = (start: string): Measured => {
    const found = measured.find(({ name }) => name.startsWith(start));
    if (found === undefined) throw new Error(`no kernel called ${start}`);
    return found;
  };
  return {
    copy: named("memory copy"),
    window: named("window to 8 bits"),
    offsetAndGain: named("offset and gain"),
    all: measured,
  };
}
