// What the main side and the acquisition thread say to each other. Pixels are never in a message, but
// for calibration maps, which are handed over.

import type { SlotPoolLayout } from "../../core/slot-pool.ts";
import type {
  ArmRequest,
  CalibrationMap,
  DetectorEvent,
  DetectorHealth,
  DetectorInfo,
  SimulatedBeam,
} from "../../hal/detector/detector.ts";
import type { DriverSpec } from "./driver-spec.ts";

export type PanelCall =
  | { readonly method: "open"; readonly buffer: ArrayBufferLike; readonly layout: SlotPoolLayout }
  | { readonly method: "arm"; readonly request: ArmRequest }
  | { readonly method: "factoryCalibration"; readonly modeId: string }
  | { readonly method: "trigger" | "stop" | "close" | "health" };

export type ToAcquisition =
  /** The first message. */
  | { readonly type: "start"; readonly spec: DriverSpec }
  | { readonly type: "call"; readonly id: number; readonly call: PanelCall }
  /** Needs no answer: what follows from it are events. */
  | { readonly type: "abort" }
  /** Nor does this: it shows in the next frames. */
  | { readonly type: "adjust-beam"; readonly beam: SimulatedBeam };

export type PanelAnswer = undefined | DetectorHealth | readonly CalibrationMap[];

export type FromAcquisition =
  | { readonly type: "started"; readonly info: DetectorInfo }
  | { readonly type: "not-started"; readonly message: string }
  | { readonly type: "done"; readonly id: number; readonly value: PanelAnswer }
  | { readonly type: "failed"; readonly id: number; readonly message: string }
  | { readonly type: "event"; readonly event: DetectorEvent };
