// What the object builders are told: the records of the exam and the few values of the picture or
// report itself. The attribute tables read nothing else.

import type { Code } from "../../model/code.ts";
import type { DeviceIdentity, PanelIdentity } from "../../model/device.ts";
import type { Exam, ExamSeries } from "../../model/exam.ts";
import type { Exposure } from "../../model/exposure.ts";
import type { Protocol } from "../../model/protocol.ts";
import type { Gy, Millimetres, Milliseconds } from "../../model/units.ts";

export interface ObjectSettings {
  /** IANA zone in which dates and times are written. */
  readonly timeZone: string;
  /** An MPPS server is configured, so objects refer to the performed step (E82, E87). */
  readonly mppsConfigured: boolean;
  /** Exposure index attributes with values in DX; the statement has them empty. */
  readonly exposureIndexInDx: boolean;
  /** The optional DX Detector module in XA and RF. */
  readonly detectorModuleInRuns: boolean;
}

/** Common to every object. */
export interface ObjectFacts {
  readonly exam: Exam;
  readonly series: ExamSeries;
  readonly device: DeviceIdentity;
  readonly settings: ObjectSettings;
  readonly sopInstanceUid: string;
  /** Counts the instances of the series from 1. */
  readonly instanceNumber: number;
  /** When the content was made, epoch ms. */
  readonly contentMs: number;
}

export interface PixelFacts {
  readonly rows: number;
  readonly columns: number;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly photometric: "MONOCHROME2" | "RGB";
}

/** Window in stored pixel values; brought into the range of the stored bits when written. */
export interface WindowFacts {
  readonly center: number;
  readonly width: number;
}

/** Common to objects with pixels. */
export interface PictureFacts extends ObjectFacts {
  readonly pixels: PixelFacts;
  /** Undefined for colour. */
  readonly window?: WindowFacts | undefined;
  /** Start of the exposure shown, epoch ms. */
  readonly acquisitionMs: number;
  /** Irradiation events shown: one of an image, any number of a capture. */
  readonly irradiationEventUids: readonly string[];
}

/** Exposure index, target and deviation (IEC 62494-1), as computed by model/exposure-index.ts. */
export interface ExposureIndexFacts {
  readonly index: number;
  readonly target?: number | undefined;
  readonly deviation?: number | undefined;
}

/** Movement during a run, one value a frame: degrees of the positioner, mm of the table. */
export interface MotionFacts {
  readonly primaryAngle?: readonly number[] | undefined;
  readonly secondaryAngle?: readonly number[] | undefined;
  readonly tableVertical?: readonly number[] | undefined;
  readonly tableLongitudinal?: readonly number[] | undefined;
  readonly tableLateral?: readonly number[] | undefined;
}

/** An X-ray image: XA, RF, CR or DX. */
export interface ImageFacts extends PictureFacts {
  readonly protocol: Protocol;
  readonly exposure: Exposure;
  readonly panel: PanelIdentity;
  /** Frames in this instance; 1 makes a single-frame image. */
  readonly frames: number;
  /** Between frames; needed when there is more than one. */
  readonly frameTimeMs?: Milliseconds | undefined;
  /** Part of the panel shown, mm along the rows' and the columns' direction. */
  readonly fieldOfViewMm: readonly [number, number];
  readonly intensifierSizeMm: Millimetres;
  /** Pixel pitch of the stored image at the panel, mm: the panel's where undefined. */
  readonly pixelPitchMm?: Millimetres | undefined;
  readonly exposureIndex?: ExposureIndexFacts | undefined;
  readonly sensitivity?: number | undefined;
  readonly entranceDose?: Gy | undefined;
  readonly burnedInAnnotation?: boolean | undefined;
  readonly motion?: MotionFacts | undefined;
  /** Frames of this instance that make the mask of a subtraction run, from 1; default the first. */
  readonly maskFrames?: readonly number[] | undefined;
}

/** A secondary capture, such as the dose page. */
export interface CaptureFacts extends PictureFacts {
  readonly conversionType?: "WSD" | "SYN" | "DI" | undefined;
}

/** An instance the report lists as evidence (E88). */
export interface EvidenceFacts {
  readonly seriesInstanceUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

export interface ReportEventFacts {
  readonly exposure: Exposure;
  readonly protocolName: string;
  /** Body Part Examined of the event. */
  readonly bodyPart: string;
}

/** A dose report: cumulative over every step of the study. */
export interface ReportFacts extends ObjectFacts {
  /** In order of time; fluoroscopy that was not kept included. */
  readonly events: readonly ReportEventFacts[];
  readonly evidence: readonly EvidenceFacts[];
  /** Code value of CID 10025 (E97). */
  readonly referencePoint: string;
  readonly performedProcedureCodes?: readonly Code[] | undefined;
  /** Given when the clock is disciplined by an outside reference (E90). */
  readonly synchronization?:
    | {
        readonly acquisitionTimeSynchronized: boolean;
        readonly protocol: "NTP" | "SNTP";
      }
    | undefined;
}
