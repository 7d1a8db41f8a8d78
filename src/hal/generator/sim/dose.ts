// Dose of an exposure from its technique and geometry: dose-area product and dose at the reference
// point, as an ionisation chamber behind the collimator would show them.

import type { Geometry } from "../../../model/exposure.ts";
import { type Gy, type GyM2, gy, gyM2 } from "../../../model/units.ts";
import { airKermaMicroGray } from "./tube-output.ts";

/** The reference point lies this far above the tabletop (PS3.16 CID 10025: 30cm above Tabletop). */
const REFERENCE_ABOVE_TABLE_MM = 300;
/** From the tabletop to the panel below it. */
const TABLE_TO_PANEL_MM = 80;
/** Distance of the reference point from the focus is at least this, mm. */
const REFERENCE_DISTANCE_MIN_MM = 300;
/** Field without a collimator's values: the whole panel. */
const PANEL_MM = 430;

export interface Dose {
  readonly dap: GyM2;
  readonly doseRp: Gy;
}

/**
 * Dose-area product does not depend on where it is taken: kerma falls with the square of the
 * distance, the field grows with it. It is computed at the panel.
 */
export function doseOf(kv: number, mas: number, geometry: Geometry): Dose {
  const distance = geometry.sourceToDetectorMm;
  const [left, right, upper, lower] = geometry.collimatorMm ?? [0, PANEL_MM, 0, PANEL_MM];
  const areaM2 = (Math.max(0, right - left) * Math.max(0, lower - upper)) / 1e6;
  const reference = Math.max(
    REFERENCE_DISTANCE_MIN_MM,
    distance - TABLE_TO_PANEL_MM - REFERENCE_ABOVE_TABLE_MM,
  );
  return {
    dap: gyM2((airKermaMicroGray(kv, mas, distance) / 1e6) * areaM2),
    doseRp: gy(airKermaMicroGray(kv, mas, reference) / 1e6),
  };
}
