// Quantiles from bins against quantiles from a sorted list.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { BIN_MS, DurationHistogram, LONGEST_BINNED_MS } from "../../src/core/duration-histogram.ts";

test("without a sample every figure is 0", () => {
  const empty = new DurationHistogram();
  expect(empty.count).toBe(0);
  expect(empty.figures()).toEqual({ p50: 0, p99: 0, max: 0 });
});

test("a quantile is right to the width of a bin, and the longest is exact", () => {
  const durations = fc.array(fc.double({ min: 0, max: LONGEST_BINNED_MS - 1, noNaN: true }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
      const histogram = new DurationHistogram();
      for (const ms of all) histogram.add(ms);
      const sorted = all.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0;
      expect(Math.abs(histogram.quantileMs(share) - exact)).toBeLessThanOrEqual(BIN_MS + 1e-9);
      expect(histogram.maxMs).toBe(sorted.at(-1) ?? 0);
    }),
  );
});

test("one slow case in two hundred shows in the longest, not in p99", () => {
  const histogram = new DurationHistogram();
  for (let i = 0; i < 199; i++) histogram.add(2);
  histogram.add(80);
  expect(histogram.figures()).toEqual({ p50: 2, p99: 2, max: 80 });
});

test("what is longer than all bins is answered by the longest", () => {
  const histogram = new DurationHistogram();
  histogram.add(1);
  histogram.add(2 * LONGEST_BINNED_MS);
  histogram.add(3 * LONGEST_BINNED_MS);
  expect(histogram.quantileMs(0.5)).toBe(3 * LONGEST_BINNED_MS);
  expect(histogram.quantileMs(0.1)).toBe(1);
});

test("a clock that was set back gives 0, not less", () => {
  const histogram = new DurationHistogram();
  histogram.add(-3_600_000);
  expect(histogram.figures()).toEqual({ p50: 0, p99: 0, max: 0 });
});

test("a reset forgets everything", () => {
  const histogram = new DurationHistogram();
  histogram.add(7);
  histogram.reset();
  expect([histogram.count, histogram.maxMs, histogram.quantileMs(1)]).toEqual([0, 0, 0]);
});
