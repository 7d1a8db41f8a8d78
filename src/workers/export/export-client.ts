// The main thread's side of the writing thread.

import { programEntry } from "../../core/program-file.ts";
import { WorkerThread } from "../worker-thread.ts";
import type { ExportAnswer, ExportTask } from "./messages.ts";

/** Who writes file-sets: a thread, or in a test the same thread. */
export interface ExportWriter {
  /** @throws WorkerError when the thread dies */
  run(task: ExportTask): Promise<ExportAnswer>;
}

export class ExportClient implements ExportWriter {
  readonly #thread: WorkerThread<null, ExportTask, ExportAnswer>;

  /** `entry` is the file of the thread's code. */
  constructor(entry: URL = programEntry("export-worker", import.meta.url)) {
    this.#thread = new WorkerThread({ name: "export worker", entry, start: null });
  }

  run(task: ExportTask): Promise<ExportAnswer> {
    return this.#thread.run(task);
  }

  close(): void {
    this.#thread.close();
  }
}
