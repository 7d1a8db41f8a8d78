// What a tube gives: air kerma free in air by voltage and current-time product. The generator's dose
// values and the simulated panel's signal both come from here, so that they agree.

/** Air kerma of a well filtered tube at 80 kV and 1 m, µGy for 1 mAs. */
const OUTPUT_AT_80_KV = 60;

/**
 * Air kerma in µGy at `distanceMm` from the focus. The output of a tube grows with about the square
 * of the voltage and falls with the square of the distance.
 */
export function airKermaMicroGray(kv: number, mas: number, distanceMm: number): number {
  return OUTPUT_AT_80_KV * (kv / 80) ** 2 * mas * (1000 / distanceMm) ** 2;
}
