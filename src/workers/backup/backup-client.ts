// The main thread's side of the backup thread. It lives for one task: backups are rare, a thread is not free.

import { programEntry } from "../../core/program-file.ts";
import type { BackupAnswer, BackupTask } from "../../model/backup.ts";
import type { SettingsAnswer, SettingsTask } from "../../model/settings-set.ts";
import { WorkerThread } from "../worker-thread.ts";
import type { StickAnswer, StickTask } from "./run-task.ts";

export class BackupClient {
  readonly #running = new Set<WorkerThread<null, StickTask, StickAnswer>>();

  /** @throws WorkerError when the thread dies */
  run(task: BackupTask): Promise<BackupAnswer>;
  run(task: SettingsTask): Promise<SettingsAnswer>;
  async run(task: StickTask): Promise<StickAnswer> {
    const entry = programEntry("backup-worker", import.meta.url);
    const thread = new WorkerThread<null, StickTask, StickAnswer>({
      name: "backup worker",
      entry,
      start: null,
    });
    this.#running.add(thread);
    try {
      return await thread.run(task);
    } finally {
      this.#running.delete(thread);
      thread.close();
    }
  }

  /** Ends what is under way: what it wrote is no backup, and nothing is replaced. */
  close(): void {
    for (const thread of this.#running) thread.close();
  }
}
