// The beam as a few energy bins: Kramers' law behind the tube's filter, weighted with what the
// scintillator absorbs. The weights are shares of the signal without an object, so they add up to 1.

import { ENERGY_BINS, perMillimetre } from "./attenuation.ts";

/** Total filtration of the simulated tube. */
const FILTER_AL_MM = 3;
/** Needle-shaped CsI:Tl, packed to about four fifths. */
const SCINTILLATOR_CSI_MM = 0.5 * 0.8;
/** Steps of the integral over one bin, keV. */
const STEP_KEV = 0.5;

/** Share of each bin of ENERGY_BINS in the signal of an open beam at `kv`. */
export function signalShares(kv: number): readonly number[] {
  const filter = perMillimetre("aluminium");
  const scintillator = perMillimetre("cesiumIodide");
  const raw = ENERGY_BINS.map(({ fromKev, toKev }, bin) => {
    let photons = 0;
    for (let kev = fromKev + STEP_KEV / 2; kev < Math.min(toKev, kv); kev += STEP_KEV)
      photons += (kv / kev - 1) * kev * STEP_KEV;
    const through = Math.exp(-(filter[bin] ?? 0) * FILTER_AL_MM);
    const absorbed = 1 - Math.exp(-(scintillator[bin] ?? 0) * SCINTILLATOR_CSI_MM);
    return photons * through * absorbed;
  });
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((share) => share / sum);
}
