// Checks a technique against the tube's limits and moves it to the generator's steps. Refusals say
// what is possible.

import type { TechniqueSetting } from "../../../model/protocol.ts";
import { GeneratorError } from "../generator.ts";
import {
  FOCI,
  FPS_MAX,
  FPS_MIN,
  KV_MAX,
  KV_MIN,
  MA_STEPS,
  MS_STEPS,
  nearest,
} from "./tube-limits.ts";

/** Largest part of a period that a pulse may take. */
const PULSE_SHARE_MAX = 0.8;

export type AcceptedTechnique = TechniqueSetting & { readonly focus: keyof typeof FOCI };

/** @throws GeneratorError */
export function acceptTechnique(wanted: TechniqueSetting): AcceptedTechnique {
  const focus = wanted.focus ?? "large";
  within("kV", wanted.kv, KV_MIN, KV_MAX);
  within("mA", wanted.ma, MA_STEPS[0] ?? 0, MA_STEPS.at(-1) ?? 0);
  within("ms", wanted.ms, MS_STEPS[0] ?? 0, MS_STEPS.at(-1) ?? 0);
  const kv = Math.round(wanted.kv);
  const ma = nearest(MA_STEPS, wanted.ma);
  const ms = nearest(MS_STEPS, wanted.ms);
  const { powerKw } = FOCI[focus];
  if ((kv * ma) / 1000 > powerKw)
    throw new GeneratorError(
      `${kv} kV with ${ma} mA is ${((kv * ma) / 1000).toFixed(1)} kW; the ${focus} focus takes ` +
        `${powerKw} kW, so choose at most ${Math.floor((powerKw * 1000) / kv)} mA`,
    );
  if (wanted.fps === undefined) return { kv, ma, ms, focus };
  checkPulses(wanted.fps, ms);
  return { kv, ma, ms, focus, fps: wanted.fps };
}

/** The technique with voltage and current as near to those wanted as the tube allows. */
export function adjustedTechnique(
  now: AcceptedTechnique,
  wanted: { readonly kv: number; readonly ma: number },
): AcceptedTechnique {
  const kv = Math.min(KV_MAX, Math.max(KV_MIN, Math.round(wanted.kv)));
  const possible = MA_STEPS.filter((ma) => (kv * ma) / 1000 <= FOCI[now.focus].powerKw);
  return { ...now, kv, ma: nearest(possible, wanted.ma) };
}

/** @throws GeneratorError when pulses of `ms` don't fit `fps` times into a second */
export function checkPulses(fps: number, ms: number): void {
  within("pulses a second", fps, FPS_MIN, FPS_MAX);
  const longest = (PULSE_SHARE_MAX * 1000) / fps;
  if (ms > longest)
    throw new GeneratorError(
      `pulses of ${ms} ms don't fit ${fps} times into a second; choose at most ${Math.floor(longest)} ms`,
    );
}

function within(what: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high))
    throw new GeneratorError(`${value} ${what} is not possible; choose ${low} to ${high} ${what}`);
}
