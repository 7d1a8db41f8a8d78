// Durations of something that happens often, counted into narrow bins: quantiles of any number of
// samples in a fixed room, without a sort and without an allocation a sample.

import { assert } from "./assert.ts";

/** Width of a bin, ms; quantiles are right to this. */
export const BIN_MS = 0.1;
/** What takes longer, ms, shares one bin and is answered by the longest. */
export const LONGEST_BINNED_MS = 500;

const BINS = Math.round(LONGEST_BINNED_MS / BIN_MS) + 1;

export interface DurationFigures {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export class DurationHistogram {
  readonly #bins = new Uint32Array(BINS);
  #count = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** The longest, ms; 0 without a sample. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** Negative durations (a wall clock that was set) count as 0. */
  add(ms: number): void {
    const bin = Math.min(BINS - 1, Math.max(0, Math.round(ms / BIN_MS)));
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    this.#count++;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  reset(): void {
    this.#bins.fill(0);
    this.#count = 0;
    this.#maxMs = 0;
  }

  /** The bin in which the share (0 to 1) of all samples is reached, ms; 0 without a sample. */
  quantileMs(share: number): number {
    assert(share >= 0 && share <= 1, "a quantile is a share of the samples");
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bin = 0; bin < BINS - 1; bin++) {
      seen += this.#bins[bin] ?? 0;
      if (seen >= wanted) return Math.min(this.#maxMs, tenths(bin * BIN_MS));
    }
    return this.#maxMs;
  }

  figures(): DurationFigures {
    return {
      p50: this.quantileMs(0.5),
      p99: this.quantileMs(0.99),
      max: tenths(this.#maxMs),
    };
  }
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10;
