// Thread of the pixel pool: gets the compiled kernels and the shared memory once, then runs tasks.

import { instantiateKernels, type Kernels } from "./kernel-module.ts";
import type { FromPixelWorker, ToPixelWorker } from "./pixel-messages.ts";
import { runTask } from "./run-task.ts";

declare const self: Worker;

let ready: { readonly kernels: Kernels; readonly buffer: ArrayBufferLike } | null = null;

self.onmessage = ({ data }: MessageEvent<ToPixelWorker>) => {
  const answer = (message: FromPixelWorker) => self.postMessage(message);
  if (data.type === "start") {
    const { module, memory } = data;
    ready = { kernels: instantiateKernels(module, memory), buffer: memory.buffer };
    answer({ type: "ready" });
    return;
  }
  try {
    if (ready === null) throw new Error("a task came before the start");
    const result = runTask(ready.kernels, ready.buffer, data.task);
    answer({ type: "done", id: data.id, result });
  } catch (error) {
    answer({ type: "failed", id: data.id, reason: String(error) });
  }
};
