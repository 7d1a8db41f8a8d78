// What is known of a calibration map besides its pixels.

export const MAP_KINDS = ["offset", "gain", "defect"] as const;
export type MapKind = (typeof MAP_KINDS)[number];

/** candidate: measured and not yet accepted. previous: what `current` replaced, to go back to. */
export type MapState = "current" | "previous" | "candidate";

/** The figures a service engineer compares from one calibration to the next. */
export interface MapFigures {
  /** Offset: counts. Gain: level of the flat frames above the offset, counts. Defect: defective pixels. */
  readonly mean: number;
  /** Over the pixels; of the gain in parts of 1. Defect: of the defective pixels those in lines. */
  readonly sd: number;
  /** Noise of one frame, counts; 0 for defects. */
  readonly noise: number;
}

export interface CalibrationRecord {
  /** Serial number of the panel it was measured on; it holds for no other. */
  readonly panelSerial: string;
  readonly modeId: string;
  readonly kind: MapKind;
  readonly state: MapState;
  readonly figures: MapFigures;
  /** Frames it was measured over. */
  readonly frames: number;
  readonly temperatureC: number;
  readonly createdMs: number;
  /** Of the map's bytes: u16, little endian, row by row. */
  readonly sha256: string;
}
