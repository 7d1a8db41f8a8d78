// How long the event loop lets others wait: a timer that should fire every few milliseconds, and how
// late it does.

import type { Clock, Timer } from "./clock.ts";
import { DurationHistogram } from "./duration-histogram.ts";

/** Between two looks, ms: half of the stall that is still good. */
export const STALL_TICK_MS = 5;

export class StallWatch {
  readonly stalls = new DurationHistogram();
  readonly #clock: Pick<Clock, "monotonicMs" | "after">;
  #timer: Timer | null = null;

  constructor(clock: Pick<Clock, "monotonicMs" | "after">) {
    this.#clock = clock;
  }

  /** Forgets what was, and looks from now on. */
  start(): void {
    this.stop();
    this.stalls.reset();
    this.#tick();
  }

  /** The figures stay. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #tick(): void {
    const dueMs = this.#clock.monotonicMs() + STALL_TICK_MS;
    this.#timer = this.#clock.after(STALL_TICK_MS, () => {
      this.stalls.add(this.#clock.monotonicMs() - dueMs);
      this.#tick();
    });
  }
}
