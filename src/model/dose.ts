// Dose quantities as decimals: every value is brought to a fixed step once, so that what is written
// for the events adds up to what is written for the totals, to the last digit, in every object.

import type { Exposure } from "./exposure.ts";
import type { Gy, GyM2, Seconds } from "./units.ts";

/** Decimal places written, by quantity. With them a sum of steps stays below 2^53. */
export const DAP_DECIMALS = 12;
export const DOSE_DECIMALS = 9;
export const TIME_DECIMALS = 6;

/** 1 Gy·m² = 10⁵ dGy·cm², so five places fewer say the same. */
const DGYCM2_DECIMALS = DAP_DECIMALS - 5;

/** Rounded to `decimals` places, without trailing zeros and without exponent. */
export function decimalText(value: number, decimals: number): string {
  const text = (steps(value, decimals) / 10 ** decimals).toFixed(decimals);
  return decimals === 0 ? text : text.replace(/\.?0+$/, "");
}

/** Dose-area product in Gy·m² as the dose report writes it. */
export const gyM2Text = (dap: GyM2) => decimalText(dap, DAP_DECIMALS);
/** The same in dGy·cm², as (0018,115E) of images and MPPS has it. Exactly 10⁵ times {@link gyM2Text}. */
export const dGyCm2Text = (dap: GyM2) => {
  const text = (steps(dap, DAP_DECIMALS) / 10 ** DGYCM2_DECIMALS).toFixed(DGYCM2_DECIMALS);
  return text.replace(/\.?0+$/, "");
};
/** Dose in Gy. */
export const gyText = (dose: Gy) => decimalText(dose, DOSE_DECIMALS);
/** Time in seconds. */
export const secondsText = (time: Seconds) => decimalText(time, TIME_DECIMALS);

/** The sum of the values as they are written, each rounded to `decimals` places. */
export function exactSum<Q extends number>(values: readonly Q[], decimals: number): Q {
  const sum = values.reduce((total, value) => total + steps(value, decimals), 0);
  return (sum / 10 ** decimals) as Q;
}

function steps(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals);
}

/** What a study adds up to (PS3.16 TID 10004, 10007); also the totals of MPPS. */
export interface DoseTotals {
  readonly hasFluoroscopy: boolean;
  readonly fluoroDap: GyM2;
  readonly fluoroDoseRp: Gy;
  /** Irradiation duration of fluoroscopy, kept or not. */
  readonly fluoroTime: Seconds;
  readonly acquisitionDap: GyM2;
  readonly acquisitionDoseRp: Gy;
  /** Irradiation duration of radiographs and serial runs. */
  readonly acquisitionTime: Seconds;
  readonly dap: GyM2;
  readonly doseRp: Gy;
  readonly radiographicFrames: number;
}

/** Totals over irradiation events; fluoroscopy and everything else apart, and together. */
export function doseTotals(exposures: readonly Exposure[]): DoseTotals {
  const fluoro = exposures.filter((e) => e.kind === "fluoroscopy");
  const acquisition = exposures.filter((e) => e.kind !== "fluoroscopy");
  const dap = (list: readonly Exposure[]) =>
    exactSum(
      list.map((e) => e.report.dap),
      DAP_DECIMALS,
    );
  const dose = (list: readonly Exposure[]) =>
    exactSum(
      list.map((e) => e.report.doseRp),
      DOSE_DECIMALS,
    );
  const time = (list: readonly Exposure[]) =>
    exactSum(list.map(irradiationDuration), TIME_DECIMALS);
  return {
    hasFluoroscopy: fluoro.length > 0,
    fluoroDap: dap(fluoro),
    fluoroDoseRp: dose(fluoro),
    fluoroTime: time(fluoro),
    acquisitionDap: dap(acquisition),
    acquisitionDoseRp: dose(acquisition),
    acquisitionTime: time(acquisition),
    dap: dap(exposures),
    doseRp: dose(exposures),
    radiographicFrames: acquisition.reduce((sum, e) => sum + e.frames, 0),
  };
}

/** From the first pulse to the end of the last one. */
export function irradiationDuration(exposure: Exposure): Seconds {
  return (exposure.report.durationMs / 1000) as Seconds;
}
