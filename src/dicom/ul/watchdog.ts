// A time-out that is put off often: touching it costs a clock reading, and its timer is set anew
// only when it fires early.

import type { Clock, Timer } from "../../core/clock.ts";

export class Watchdog {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onExpired: () => void;
  #timer: Timer | null = null;
  #watching = false;
  #touchedMs = 0;

  constructor(clock: Clock, limitMs: number, onExpired: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onExpired = onExpired;
  }

  /** Begins to watch, or counts from zero again. */
  touch(): void {
    this.#touchedMs = this.#clock.monotonicMs();
    this.#watching = true;
    if (this.#timer === null) this.#set(this.#limitMs);
  }

  /** Stops watching; the timer is left to run out, for the next touch is often near. */
  rest(): void {
    this.#watching = false;
  }

  /** Stops watching for good. */
  cancel(): void {
    this.#watching = false;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #set(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = null;
      if (!this.#watching) return;
      const leftMs = this.#limitMs - (this.#clock.monotonicMs() - this.#touchedMs);
      // a system timer may fire a fraction of a millisecond early
      if (leftMs >= 1) this.#set(leftMs);
      else {
        this.#watching = false;
        this.#onExpired();
      }
    });
  }
}
