// One thread of the pool as the main side holds it: starts it, asks it for one thing at a time, starts
// it anew when it dies.

import { Listeners } from "../../core/listeners.ts";
import { PixelError } from "./pixel-error.ts";
import type { FromPixelWorker, Task, TaskResult, ToPixelWorker } from "./pixel-messages.ts";

export interface ThreadParts {
  /** File of the thread's code. */
  readonly entry: URL;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

interface Waiting {
  readonly resolve: (result: TaskResult) => void;
  readonly reject: (error: Error) => void;
}

/** Deaths in a row, without one task done in between, after which the thread stays down. */
export const DEATHS_MAX = 5;

export class WorkerThread {
  readonly #parts: ThreadParts;
  readonly #waiting = new Map<number, Waiting>();
  readonly deaths = new Listeners<PixelError>();
  #worker: Worker | null = null;
  #ready: Promise<void> = Promise.resolve();
  #nextId = 1;
  #deathsInARow = 0;
  #closed = false;

  constructor(parts: ThreadParts) {
    this.#parts = parts;
    this.#spawn();
  }

  /** Runs a task. @throws PixelError when it fails or the thread dies over it. */
  async run(task: Task): Promise<TaskResult> {
    await this.#ready;
    const worker = this.#worker;
    if (worker === null) throw new PixelError("the pixel worker is down; restart the device");
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ type: "run", id, task } satisfies ToPixelWorker);
    });
  }

  /** Resolves when the thread can run tasks. @throws PixelError when it dies before. */
  started(): Promise<void> {
    return this.#ready;
  }

  /** Ends the thread whatever it is doing, as if it had died: its task fails, a new one starts. */
  restart(reason: string): void {
    this.#died(this.#worker, reason);
  }

  close(): void {
    this.#closed = true;
    this.#worker?.terminate();
    this.#worker = null;
    this.#failAll(new PixelError("the pixel pool was closed"));
  }

  #spawn(): void {
    const worker = new Worker(this.#parts.entry);
    this.#worker = worker;
    this.#ready = new Promise((resolve, reject) => {
      // Id 0 stands for the start.
      this.#waiting.set(0, { resolve: () => resolve(), reject });
    });
    // Whoever runs a task next sees the rejection; nobody may be waiting right now.
    this.#ready.catch(() => {});
    worker.onmessage = ({ data }: MessageEvent<FromPixelWorker>) => this.#heard(data);
    worker.onerror = (event) => this.#died(worker, reasonOf(event.message));
    worker.addEventListener("close", () => this.#died(worker, "it ended"));
    const { module, memory } = this.#parts;
    worker.postMessage({ type: "start", module, memory } satisfies ToPixelWorker);
  }

  #heard(message: FromPixelWorker): void {
    const id = message.type === "ready" ? 0 : message.id;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (message.type === "failed")
      waiting?.reject(new PixelError(`a pixel task failed: ${message.reason}`));
    else if (message.type === "ready") waiting?.resolve({ type: "done" });
    else {
      this.#deathsInARow = 0;
      waiting?.resolve(message.result);
    }
  }

  #died(worker: Worker | null, reason: string): void {
    if (this.#closed || worker === null || worker !== this.#worker) return;
    worker.terminate();
    this.#worker = null;
    this.#deathsInARow++;
    const error = new PixelError(`a pixel worker died (${reason}); the frame in hand is lost`);
    const again = this.#deathsInARow < DEATHS_MAX;
    this.#failAll(error);
    if (again) this.#spawn();
    this.deaths.emit(error);
  }

  #failAll(error: PixelError): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of all) reject(error);
  }
}

/** The error's own line: the runtime puts an excerpt of the source around it. */
function reasonOf(message: string): string {
  return /^\w*error: .*$/im.exec(message)?.[0] ?? message;
}
