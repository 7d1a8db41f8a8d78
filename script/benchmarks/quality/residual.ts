// What a corrected picture differs from the truth by, in units of the noise that the quanta alone
// would make.

export interface Residual {
  /** Root mean square of the differences over that of quantum noise. */
  readonly overQuantum: number;
  /** The same over quantum and read noise together: what correction itself adds. */
  readonly overPanel: number;
  /** Mean difference, in counts. */
  readonly biasCounts: number;
  readonly pixels: number;
}

export interface PanelNoise {
  /** Variance over mean of the quantum noise, counts. */
  readonly countsPerQuantum: number;
  /** Variance of everything else that the panel adds, counts². */
  readonly readVariance: number;
}

/** @param counts whether a pixel counts: good, and not saturated */
export function residualOf(
  corrected: ArrayLike<number>,
  truth: ArrayLike<number>,
  { countsPerQuantum, readVariance }: PanelNoise,
  counts: (pixel: number) => boolean,
): Residual {
  let [difference, square, quantum, pixels] = [0, 0, 0, 0];
  for (let i = 0; i < truth.length; i++) {
    if (!counts(i)) continue;
    const ideal = truth[i] ?? 0;
    const left = (corrected[i] ?? 0) - ideal;
    difference += left;
    square += left * left;
    quantum += countsPerQuantum * ideal;
    pixels++;
  }
  return {
    overQuantum: Math.sqrt(square / quantum),
    overPanel: Math.sqrt(square / (quantum + readVariance * pixels)),
    biasCounts: difference / pixels,
    pixels,
  };
}

export interface RepairQuality {
  readonly pixels: number;
  /** Root mean square, in units of the noise of a good pixel there. */
  readonly deviation: number;
  /** Part of the pixels within 3 of it. */
  readonly withinThree: number;
  readonly worst: number;
}

/** How far repaired pixels are from the truth, in units of a good pixel's noise. */
export function repairQuality(
  repaired: ArrayLike<number>,
  truth: ArrayLike<number>,
  { countsPerQuantum, readVariance }: PanelNoise,
  pixels: Iterable<number>,
): RepairQuality {
  let [square, within, worst, count] = [0, 0, 0, 0];
  for (const pixel of pixels) {
    const ideal = truth[pixel] ?? 0;
    const noise = Math.sqrt(countsPerQuantum * ideal + readVariance);
    const off = Math.abs((repaired[pixel] ?? 0) - ideal) / noise;
    square += off * off;
    if (off <= 3) within++;
    worst = Math.max(worst, off);
    count++;
  }
  return {
    pixels: count,
    deviation: Math.sqrt(square / count),
    withinThree: within / count,
    worst,
  };
}
