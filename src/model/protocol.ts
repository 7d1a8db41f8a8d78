// An acquisition protocol: what the technician picks, and everything that follows from it.

export type ExposureKind = "radiography" | "serial" | "fluoroscopy";
/** The image object a kind of exposure becomes. */
export type ImageObject = "DX" | "CR" | "XA" | "RF";
export type Laterality = "R" | "L" | "U" | "B";

/** What the generator is asked for. kV, mA, ms; pulses per second for runs. */
export interface TechniqueSetting {
  readonly kv: number;
  readonly ma: number;
  readonly ms: number;
  /** Serial runs: frames per second. */
  readonly fps?: number | undefined;
  readonly focus?: "small" | "large" | undefined;
}

/** Latitude compression at most: a fifth of the great differences stays. */
export const LATITUDE_MAX = 0.8;

/** Parameters of the image chain; each stage reads its own. */
export interface ProcessingSetting {
  /** Characteristic applied to corrected detector counts. */
  readonly characteristic: "linear" | "logarithmic";
  /** Edge enhancement gain, 0 = off … 4: what is finer than a millimetre. */
  readonly edge: number;
  /** Noise reduction strength, 0 = off … 1: the part of the noise that is taken away. */
  readonly noise: number;
  /** Radiographs: gain of low contrasts from one to twenty millimetres, 0 = off … 4. Absent: 0. */
  readonly detail?: number | undefined;
  /** Radiographs: compression of great differences in brightness, 0 = off … {@link LATITUDE_MAX}. Absent: 0. */
  readonly latitude?: number | undefined;
  /** Automatic window: part of the relevant histogram cut off at each end, in 1/1000. */
  readonly windowCutPermille: number;
  /** Clockwise quarter turns, then mirrored left to right where `flip` is set. */
  readonly rotate: 0 | 90 | 180 | 270;
  readonly flip: boolean;
  /** Bones dark on bright (false) or, as radiologists read films, bright on dark (true). */
  readonly invert: boolean;
}

export interface Protocol {
  readonly id: string;
  /** Shown on the touch panel; Protocol Name (0018,1030). */
  readonly name: string;
  /** Study Description (0008,1030) tied to the protocol. */
  readonly studyDescription: string;
  /** Body Part Examined (0018,0015), a defined term of the statement's list. */
  readonly bodyPart: string;
  /** View Position (0018,5101): AP, PA, LL, RL, … */
  readonly viewPosition: string;
  /** Patient Orientation (0020,0020): rows, then columns. */
  readonly patientOrientation: readonly [string, string];
  readonly laterality?: Laterality | undefined;
  readonly kind: ExposureKind;
  readonly object: ImageObject;
  readonly technique: TechniqueSetting;
  readonly processing: ProcessingSetting;
  /** Serial runs meant for subtraction carry the Mask module (E99). */
  readonly subtraction?: boolean | undefined;
  /** Target Exposure Index of single radiographs (IEC 62494-1). */
  readonly targetExposureIndex?: number | undefined;
  /** Texts of a worklist item that select this protocol, compared without case. */
  readonly matchKeys: readonly string[];
}
