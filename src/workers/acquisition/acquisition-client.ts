// The main side of the acquisition thread. The thread's death is a fault of the panel: expose-ready
// falls, whoever waits is told, and a new port has to be started.

import { SystemClock, sleep } from "../../core/clock.ts";
import { programEntry } from "../../core/program-file.ts";
import type { SlotPoolLayout } from "../../core/slot-pool.ts";
import {
  type ArmRequest,
  type CalibrationMap,
  DetectorError,
  type DetectorEvent,
  type DetectorHealth,
  type DetectorInfo,
  type DetectorState,
  type SimulatedBeam,
} from "../../hal/detector/detector.ts";
import type { DriverSpec } from "./driver-spec.ts";
import type { FromAcquisition, PanelAnswer, PanelCall, ToAcquisition } from "./messages.ts";
import type { PanelPort } from "./panel-port.ts";

/**
 * Starts the acquisition thread with a driver.
 * @param entry the thread's code, another one in tests
 * @throws DetectorError when the driver can't be had
 */
export function startAcquisition(
  spec: DriverSpec,
  entry: URL = programEntry("acquisition-worker", import.meta.url),
): Promise<PanelPort> {
  const worker = new Worker(entry);
  return new Promise((resolve, reject) => {
    const failed = (message: string) => {
      worker.terminate();
      reject(new DetectorError(message));
    };
    worker.onerror = (event) => failed(`the acquisition thread did not start: ${event.message}`);
    worker.onmessage = ({ data }: MessageEvent<FromAcquisition>) => {
      if (data.type === "started") resolve(new ThreadPanel(worker, data.info));
      else if (data.type === "not-started") failed(data.message);
    };
    worker.postMessage({ type: "start", spec } satisfies ToAcquisition);
  });
}

/** Longest wait for the driver to close before its thread is ended. */
const CLOSE_WAIT_MS = 1000;

interface Waiting {
  readonly resolve: (value: PanelAnswer) => void;
  readonly reject: (error: DetectorError) => void;
}

class ThreadPanel implements PanelPort {
  readonly info: DetectorInfo;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #state: DetectorState = "disconnected";
  #exposeReady = false;
  #onEvent: (event: DetectorEvent) => void = () => {};
  /** Why nothing can be asked any more. */
  #ended: string | null = null;

  constructor(worker: Worker, info: DetectorInfo) {
    this.info = info;
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromAcquisition>) => this.#heard(data);
    worker.onerror = (event) => this.#died(event.message);
    worker.addEventListener("close", () => this.#died("it ended"));
  }

  async open(
    buffer: ArrayBufferLike,
    layout: SlotPoolLayout,
    onEvent: (event: DetectorEvent) => void,
  ): Promise<void> {
    this.#onEvent = onEvent;
    await this.#ask({ method: "open", buffer, layout });
  }

  async close(): Promise<void> {
    if (this.#ended === null) await this.#ask({ method: "close" });
  }

  state(): DetectorState {
    return this.#state;
  }

  async arm(request: ArmRequest): Promise<void> {
    await this.#ask({ method: "arm", request });
  }

  async trigger(): Promise<void> {
    await this.#ask({ method: "trigger" });
  }

  async stop(): Promise<void> {
    await this.#ask({ method: "stop" });
  }

  abort(): void {
    if (this.#ended === null) this.#worker.postMessage({ type: "abort" } satisfies ToAcquisition);
  }

  adjustBeam(beam: SimulatedBeam): void {
    if (this.#ended === null)
      this.#worker.postMessage({ type: "adjust-beam", beam } satisfies ToAcquisition);
  }

  async health(): Promise<DetectorHealth> {
    // The thread answers with what the method gives.
    return (await this.#ask({ method: "health" })) as DetectorHealth;
  }

  async factoryCalibration(modeId: string): Promise<readonly CalibrationMap[]> {
    return (await this.#ask({
      method: "factoryCalibration",
      modeId,
    })) as readonly CalibrationMap[];
  }

  async terminate(): Promise<void> {
    // A thread that is stuck is ended all the same.
    if (this.#ended === null)
      await Promise.race([
        this.#ask({ method: "close" }).catch(() => undefined),
        sleep(new SystemClock(), CLOSE_WAIT_MS),
      ]);
    this.#ended ??= "the panel's port was terminated";
    this.#worker.terminate();
    this.#failAll(this.#ended);
  }

  #ask(call: PanelCall): Promise<PanelAnswer> {
    if (this.#ended !== null) return Promise.reject(new DetectorError(this.#ended));
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ type: "call", id, call } satisfies ToAcquisition);
    });
  }

  #heard(message: FromAcquisition): void {
    switch (message.type) {
      case "event":
        this.#tell(message.event);
        break;
      case "done":
        this.#settle(message.id)?.resolve(message.value);
        break;
      case "failed":
        this.#settle(message.id)?.reject(new DetectorError(message.message));
        break;
      case "started":
      case "not-started":
        break;
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #tell(event: DetectorEvent): void {
    if (event.type === "state") this.#state = event.state;
    if (event.type === "expose-ready") this.#exposeReady = event.ready;
    this.#onEvent(event);
  }

  #died(why: string): void {
    if (this.#ended !== null) return;
    const reason = `the acquisition thread died (${firstLine(why)}); the panel has to be started anew`;
    this.#ended = reason;
    this.#worker.terminate();
    if (this.#exposeReady) this.#tell({ type: "expose-ready", ready: false });
    this.#tell({ type: "state", state: "fault", reason });
    this.#failAll(reason);
  }

  #failAll(reason: string): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of all) reject(new DetectorError(reason));
  }
}

/** The runtime puts an excerpt of the source around an error's own line. */
function firstLine(message: string): string {
  return /^\w*error: .*$/im.exec(message)?.[0] ?? message.split("\n")[0] ?? message;
}
