// Times of pixel work, how they are taken, and what is read off them.

import { median } from "../table.ts";
import { FRAMES } from "./scene.ts";

/** One piece of work and its times. */
export interface Measured {
  readonly name: string;
  readonly timesMs: readonly number[];
  /** Read and written altogether; null where it is not proportional to the frame. */
  readonly bytes: number | null;
}

export const best = ({ timesMs }: Measured): number => Math.min(...timesMs);
export const middle = ({ timesMs }: Measured): number => median(timesMs);

/** Time in units of the copy's. */
export const ofCopy = (one: Measured, copy: Measured): number => best(one) / best(copy);

/** Time in units of what its bytes take at the copy's speed. */
export function ofItsBytes(one: Measured, copy: Measured): number | null {
  if (one.bytes === null || copy.bytes === null) return null;
  return best(one) / ((best(copy) * one.bytes) / copy.bytes);
}

/** The engine compiles a kernel for good only after it has run many times, as it long has on a device. */
export const WARM_UP_ROUNDS = 40;

/** Work on one of the frames; its time is the whole call, or what it answers, ms. */
export interface Work {
  readonly name: string;
  readonly bytes: number | null;
  readonly run: (frame: number) => unknown;
}

/**
 * Takes every piece of work once a round, over frames in turn, so that no frame is still in the cache
 * and slow rounds meet all. The first WARM_UP_ROUNDS are not counted.
 */
export async function inTurn(work: readonly Work[], rounds: number): Promise<Measured[]> {
  const times = work.map((): number[] => []);
  let frame = 0;
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++)
    for (const [i, { run }] of work.entries()) {
      frame = (frame + 1) % FRAMES;
      const startMs = performance.now();
      const pending = run(frame);
      if (pending instanceof Promise) await pending;
      if (round >= 0) times[i]?.push(performance.now() - startMs);
    }
  return work.map(({ name, bytes }, i) => ({ name, bytes, timesMs: times[i] ?? [] }));
}

/** A row of the table: median, best, GB/s, × copy, × its bytes. */
export function rowOf(one: Measured, copy?: Measured): string[] {
  const row = [one.name, middle(one).toFixed(2), best(one).toFixed(2)];
  if (copy === undefined) return [...row, "", "", ""];
  const gigabytes = one.bytes === null ? "" : (one.bytes / best(one) / 1e6).toFixed(1);
  return [...row, gigabytes, ofCopy(one, copy).toFixed(2), ofItsBytes(one, copy)?.toFixed(2) ?? ""];
}
