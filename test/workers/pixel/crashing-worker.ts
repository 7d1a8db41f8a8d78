// A pixel thread that behaves like the real one until it meets the deadly raw value in its band: then
// it ends without an answer, as a thread does that runs out of memory.

import { exit } from "node:process";
import { instantiateKernels } from "../../../src/workers/pixel/kernel-module.ts";
import type { PixelStart, Task, TaskResult } from "../../../src/workers/pixel/pixel-messages.ts";
import { runTask } from "../../../src/workers/pixel/run-task.ts";
import { serveTasks } from "../../../src/workers/worker-thread.ts";

declare const self: Worker;

const DEADLY_VALUE = 0xdead;

serveTasks<PixelStart, Task, TaskResult>(self, ({ module, memory }) => {
  const kernels = instantiateKernels(module, memory);
  return (task) => {
    if (task.type === "correct") {
      const at = task.source + task.band.rowFrom * task.shape.columns * 2;
      if (new Uint16Array(memory.buffer, at, 1)[0] === DEADLY_VALUE) exit(1);
    }
    return runTask(kernels, memory.buffer, task);
  };
});
