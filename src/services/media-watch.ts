// What is plugged in, kept up to date: looked at in a slow rhythm, and for some seconds in a fast one
// when the bus tells of an arrival, since mounting takes its time. Nobody looks while the beam is on: a
// drive that came meanwhile is found right after.

import type { Clock, Timer } from "../core/clock.ts";
import { Listeners } from "../core/listeners.ts";
import type { Log } from "../core/log.ts";
import type { Drives, MediumInfo } from "../hal/media/media.ts";

const SLOW_CYCLE_MS = 5_000;
const FAST_CYCLE_MS = 500;
/** Seeing, checking and mounting a stick takes about 3.5 s. */
const FAST_FOR_MS = 10_000;

export interface MediaWatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly drives: Pick<Drives, "list">;
  /** An exposure goes on: processes of others would take its frames' time. */
  readonly isExposing: () => boolean;
}

export class MediaWatch {
  /** The whole list, whenever something came, went or changed. */
  readonly changes = new Listeners<readonly MediumInfo[]>();
  readonly #parts: MediaWatchParts;
  #last = "[]";
  #fastUntilMs = 0;
  #timer: Timer | null = null;
  #running = false;
  #looking: Promise<void> | null = null;

  constructor(parts: MediaWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = true;
    this.#again();
  }

  stop(): Promise<void> {
    this.#running = false;
    this.#timer?.cancel();
    return this.#looking ?? Promise.resolve();
  }

  /** Something came or went on the bus. */
  stir(): void {
    this.#fastUntilMs = this.#parts.clock.monotonicMs() + FAST_FOR_MS;
    if (this.#looking === null) this.#again();
  }

  #again(): void {
    if (!this.#running || this.#looking !== null) return;
    this.#timer?.cancel();
    if (this.#parts.isExposing()) {
      // What the bus told of is looked for when the exposure is over, for as long as ever.
      if (this.#isFast()) this.#fastUntilMs = this.#parts.clock.monotonicMs() + FAST_FOR_MS;
      this.#later();
      return;
    }
    this.#looking = this.#look().finally(() => {
      this.#looking = null;
      if (this.#running) this.#later();
    });
  }

  #later(): void {
    const cycleMs = this.#isFast() ? FAST_CYCLE_MS : SLOW_CYCLE_MS;
    this.#timer = this.#parts.clock.after(cycleMs, () => this.#again());
  }

  #isFast(): boolean {
    return this.#parts.clock.monotonicMs() < this.#fastUntilMs;
  }

  async #look(): Promise<void> {
    try {
      const media = await this.#parts.drives.list();
      // The free space of a stick that is written to changes all the time.
      const now = JSON.stringify(media.map(({ freeBytes: _, ...rest }) => rest));
      if (now === this.#last) return;
      this.#last = now;
      this.changes.emit(media);
    } catch (error) {
      this.#parts.log.warn("media-not-listed", { error });
    }
  }
}
