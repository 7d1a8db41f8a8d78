// Thread that makes a backup, brings one back, puts a log bundle on a stick, or reads and writes settings: it waits
// for the stick and for SQLite, and nobody else does.

import { realMedium } from "../../hal/media/real-medium.ts";
import { realDisk } from "../../store/real-disk.ts";
import { openSource } from "../export/source-file.ts";
import { serveTasks } from "../worker-thread.ts";
import { runBackupTask, type StickAnswer, type StickTask } from "./run-task.ts";

declare const self: Worker;

serveTasks<null, StickTask, StickAnswer>(
  self,
  () => (task) => runBackupTask({ medium: realMedium, disk: realDisk, open: openSource }, task),
);
