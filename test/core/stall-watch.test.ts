// Stalls of a loop whose time stands still until the test moves it.

import { expect, test } from "bun:test";
import type { Timer } from "../../src/core/clock.ts";
import { STALL_TICK_MS, StallWatch } from "../../src/core/stall-watch.ts";

/** A loop that comes to its one timer when the test lets it. */
function slowLoop() {
  let nowMs = 0;
  let due: (() => void) | null = null;
  return {
    monotonicMs: () => nowMs,
    after(_delayMs: number, fire: () => void): Timer {
      due = fire;
      return {
        cancel: () => {
          due = null;
        },
      };
    },
    /** The loop is busy for so long and looks at its timer then. */
    busy(ms: number) {
      nowMs += ms;
      const fire = due;
      due = null;
      fire?.();
      return fire !== null;
    },
  };
}

test("a loop that comes when it is due has no stalls", () => {
  const loop = slowLoop();
  const watch = new StallWatch(loop);
  watch.start();
  for (let i = 0; i < 10; i++) loop.busy(STALL_TICK_MS);
  expect(watch.stalls.count).toBe(10);
  expect(watch.stalls.maxMs).toBe(0);
});

test("what the loop takes longer than to the next look is a stall", () => {
  const loop = slowLoop();
  const watch = new StallWatch(loop);
  watch.start();
  loop.busy(STALL_TICK_MS);
  loop.busy(STALL_TICK_MS + 40);
  loop.busy(STALL_TICK_MS);
  expect(watch.stalls.figures()).toEqual({ p50: 0, p99: 40, max: 40 });
});

test("after its stop nothing is due, and the figures stay until the next start", () => {
  const loop = slowLoop();
  const watch = new StallWatch(loop);
  watch.start();
  loop.busy(STALL_TICK_MS + 12);
  watch.stop();
  expect(loop.busy(100)).toBe(false);
  expect(watch.stalls.maxMs).toBe(12);
  watch.start();
  expect(watch.stalls.count).toBe(0);
});
