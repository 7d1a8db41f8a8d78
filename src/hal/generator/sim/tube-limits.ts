// What the simulated generator can do, as a table: ranges, steps, power. Current and time go in steps
// of the R'10 series, ten to a decade, as on a console.

/** kV, in steps of 1. */
export const KV_MIN = 40;
export const KV_MAX = 150;
/** Ten preferred numbers of a decade. */
const R10 = [1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8] as const;

function series(from: number, to: number): readonly number[] {
  const out: number[] = [];
  for (let decade = 10 ** Math.floor(Math.log10(from)); decade <= to; decade *= 10)
    for (const step of R10) {
      const value = Number((step * decade).toPrecision(3));
      if (value >= from && value <= to) out.push(value);
    }
  return out;
}

/** mA */
export const MA_STEPS: readonly number[] = series(0.5, 800);
/** ms */
export const MS_STEPS: readonly number[] = series(1, 5000);

export const FOCI = {
  small: { sizeMm: 0.6, powerKw: 40 },
  large: { sizeMm: 1.2, powerKw: 80 },
} as const;

/** Pulses per second of a run. */
export const FPS_MIN = 0.5;
export const FPS_MAX = 30;

/** For a rotating anode on a high-frequency generator. */
export const HEAT_UNITS_PER_JOULE = 1.4;
export const ANODE_HEAT_UNITS_MAX = 400_000;
export const HOUSING_HEAT_UNITS_MAX = 1_500_000;
/** Time in which what is stored falls to 1/e, s. */
export const ANODE_COOLING_S = 180;
export const HOUSING_COOLING_S = 1800;
/** No exposure begins beyond this share of the anode's capacity, and a run ends there. */
export const HEAT_LIMIT_SHARE = 0.95;

/** Fluoroscopy time after which the alarm sounds, s (IEC 60601-2-54: five minutes). */
export const FLUORO_ALARM_S = 300;

/** Nearest step. */
export function nearest(steps: readonly number[], value: number): number {
  return steps.reduce((best, s) => (Math.abs(s - value) < Math.abs(best - value) ? s : best));
}
