// The panel as the device sees it: modes, states, arming, frames into slots. A driver runs in the
// acquisition thread; what leaves it are slot numbers and small records. Every driver passes
// test/contract/detector.ts.

import type { SlotPool } from "../../core/slot-pool.ts";
import type { FrameHeader, FrameKind } from "../../model/frame.ts";

export type DetectorState =
  | "disconnected"
  | "initializing"
  | "idle"
  | "preparing"
  | "armed"
  | "integrating"
  | "readout"
  | "streaming"
  | "calibrating"
  | "aborting"
  | "fault";

export interface DetectorMode {
  readonly id: string;
  readonly columns: number;
  readonly rows: number;
  readonly binning: 1 | 2 | 4;
  /** Significant bits of the 16 delivered. */
  readonly bitsStored: number;
  /** Pixel pitch in this mode, mm. */
  readonly pitchMm: number;
  readonly maxFps: number;
  readonly readoutMs: number;
  /** Counts for 1 µGy of air kerma at the panel, where the maker states it (exposure index). */
  readonly countsPerMicroGray?: number | undefined;
}

export interface DetectorInfo {
  readonly vendor: string;
  readonly model: string;
  readonly serial: string;
  readonly firmware: string;
  readonly modes: readonly DetectorMode[];
}

/** A gain of 1 in a map's 1.15 fixed point. */
export const UNITY_GAIN = 32768;

/** What a calibration map was made of; the map itself is raw 16-bit data of the mode's size. */
export interface CalibrationMap {
  readonly kind: "offset" | "gain" | "defect";
  readonly modeId: string;
  /** Offset: counts. Gain: 1.15 fixed-point factors ({@link UNITY_GAIN} = 1). Defect: 0 good, else defective. */
  readonly pixels: Uint16Array;
  readonly createdMs: number;
  readonly temperatureC: number;
  readonly frames: number;
}

/**
 * What starts a frame. "free": the panel's own clock, so that the first frame after the beam came on
 * is marked FRAME_FIRST_AFTER_ARM and not shown; with every other one frames begin with the beam.
 */
export type Trigger = "free" | "software" | "extEdge" | "extBulb" | "aed";

export interface ArmRequest {
  readonly modeId: string;
  readonly trigger: Trigger;
  /** Frames to read out before the panel disarms itself; 1 is a radiograph. */
  readonly frames: number | "continuous";
  readonly fps?: number | undefined;
  readonly kind: FrameKind;
  /** Written into every frame's header: the join key to the generator's report. */
  readonly exposureEvent: number;
  /** Beam the phantom of a simulated panel sees; real panels ignore it. */
  readonly beam?: SimulatedBeam | undefined;
}

/** What a panel of software is told about the beam of one frame. */
export interface SimulatedBeam {
  readonly kv: number;
  /** Per frame. */
  readonly mas: number;
  /** What lies on the panel; without it the one the driver was made with. */
  readonly phantom?: PhantomName | undefined;
  /** The collimator's opening on the panel: left, top, right, bottom, mm from its middle; open without. */
  readonly openingMm?: readonly [number, number, number, number] | undefined;
}

/** Bodies, and the plate with a straight edge that sharpness is measured with. */
export const PHANTOM_NAMES = ["thorax", "extremity", "abdomen", "edge"] as const;
export type PhantomName = (typeof PHANTOM_NAMES)[number];

export interface DetectorHealth {
  readonly temperatureC: readonly number[];
  readonly heartbeatAgeMs: number;
  readonly packets: number;
  readonly lost: number;
  readonly resent: number;
  /** Frames dropped because no slot was free. */
  readonly overruns: number;
  /** Frames that came while none was expected. */
  readonly discarded: number;
}

export type DetectorEvent =
  | { readonly type: "state"; readonly state: DetectorState; readonly reason?: string | undefined }
  | { readonly type: "expose-ready"; readonly ready: boolean }
  /** The slot now belongs to the receiver, who gives it back to the pool. */
  | { readonly type: "frame"; readonly slot: number; readonly header: FrameHeader };

export interface Detector {
  readonly info: DetectorInfo;
  /** Connects; frames will be written into slots of `slots`. @throws DetectorError */
  open(slots: SlotPool, onEvent: (event: DetectorEvent) => void): Promise<void>;
  close(): Promise<void>;
  state(): DetectorState;
  /** Makes ready for exposure(s): idle → preparing → armed, then expose-ready. @throws DetectorError */
  arm(request: ArmRequest): Promise<void>;
  /** The beam is on (switch pressed): an armed panel integrates and delivers. @throws DetectorError */
  trigger(): Promise<void>;
  /** A panel of software sees another beam from its next frame on; real panels see it by themselves. */
  adjustBeam?(beam: SimulatedBeam): void;
  /** Ends a continuous run after the frame in hand; disarms an armed panel. */
  stop(): Promise<void>;
  /** Drops everything at once; expose-ready falls first. */
  abort(): void;
  health(): DetectorHealth;
  /** Maps the panel or its simulation ships with; a calibration made later replaces them. */
  factoryCalibration(modeId: string): Promise<readonly CalibrationMap[]>;
}

/** A driver's failure, with what the technician can do. */
export class DetectorError extends Error {
  override readonly name = "DetectorError";
}
