// Automatic brightness of fluoroscopy: from the mean counts in the middle of each frame to the voltage and
// current that the next pulses should have. Pure: one state to the next.
//
// Voltage is the fine and first means, a kilovolt is some 7 %; current goes in steps of a fifth and comes
// second, when the voltage has reached its end. After each change only frames count that were exposed with it,
// however long they take to get here, so that the loop cannot swing; what is near enough is left alone.

/** What the pulses have. */
export interface PulseTechnique {
  readonly kv: number;
  readonly ma: number;
}

export interface BrightnessState {
  /** As the generator took it. */
  readonly technique: PulseTechnique;
  readonly start: PulseTechnique;
  /** Frames that ended before this (epoch ms) may be of the technique before: they are not looked at. */
  readonly notBeforeMs: number;
  /** Mean counts when the first change was asked for, and what it should have come to since, as a logarithm. */
  readonly asked: { readonly fromMean: number; readonly expected: number } | null;
  /** The picture did not answer: the technique stays what it was at the start. */
  readonly givenUp: boolean;
}

/** Nothing is changed while the mean is within so much of its target, as a logarithm. */
export const DEAD_BAND = 0.1;
/** Part of the way that is gone at once. */
const DAMPING = 0.6;
/** Frames from a hint until one that was exposed with it alone: the pulse in hand, read-out, the panel's lag. */
const FRAMES_TO_SETTLE = 3;
/** Signal behind a patient grows with this power of the voltage. */
export const VOLTAGE_POWER = 5;
export const KV_STEP_MAX = 4;
export const KV_LEAST = 50;
export const KV_MOST = 110;
/** R'10: a step of current is a quarter up, a fifth down. */
const CURRENT_STEP = 0.223;
/** The current follows only beyond this: a step must not bring it out of the dead band on the other side. */
const CURRENT_BAND = 0.15;
export const MA_LEAST = 1;
export const MA_MOST = 100;
/** After changes of so much the picture must have answered, by at least that part of it. */
const ANSWER_AFTER = 0.3;
const ANSWER_PART = 0.2;

export function startBrightness(technique: PulseTechnique): BrightnessState {
  return { technique, start: technique, notBeforeMs: 0, asked: null, givenUp: false };
}

/** What was seen of a frame, and what is wanted of it. */
export interface BrightnessSeen {
  /** Mean counts of its middle. */
  readonly mean: number;
  /** When it was complete, and now: epoch ms. */
  readonly atMs: number;
  readonly nowMs: number;
  readonly periodMs: number;
  /** Counts. */
  readonly target: number;
}

/**
 * Looks at a frame. `wanted` is what the generator should be asked for; what it took is told by
 * {@link withTechnique}.
 */
export function lookAtBrightness(
  state: BrightnessState,
  { mean, atMs, nowMs, periodMs, target }: BrightnessSeen,
): { readonly state: BrightnessState; readonly wanted: PulseTechnique | null } {
  if (state.givenUp || atMs < state.notBeforeMs) return { state, wanted: null };
  const seen = Math.max(1, mean);
  const { asked } = state;
  if (
    asked !== null &&
    Math.abs(asked.expected) > ANSWER_AFTER &&
    Math.log(seen / asked.fromMean) / asked.expected < ANSWER_PART
  )
    return { state: { ...state, givenUp: true }, wanted: state.start };
  const error = Math.log(target / seen);
  if (Math.abs(error) <= DEAD_BAND) return { state: { ...state, asked: null }, wanted: null };
  const wanted = nextTechnique(state.technique, error);
  if (wanted === null) return { state: { ...state, asked: null }, wanted: null };
  const expected = (asked?.expected ?? 0) + changeOf(state.technique, wanted);
  const fromMean = asked?.fromMean ?? seen;
  const notBeforeMs = nowMs + FRAMES_TO_SETTLE * periodMs;
  return { state: { ...state, asked: { fromMean, expected }, notBeforeMs }, wanted };
}

export function withTechnique(state: BrightnessState, technique: PulseTechnique): BrightnessState {
  return { ...state, technique };
}

/** How much more signal comes of a change, as a logarithm. */
function changeOf(from: PulseTechnique, to: PulseTechnique): number {
  return VOLTAGE_POWER * Math.log(to.kv / from.kv) + Math.log(to.ma / from.ma);
}

function nextTechnique({ kv, ma }: PulseTechnique, error: number): PulseTechnique | null {
  const sign = Math.sign(error);
  const step = (Math.abs(error) * DAMPING * kv) / VOLTAGE_POWER;
  const by = sign * Math.min(KV_STEP_MAX, Math.max(1, Math.round(step)));
  // A technique set beyond these ends is not brought further out, nor in at one blow.
  const next = Math.min(Math.max(kv, KV_MOST), Math.max(Math.min(kv, KV_LEAST), kv + by));
  if (next !== kv) return { kv: next, ma };
  if (Math.abs(error) <= CURRENT_BAND) return null;
  const current = ma * Math.exp(sign * CURRENT_STEP);
  const held = Math.min(Math.max(ma, MA_MOST), Math.max(Math.min(ma, MA_LEAST), current));
  return held === ma ? null : { kv, ma: held };
}
