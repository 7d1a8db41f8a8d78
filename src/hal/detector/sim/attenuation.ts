// How much each material of the phantom weakens the beam, as a table: mass attenuation coefficients
// with coherent scattering in cm²/g, computed with xraylib 4.0 (NIST compositions), which agrees with
// NIST XCOM (SRD 8) to the digits shown.

/** Energies of the spectrum's bins, keV, with the interval each stands for. */
export const ENERGY_BINS = [
  { kev: 30, fromKev: 20, toKev: 35 },
  { kev: 40, fromKev: 35, toKev: 45 },
  { kev: 50, fromKev: 45, toKev: 55 },
  { kev: 60, fromKev: 55, toKev: 70 },
  { kev: 80, fromKev: 70, toKev: 150 },
] as const;

export type Material = "soft" | "lung" | "bone" | "iodine" | "aluminium" | "cesiumIodide";

/** Coefficients in the order of ENERGY_BINS; density in g/cm³. */
export const ATTENUATION: Readonly<
  Record<Material, { readonly density: number; readonly cm2PerGram: readonly number[] }>
> = {
  // Water stands for soft tissue; ICRP soft tissue lies within 4 % of it.
  soft: { density: 1.0, cm2PerGram: [0.3756, 0.2683, 0.2269, 0.2059, 0.1837] },
  // ICRP lung at the density of a deep breath.
  lung: { density: 0.26, cm2PerGram: [0.382, 0.27, 0.227, 0.2052, 0.1824] },
  // ICRP cortical bone.
  bone: { density: 1.85, cm2PerGram: [1.2801, 0.6451, 0.4148, 0.3102, 0.2221] },
  // Contrast agent of 370 mg iodine per millilitre; its water counts as soft tissue.
  iodine: { density: 0.37, cm2PerGram: [8.5617, 22.0958, 12.3235, 7.577, 3.5103] },
  aluminium: { density: 2.7, cm2PerGram: [1.1284, 0.5684, 0.3682, 0.2778, 0.2018] },
  cesiumIodide: { density: 4.51, cm2PerGram: [9.0466, 22.9696, 12.8723, 7.9212, 3.6771] },
};

/** Linear attenuation coefficients per millimetre in the order of ENERGY_BINS. */
export function perMillimetre(material: Material): readonly number[] {
  const { density, cm2PerGram } = ATTENUATION[material];
  return cm2PerGram.map((mu) => (mu * density) / 10);
}
