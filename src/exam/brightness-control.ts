// Automatic brightness of one run: what was seen of a frame goes in, hints to the generator come out.

import type { Log } from "../core/log.ts";
import type { DetectorMode } from "../hal/detector/detector.ts";
import {
  type BrightnessState,
  lookAtBrightness,
  type PulseTechnique,
  startBrightness,
  withTechnique,
} from "./automatic-brightness.ts";

/** Of full scale, where the panel's maker doesn't state its sensitivity. */
const TARGET_PART_OF_FULL_SCALE = 1 / 16;

/** Counts that the middle of a frame should have. @param microGray air kerma at the panel, of a frame */
export function brightnessTarget(
  { countsPerMicroGray, bitsStored }: Pick<DetectorMode, "countsPerMicroGray" | "bitsStored">,
  microGray: number,
): number {
  return countsPerMicroGray === undefined
    ? 2 ** bitsStored * TARGET_PART_OF_FULL_SCALE
    : countsPerMicroGray * microGray;
}

export interface BrightnessParts {
  /** What the run begins with. */
  readonly technique: PulseTechnique;
  readonly targetCounts: number;
  readonly periodMs: number;
  readonly nowMs: () => number;
  /** Asks the generator; answers what it took, null where it took nothing. */
  readonly adjust: (wanted: PulseTechnique) => PulseTechnique | null;
  readonly log: Log;
}

export class BrightnessControl {
  readonly #parts: BrightnessParts;
  #state: BrightnessState;

  constructor(parts: BrightnessParts) {
    this.#parts = parts;
    this.#state = startBrightness(parts.technique);
  }

  /** A frame that was complete at `atMs` has this mean in its middle. */
  look(centralMean: number, atMs: number): void {
    const { targetCounts, periodMs, nowMs, adjust, log } = this.#parts;
    const before = this.#state;
    const { state, wanted } = lookAtBrightness(before, {
      mean: centralMean,
      atMs,
      nowMs: nowMs(),
      periodMs,
      target: targetCounts,
    });
    this.#state = state;
    if (state.givenUp && !before.givenUp)
      log.warn("brightness-without-answer", { centralMean, targetCounts, ...before.technique });
    const taken = wanted === null ? null : adjust(wanted);
    if (taken !== null) this.#state = withTechnique(state, taken);
  }
}
