// A pixel thread that behaves like the real one until it meets the given raw value in its band: then it
// dies without an answer, as a thread does that runs out of memory.

import { instantiateKernels, type Kernels } from "../../../src/workers/pixel/kernel-module.ts";
import type { FromPixelWorker, ToPixelWorker } from "../../../src/workers/pixel/pixel-messages.ts";
import { runTask } from "../../../src/workers/pixel/run-task.ts";

declare const self: Worker;

/** First pixel of a band that kills the thread. */
export const DEADLY_VALUE = 0xdead;

let kernels: Kernels | null = null;
let buffer: ArrayBufferLike | null = null;

self.onmessage = ({ data }: MessageEvent<ToPixelWorker>) => {
  const answer = (message: FromPixelWorker) => self.postMessage(message);
  if (data.type === "start") {
    kernels = instantiateKernels(data.module, data.memory);
    buffer = data.memory.buffer;
    answer({ type: "ready" });
    return;
  }
  if (kernels === null || buffer === null) return;
  const { task, id } = data;
  if (task.type === "correct") {
    const at = task.source + task.band.rowFrom * task.shape.columns * 2;
    if (new Uint16Array(buffer, at, 1)[0] === DEADLY_VALUE) process.exit(1);
  }
  answer({ type: "done", id, result: runTask(kernels, buffer, task) });
};
