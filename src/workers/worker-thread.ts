// A thread that runs tasks, as the main side holds it: started with one message, asked for results,
// started anew when it dies. What goes to and fro are small records; shared memory goes once.

import { Listeners } from "../core/listeners.ts";

export type ToThread<Start, Task> =
  | { readonly type: "start"; readonly start: Start }
  | { readonly type: "run"; readonly id: number; readonly task: Task };

export type FromThread<Result> =
  | { readonly type: "ready" }
  | { readonly type: "done"; readonly id: number; readonly result: Result }
  | { readonly type: "failed"; readonly id: number; readonly reason: string };

export interface ThreadParts<Start> {
  /** In messages: "pixel worker". */
  readonly name: string;
  /** File of the thread's code. */
  readonly entry: URL;
  readonly start: Start;
}

/** A task failed, or its thread died over it; the thread itself is there again. */
export class WorkerError extends Error {
  override readonly name = "WorkerError";
}

interface Waiting<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: WorkerError) => void;
}

/** Deaths in a row, without one task done in between, after which the thread stays down. */
export const DEATHS_MAX = 5;

export class WorkerThread<Start, Task, Result> {
  /** The thread died; it has been started anew unless it died too often. */
  readonly deaths = new Listeners<WorkerError>();
  readonly #parts: ThreadParts<Start>;
  readonly #waiting = new Map<number, Waiting<Result>>();
  #worker: Worker | null = null;
  #ready: { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void };
  #nextId = 1;
  #deathsInARow = 0;
  #closed = false;

  constructor(parts: ThreadParts<Start>) {
    this.#parts = parts;
    this.#ready = this.#spawn();
  }

  /** Runs a task; tasks run in the order given. @throws WorkerError when it fails or the thread dies. */
  async run(task: Task): Promise<Result> {
    await this.#ready.promise;
    const worker = this.#worker;
    if (this.#closed) throw new WorkerError(`the ${this.#parts.name} was closed`);
    if (worker === null)
      throw new WorkerError(`the ${this.#parts.name} is down; restart the device`);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ type: "run", id, task } satisfies ToThread<Start, Task>);
    });
  }

  /** Resolves when the thread can run tasks. @throws WorkerError when it dies before. */
  started(): Promise<void> {
    return this.#ready.promise;
  }

  close(): void {
    this.#closed = true;
    this.#worker?.terminate();
    this.#worker = null;
    this.#failAll(new WorkerError(`the ${this.#parts.name} was closed`));
  }

  #spawn() {
    const worker = new Worker(this.#parts.entry);
    this.#worker = worker;
    const ready = Promise.withResolvers<void>();
    // Whoever runs a task next sees the rejection; nobody may be waiting right now.
    ready.promise.catch(() => {});
    worker.onmessage = ({ data }: MessageEvent<FromThread<Result>>) => this.#heard(data);
    worker.onerror = (event) => this.#died(worker, reasonOf(event.message));
    worker.addEventListener("close", () => this.#died(worker, "it ended"));
    const { start } = this.#parts;
    worker.postMessage({ type: "start", start } satisfies ToThread<Start, Task>);
    return ready;
  }

  #heard(message: FromThread<Result>): void {
    if (message.type === "ready") {
      this.#ready.resolve();
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    this.#deathsInARow = 0;
    if (message.type === "done") waiting?.resolve(message.result);
    else waiting?.reject(new WorkerError(`${this.#parts.name}: ${message.reason}`));
  }

  #died(worker: Worker, reason: string): void {
    if (this.#closed || worker !== this.#worker) return;
    worker.terminate();
    this.#worker = null;
    this.#deathsInARow++;
    const error = new WorkerError(`the ${this.#parts.name} died (${reason}); try again`);
    this.#failAll(error);
    if (this.#deathsInARow < DEATHS_MAX) this.#ready = this.#spawn();
    this.deaths.emit(error);
  }

  #failAll(error: WorkerError): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#ready.reject(error);
    for (const { reject } of all) reject(error);
  }
}

/** The error's own line: the runtime puts an excerpt of the source around it. */
function reasonOf(message: string): string {
  return /^\w*error: .*$/im.exec(message)?.[0] ?? message;
}

/** The thread's side: answers `start` with ready and every task with its result or its failure. */
export function serveTasks<Start, Task, Result>(
  port: Pick<Worker, "onmessage" | "postMessage">,
  begin: (start: Start) => (task: Task) => Result | Promise<Result>,
): void {
  const answer = (message: FromThread<Result>) => port.postMessage(message);
  let run: ((task: Task) => Result | Promise<Result>) | null = null;
  port.onmessage = async ({ data }: MessageEvent<ToThread<Start, Task>>) => {
    if (data.type === "start") {
      run = begin(data.start);
      answer({ type: "ready" });
      return;
    }
    const { id, task } = data;
    try {
      if (run === null) throw new Error("a task came before the start");
      answer({ type: "done", id, result: await run(task) });
    } catch (error) {
      answer({
        type: "failed",
        id,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  };
}
