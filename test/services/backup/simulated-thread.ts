// What the backup thread answers where every stick and every disk does what it is asked.

import type {
  BackupAnswer,
  BackupFile,
  BackupTask,
  ListedBackup,
} from "../../../src/model/backup.ts";

export interface SimulatedThread {
  /** What lies on the stick. */
  readonly backups: readonly ListedBackup[];
  /** Text of a backup's configuration. */
  readonly configuration?: string | undefined;
  /** What a backup could not take along. */
  readonly leftOut?: readonly string[];
}

export const BACKED_UP_FILES: readonly BackupFile[] = [
  { name: "config.json", bytes: 2, sha256: "0".repeat(64) },
];

/** The answer to a task that goes well. */
export function answerOf(task: BackupTask, thread: SimulatedThread): BackupAnswer {
  const { backups, configuration = "{}", leftOut = [] } = thread;
  const files = BACKED_UP_FILES;
  switch (task.type) {
    case "back-up": {
      const { origin, madeAt, name } = task;
      const rest = { schema: 4, readableFromSchema: 1, files, leftOut };
      return { type: "backed-up", name, manifest: { ...origin, ...rest, format: 1, madeAt } };
    }
    case "list":
      return { type: "listed", backups };
    case "stage":
      return { type: "staged", files, configuration };
    case "commit":
    case "begin-anew":
      return { type: "committed" };
    case "abandon":
      return { type: "abandoned" };
    case "write-log":
      return { type: "log-written", path: `udr-log/${task.name}.tar` };
    default:
      return task satisfies never;
  }
}
