// Slots of a pool for several users on one thread: who finds none free waits for its turn.

import type { SlotPool } from "../core/slot-pool.ts";

export class SlotQueue {
  readonly #pool: Pick<SlotPool, "take" | "release">;
  readonly #waiting: ((slot: number) => void)[] = [];

  /** All slots of `pool` are taken and given back through this queue alone. */
  constructor(pool: Pick<SlotPool, "take" | "release">) {
    this.#pool = pool;
  }

  /** The next free slot. */
  async take(): Promise<number> {
    const slot = this.#waiting.length === 0 ? this.#pool.take() : null;
    return slot ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(slot: number): void {
    this.#pool.release(slot);
    const next = this.#waiting[0];
    const free = next === undefined ? null : this.#pool.take();
    if (next === undefined || free === null) return;
    this.#waiting.shift();
    next(free);
  }
}
