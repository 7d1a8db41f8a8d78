// Thread that writes file-sets onto media: its calls wait for slow sticks, and nobody else does.

import { realMedium } from "../../hal/media/real-medium.ts";
import { serveTasks } from "../worker-thread.ts";
import type { ExportAnswer, ExportTask } from "./messages.ts";
import { runExportTask } from "./run-task.ts";
import { openSource } from "./source-file.ts";

declare const self: Worker;

serveTasks<null, ExportTask, ExportAnswer>(
  self,
  () => (task) => runExportTask({ medium: realMedium, open: openSource }, task),
);
