// How long a job waits before it is tried again.

import type { Random } from "../core/random.ts";

/** No back-off grows beyond this. */
export const BACKOFF_MAX_MS = 15 * 60_000;

/**
 * Wait after the peer put an association off (quirk A16): doubles with each time in a row, and is
 * shortened by chance to between half and all of it, so that devices don't come back together.
 */
export function backoffMs(baseMs: number, postponements: number, random: Random): number {
  const full = Math.min(BACKOFF_MAX_MS, baseMs * 2 ** Math.min(postponements, 20));
  return Math.round(full * (0.5 + random.next() / 2));
}
