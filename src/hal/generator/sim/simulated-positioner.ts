// Stand, table and collimator of the simulation: they stand where they were put.

import type { Geometry } from "../../../model/exposure.ts";
import { degrees, millimetres } from "../../../model/units.ts";
import type { Positioner } from "../generator.ts";

/** An over-table tube above a lying patient, open over the whole panel. */
export const DEFAULT_GEOMETRY: Geometry = {
  sourceToDetectorMm: millimetres(1150),
  sourceToPatientMm: millimetres(900),
  tableHeightMm: millimetres(850),
  tableLongitudinalMm: millimetres(0),
  tableLateralMm: millimetres(0),
  tableMotion: "STATIC",
  tableAngle: degrees(0),
  primaryAngle: degrees(0),
  secondaryAngle: degrees(0),
  positionerMotion: "STATIC",
  columnAngulation: degrees(0),
  collimatorMm: [0, 430, 0, 430],
  grid: "FOCUSED",
};

export interface SimulatedPositioner extends Positioner {
  /** Drives to other values. */
  move(to: Partial<Geometry>): void;
  /** Where everything stands, at once. */
  now(): Geometry;
}

export function simulatedPositioner(start: Partial<Geometry> = {}): SimulatedPositioner {
  let geometry: Geometry = { ...DEFAULT_GEOMETRY, ...start };
  return {
    geometry: async () => geometry,
    now: () => geometry,
    move(to) {
      geometry = { ...geometry, ...to };
    },
  };
}
