// One irradiation event as the generator and the dose meter report it, and where everything stood.

import type { ExposureIndexResult } from "./exposure-index.ts";
import type { ExposureKind, Laterality } from "./protocol.ts";
import type {
  Degrees,
  Gy,
  GyM2,
  KiloVolts,
  MilliAmpereSeconds,
  MilliAmperes,
  Millimetres,
  Milliseconds,
  Seconds,
} from "./units.ts";

export type Termination = "timer" | "aec" | "release" | "fault" | "limit";

/** What really happened, reported when the switch or pedal is let go. One irradiation event. */
export interface ExposureReport {
  /** Join key to the frames' `exposureEvent`. */
  readonly event: number;
  readonly kind: ExposureKind;
  readonly startMs: number;
  readonly durationMs: Milliseconds;
  readonly kv: KiloVolts;
  readonly ma: MilliAmperes;
  /** Total beam-on time. */
  readonly exposureTimeMs: Milliseconds;
  readonly mas: MilliAmpereSeconds;
  readonly pulses: number;
  readonly pulseMs: Milliseconds;
  /** Pulses per second; 0 for a single radiograph. */
  readonly pulseRate: number;
  readonly focusMm: Millimetres;
  readonly filterMaterial: string;
  readonly filterMm: Millimetres;
  readonly dap: GyM2;
  readonly doseRp: Gy;
  readonly terminatedBy: Termination;
}

/** Positions of tube, panel and table at the time of the exposure. */
export interface Geometry {
  readonly sourceToDetectorMm: Millimetres;
  readonly sourceToPatientMm: Millimetres;
  readonly tableHeightMm: Millimetres;
  readonly tableLongitudinalMm: Millimetres;
  readonly tableLateralMm: Millimetres;
  readonly tableMotion: "STATIC" | "DYNAMIC";
  readonly tableAngle: Degrees;
  readonly primaryAngle: Degrees;
  readonly secondaryAngle: Degrees;
  readonly positionerMotion: "STATIC" | "DYNAMIC";
  readonly columnAngulation: Degrees;
  /** Opening of the collimator on the panel, mm: left, right, upper, lower edge from its corner. */
  readonly collimatorMm?: readonly [number, number, number, number] | undefined;
  readonly grid: string;
}

/** A tomographic sweep (PS3.3 C.8.7.7). */
export interface Tomography {
  /** Height of the layer above the table. */
  readonly layerHeightMm: Millimetres;
  readonly angle?: Degrees | undefined;
  readonly timeS?: Seconds | undefined;
  readonly type?: "LINEAR" | "SPIRAL" | "POLYCYCLOIDAL" | "CIRCULAR" | undefined;
  readonly tomoClass?: "MOTION" | "TOMOSYNTHESIS" | undefined;
  readonly sourceImages?: number | undefined;
}

/** One irradiation event kept with its exam. */
export interface Exposure {
  readonly exposureId: string;
  readonly irradiationEventUid: string;
  readonly kind: ExposureKind;
  readonly protocolId: string;
  readonly report: ExposureReport;
  readonly geometry: Geometry;
  /** Frames the panel delivered for it. */
  readonly frames: number;
  /** False: fluoroscopy that was looked at and not kept. */
  readonly saved: boolean;
  /** The side, where the operator gave one that the protocol does not fix. */
  readonly laterality?: Laterality | undefined;
  /** Contrast medium in use; "" when its name is not known, undefined when there was none. */
  readonly contrastAgent?: string | undefined;
  readonly tomography?: Tomography | undefined;
  /** Of a single radiograph, once its picture was looked at. */
  readonly exposureIndex?: ExposureIndexResult | undefined;
}
