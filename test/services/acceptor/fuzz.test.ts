// A slice of the association fuzz; the long run is a benchmark part of its own.

import { expect, test } from "bun:test";
import { fuzzAssociations, HANG_MS } from "./association-fuzz.ts";

test("2,000 mutated associations end in a PDU or a close, and leave nothing behind", async () => {
  const result = await fuzzAssociations({ cases: 2000, seed: 20260 });
  expect(Object.values(result.endings).reduce((sum, n) => sum + n, 0)).toBe(2000);
  // the slice meets every kind of answer
  for (const ending of ["abort", "associate-rj", "closed", "release-rp"])
    expect(result.endings[ending] ?? 0).toBeGreaterThan(0);
  expect(result.slowestMs).toBeLessThan(HANG_MS);
}, 60_000);
