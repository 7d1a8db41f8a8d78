// Thread of the pixel pool: gets the compiled kernels and the shared memory once, then runs tasks.

import { serveTasks } from "../worker-thread.ts";
import { instantiateKernels } from "./kernel-module.ts";
import type { PixelStart, Task, TaskResult } from "./pixel-messages.ts";
import { runTask } from "./run-task.ts";

declare const self: Worker;

serveTasks<PixelStart, Task, TaskResult>(self, ({ module, memory }) => {
  const kernels = instantiateKernels(module, memory);
  return (task) => runTask(kernels, memory.buffer, task);
});
