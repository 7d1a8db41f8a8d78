// Filters of a run's frames: noise reduction in time and enhanced edges, as phases over the corrected
// counts. Also what is remembered from one frame to the next, and when it is forgotten.

import type { ProcessingSetting } from "../../model/protocol.ts";
import type { NoiseModel } from "./noise-model.ts";
import type { Band, Shape, Task } from "./pixel-messages.ts";

/** Where a frame stands in its run. */
export interface PlaceInRun {
  /** Tells runs apart. */
  readonly run: number;
  /** The panel's own count: gaps are frames that were lost. */
  readonly deviceFrameId: number;
  /** Begun before the beam: neither filtered nor remembered. */
  readonly afterArm: boolean;
}

/** The two areas of the past take turns. */
type Turn = 0 | 1;

/** How one frame is filtered in time. */
export interface TimeFilter {
  /** The area of the frame before; null: there is none, and this one is the first. */
  readonly previous: Turn | null;
  readonly next: Turn;
  /** Part of the past that is kept where nothing moves, 0 … 1. */
  readonly keep: number;
  /** Noise that is left in still parts, of a single frame's. */
  readonly noiseLeft: number;
}

/** Frames missing in a row that the filter bridges; after more, what it remembers is another picture. */
export const GAP_FRAMES_MAX = 3;
/** At full strength an eighth of each frame is new. */
const OCTAVES_AT_FULL_STRENGTH = 3;

/** Part of a frame that is new in still parts, by the protocol's strength 0 … 1. */
export function newPart(strength: number): number {
  return 2 ** (-OCTAVES_AT_FULL_STRENGTH * Math.min(1, Math.max(0, strength)));
}

/** Noise that is left in still parts once a run goes on, of a single frame's: √(k / (2 − k)). */
export function noiseLeftAt(strength: number): number {
  const k = newPart(strength);
  return Math.sqrt(k / (2 - k));
}

/** What is remembered of the run in hand. */
export class RunHistory {
  #past: {
    readonly run: number;
    readonly modeIndex: number;
    readonly deviceFrameId: number;
    readonly turn: Turn;
    readonly frames: number;
    readonly noiseLeft: number;
  } | null = null;

  /**
   * The filter of the next frame. The first frames are averaged evenly, so that noise falls as fast as it
   * can, until each is as little of the picture as `strength` says.
   */
  next(place: PlaceInRun, modeIndex: number, strength: number): TimeFilter | null {
    const past = this.#past;
    this.#past = null;
    if (place.afterArm || strength <= 0) return null;
    const missing = past === null ? 0 : place.deviceFrameId - past.deviceFrameId - 1;
    const follows =
      past !== null &&
      past.run === place.run &&
      past.modeIndex === modeIndex &&
      missing >= 0 &&
      missing <= GAP_FRAMES_MAX;
    const frames = follows ? past.frames + 1 : 1;
    const part = Math.max(newPart(strength), 1 / frames);
    const noiseLeft = follows ? Math.hypot(part, (1 - part) * past.noiseLeft) : 1;
    const next: Turn = past?.turn === 0 ? 1 : 0;
    const { run, deviceFrameId } = place;
    this.#past = { run, modeIndex, deviceFrameId, turn: next, frames, noiseLeft };
    return { previous: follows ? past.turn : null, next, keep: 1 - part, noiseLeft };
  }

  /** The next frame is a first one. */
  forget(): void {
    this.#past = null;
  }
}

/** Filters of one frame. */
export interface RunFilter {
  /** Null: the frame stands alone. */
  readonly time: TimeFilter | null;
  /** Of a single frame of the mode. */
  readonly noise: NoiseModel;
}

interface FilterPlaces {
  readonly work: number;
  readonly history: readonly [number, number];
  readonly scratch: readonly number[];
}

export interface FilterPhase {
  readonly name: "recursive" | "edge";
  readonly tasks: readonly Task[];
}

/** Detail smaller than this many times the noise that is left is not enhanced. */
const EDGE_NOISE_FACTOR = 1.2;

/** The phases that turn the counts in `work` into filtered ones, there again. */
export function filterPhases(
  { time, noise }: RunFilter,
  { edge }: Pick<ProcessingSetting, "edge">,
  { work, history, scratch }: FilterPlaces,
  shape: Shape,
  bands: readonly Band[],
): readonly FilterPhase[] {
  const phases: FilterPhase[] = [];
  const copy = (source: number, out: number): Task[] =>
    bands.map((band) => ({ type: "correct", source, out, mode: null, shape, band }));
  const each = (task: (band: Band, scratch: number) => Task) =>
    bands.map((band, index) => task(band, scratch[index] ?? 0));
  let source = work;
  if (time !== null) {
    const { previous, keep } = time;
    const out = history[time.next];
    phases.push({
      name: "recursive",
      tasks:
        previous === null
          ? copy(work, out)
          : each((band, own) => ({
              type: "recursive",
              source: work,
              previous: history[previous],
              out,
              keep,
              noise,
              shape,
              band,
              scratch: own,
            })),
    });
    // The first frame is itself, and lies in `work` still.
    if (previous !== null) source = out;
  }
  if (edge > 0) {
    const factor = EDGE_NOISE_FACTOR * (time?.noiseLeft ?? 1);
    // In place it would read what it has written: a frame without a past goes by way of the other area.
    const from = source === work ? history[time === null ? 0 : time.next] : source;
    if (source === work && time === null) phases.push({ name: "edge", tasks: copy(work, from) });
    phases.push({
      name: "edge",
      tasks: each((band, own) => ({
        type: "edge",
        source: from,
        out: work,
        gain: edge,
        noise,
        factor,
        shape,
        band,
        scratch: own,
      })),
    });
  } else if (source !== work) phases.push({ name: "recursive", tasks: copy(source, work) });
  return phases;
}
