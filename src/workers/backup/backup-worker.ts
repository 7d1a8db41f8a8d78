// Thread that makes a backup, brings one back, or puts a log bundle on a stick: it waits for the stick and for SQLite, and nobody else does.

import { realMedium } from "../../hal/media/real-medium.ts";
import type { BackupAnswer, BackupTask } from "../../model/backup.ts";
import { realDisk } from "../../store/real-disk.ts";
import { openSource } from "../export/source-file.ts";
import { serveTasks } from "../worker-thread.ts";
import { runBackupTask } from "./run-task.ts";

declare const self: Worker;

serveTasks<null, BackupTask, BackupAnswer>(
  self,
  () => (task) => runBackupTask({ medium: realMedium, disk: realDisk, open: openSource }, task),
);
