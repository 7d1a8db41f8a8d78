// Pixel kernels beside memory copy, whole pipelines, and libvips at the same work. Everything is run in
// turn, round after round, over several frames, so that no frame is still in the processor's cache.

import { cpus } from "node:os";
import sharp from "sharp";
import { SystemClock } from "../../src/core/clock.ts";
import { Random } from "../../src/core/random.ts";
import type { CalibrationMap } from "../../src/hal/detector/detector.ts";
import type { ProcessingSetting } from "../../src/model/protocol.ts";
import { listDefects } from "../../src/workers/pixel/defects.ts";
import {
  compileKernels,
  instantiateKernels,
  sharedMemory,
} from "../../src/workers/pixel/kernel-module.ts";
import { KERNEL_DATA_BYTES } from "../../src/workers/pixel/memory-map.ts";
import { PixelPool } from "../../src/workers/pixel/pixel-pool.ts";
import { applyWindow, orient } from "../../src/workers/pixel/run-task.ts";
import { planWindow } from "../../src/workers/pixel/window.ts";
import { build } from "../build-kernels.ts";
import { type BenchTable, median } from "./table.ts";

/** Frames that are taken in turn: more than any cache holds. */
const FRAMES = 6;
const DEFECTS = 6000;
const BITS = 14;
const PROCESSING: ProcessingSetting = {
  characteristic: "logarithmic",
  edge: 0,
  noise: 0,
  windowCutPermille: 5,
  rotate: 0,
  flip: false,
  invert: true,
};

interface Kernel {
  readonly name: string;
  /** Read and written a pixel; null where it is not proportional to the frame. */
  readonly bytesPerPixel: number | null;
  readonly run: (frame: number) => void;
}

/** Options: side (2688), rounds (15). */
export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  await build();
  const { side: sideWord = "2688", rounds: roundsWord = "15" } = options;
  const side = Number(sideWord);
  const rounds = Number(roundsWord);
  const rows = [
    ...(await kernelRows(side, rounds)),
    ...(await pipelineRows(side, rounds)),
    ...(await pipelineRows(side / 2, rounds)),
    ...(await peerRows(side, rounds)),
  ];
  return {
    title: "Pixels",
    note:
      `\`script/bench pixels\`. Frames of ${side}×${side}×16 in the shared memory, ${FRAMES} of them in turn so that ` +
      `none is in the cache; kernels on one thread, pipelines on two; ${rounds} rounds, everything once a round. ` +
      "GB/s counts what is read and written. “× copy” is the time in units of a frame's memory copy in the same rounds, " +
      "“× its bytes” in units of the time that its bytes take at that copy's speed. GB/s and ratios are of the best " +
      "rounds, since on a shared machine others get in between.",
    columns: ["what", "median ms", "best ms", "GB/s", "× copy", "× its bytes"],
    rows,
  };
}

async function kernelRows(side: number, rounds: number): Promise<string[][]> {
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
  const work: Kernel[] = [
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
  ];
  const times = inTurn(
    work.map((kernel) => kernel.run),
    rounds,
  );
  const copyMs = Math.min(...(times[0] ?? []));
  return work.map(({ name, bytesPerPixel }, i) => {
    const best = Math.min(...(times[i] ?? []));
    const speed =
      bytesPerPixel === null
        ? ["", (best / copyMs).toFixed(2), ""]
        : [
            ((pixels * bytesPerPixel) / best / 1e6).toFixed(1),
            (best / copyMs).toFixed(2),
            (best / ((copyMs * bytesPerPixel) / 4)).toFixed(2),
          ];
    return [name, ...medianAndBest(times[i] ?? []), ...speed];
  });
}

const medianAndBest = (times: readonly number[]) => [
  median(times).toFixed(2),
  Math.min(...times).toFixed(2),
];

/** Times of each, ms, all of them once a round; the first rounds warm up. */
function inTurn(work: readonly ((frame: number) => void)[], rounds: number): number[][] {
  const times = work.map((): number[] => []);
  let frame = 0;
  for (let round = -FRAMES; round < rounds; round++)
    for (const [i, one] of work.entries()) {
      frame = (frame + 1) % FRAMES;
      const start = performance.now();
      one(frame);
      if (round >= 0) times[i]?.push(performance.now() - start);
    }
  return times;
}

async function pipelineRows(side: number, rounds: number): Promise<string[][]> {
  const pixels = side * side;
  const mode = { id: "bench", columns: side, rows: side, bitsStored: BITS };
  const slots = { raw: FRAMES, image: 2, display: 2 };
  const pool = await PixelPool.start({ modes: [mode], clock: new SystemClock(), slots });
  try {
    const random = new Random(1);
    const common = { modeId: mode.id, createdMs: 0, temperatureC: 30, frames: 1 };
    const maps: CalibrationMap[] = [
      { kind: "offset", pixels: new Uint16Array(pixels).fill(300), ...common },
      { kind: "gain", pixels: new Uint16Array(pixels).fill(33_000), ...common },
      { kind: "defect", pixels: defectMap(pixels, random), ...common },
    ];
    await pool.loadCalibration(0, maps);
    const [imageSlot, displaySlot] = [pool.image.take() ?? 0, pool.display.take() ?? 0];
    const rawSlots = Array.from({ length: FRAMES }, () => pool.raw.take() ?? 0);
    for (const slot of rawSlots) fillWithScene(pool.raw.uint16(slot, pixels), side, random);
    const common2 = { imageSlot, displaySlot, modeIndex: 0, bitsStored: BITS };
    const window = { center: 8000, width: 9000 };
    const radiograph: number[] = [];
    const turned: number[] = [];
    const fluoro: number[] = [];
    const timed = async (into: number[], round: number, work: () => Promise<unknown>) => {
      const start = performance.now();
      await work();
      if (round >= 0) into.push(performance.now() - start);
    };
    for (let round = -FRAMES; round < rounds; round++) {
      const rawSlot = rawSlots[(round + FRAMES) % FRAMES] ?? 0;
      const request = { ...common2, rawSlot, processing: PROCESSING };
      await timed(radiograph, round, () => pool.processRadiograph(request));
      await timed(turned, round, () =>
        pool.processRadiograph({ ...request, processing: { ...PROCESSING, rotate: 90 } }),
      );
      await timed(fluoro, round, () => pool.processFluoroFrame({ ...request, window }));
    }
    const row = (name: string, times: number[]) => [
      `${name}, ${side}×${side}, two threads`,
      ...medianAndBest(times),
      "",
      "",
      "",
    ];
    return [
      row("radiograph: correction to display", radiograph),
      row("the same, turned by 90°", turned),
      row("fluoroscopy frame, window given", fluoro),
    ];
  } finally {
    pool.close();
  }
}

/** Window and half size: our kernels on one thread, and libvips through sharp on one and on all. */
async function peerRows(side: number, rounds: number): Promise<string[][]> {
  const pixels = side * side;
  const memory = sharedMemory(KERNEL_DATA_BYTES + pixels * 4);
  const kernels = instantiateKernels(await compileKernels(), memory);
  const source = new Uint16Array(memory.buffer, KERNEL_DATA_BYTES, pixels);
  fillWithScene(source, side, new Random(1));
  const half = KERNEL_DATA_BYTES + pixels * 2;
  const small = half + pixels / 2;
  const own = source.slice();
  const plan = planWindow({ center: 2000, width: 3000 });
  const raw = { width: side, height: side, channels: 1 as const };
  const libvips = () =>
    sharp(own, { raw })
      .resize({ width: side / 2, kernel: "linear" })
      .linear(255 / 2999, 127.5 - (255 / 2999) * 1999.5)
      .toColourspace("b-w")
      .raw({ depth: "uchar" })
      .toBuffer();
  const ours: number[] = [];
  const one: number[] = [];
  const many: number[] = [];
  const threads = cpus().length;
  sharp.cache(false);
  const timed = async (into: number[], round: number, work: () => unknown) => {
    const start = performance.now();
    await work();
    if (round >= 0) into.push(performance.now() - start);
  };
  for (let round = -3; round < rounds; round++) {
    await timed(ours, round, () => {
      kernels.halve(KERNEL_DATA_BYTES, side, side, half);
      applyWindow(kernels, half, small, pixels / 4, plan, 0);
    });
    sharp.concurrency(1);
    await timed(one, round, libvips);
    sharp.concurrency(threads);
    await timed(many, round, libvips);
  }
  const row = (name: string, times: number[]) => [name, ...medianAndBest(times), "", "", ""];
  return [
    row("half size and window: our kernels, one thread", ours),
    row("half size and window: libvips through sharp, one thread", one),
    row(`half size and window: libvips through sharp, ${threads} threads`, many),
  ];
}

/** A body in a beam, with noise: neighbours are alike, as in a radiograph. */
function fillWithScene(frame: Uint16Array, side: number, random: Random): void {
  const noise = Float32Array.from({ length: 8191 }, () => random.gaussian());
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const inside = (0.4 * side) ** 2 - (x - side / 2) ** 2 - (y - side / 2) ** 2;
      const level = inside <= 0 ? 12_000 : 12_000 * Math.exp((-8 * Math.sqrt(inside)) / side);
      frame[y * side + x] = 300 + level + (noise[(y * 31 + x) % 8191] ?? 0) * Math.sqrt(level);
    }
}

function defectMap(pixels: number, random: Random): Uint16Array {
  const map = new Uint16Array(pixels);
  for (let i = 0; i < DEFECTS; i++) map[random.int(0, pixels - 1)] = 1;
  return map;
}
