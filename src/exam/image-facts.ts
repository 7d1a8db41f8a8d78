// The facts of an image from the records of its exam: what is told to the object builders, before the
// exposure (to see whether an image could be made) and after it.

import type { Configuration } from "../config/configuration.ts";
import { assert } from "../core/assert.ts";
import type { ImageFacts, ObjectSettings, WindowFacts } from "../dicom/iod/facts.ts";
import type { DetectorInfo } from "../hal/detector/detector.ts";
import type { Exam, ExamSeries } from "../model/exam.ts";
import type { Exposure } from "../model/exposure.ts";
import type { Protocol } from "../model/protocol.ts";
import { type Milliseconds, millimetres } from "../model/units.ts";
import { deviceIdentity, panelIdentity } from "./identity.ts";

export interface ImageFactsParts {
  readonly configuration: () => Configuration;
  readonly panel: DetectorInfo;
  /** When the maps that correct a mode's frames were made; null: nothing corrects them. */
  readonly calibratedMs: (modeIndex: number) => number | null;
}

/** What an image is made of; the exam as it is when the header is written. */
export interface ImageSubject {
  readonly exam: Exam;
  readonly series: ExamSeries;
  readonly protocol: Protocol;
  readonly exposure: Exposure;
}

/** The values of one image. */
export interface ImageDetails {
  /** Index into the panel's modes. */
  readonly modeIndex: number;
  readonly columns: number;
  readonly rows: number;
  readonly window: WindowFacts;
  readonly bitsStored: number;
  readonly sopInstanceUid: string;
  readonly instanceNumber: number;
  /** When the content was made, epoch ms. */
  readonly contentMs: number;
  readonly frames: number;
  /** Between frames. */
  readonly frameTimeMs?: Milliseconds | undefined;
  /** Frames of the run in the instances before this one. */
  readonly framesBefore?: number | undefined;
}

/** Settings that every object of the device shares. */
export function objectSettings(configuration: Configuration): ObjectSettings {
  return {
    timeZone: configuration.device.timeZone,
    mppsConfigured: configuration.remotes.some((r) => r.services.includes("mpps")),
    exposureIndexInDx: configuration.acquisition.exposureIndexInDx,
    detectorModuleInRuns: true,
  };
}

export function imageFacts(
  parts: ImageFactsParts,
  { exam, series, protocol, exposure }: ImageSubject,
  details: ImageDetails,
): ImageFacts {
  const configuration = parts.configuration();
  const { geometry } = configuration.acquisition;
  const mode = parts.panel.modes[details.modeIndex];
  assert(mode !== undefined, `mode ${details.modeIndex} of the panel`);
  return {
    exam,
    series,
    device: deviceIdentity(configuration),
    settings: objectSettings(configuration),
    sopInstanceUid: details.sopInstanceUid,
    instanceNumber: details.instanceNumber,
    contentMs: details.contentMs,
    pixels: {
      rows: details.rows,
      columns: details.columns,
      bitsAllocated: 16,
      bitsStored: details.bitsStored,
      photometric: "MONOCHROME2",
    },
    window: details.window,
    acquisitionMs:
      exposure.report.startMs + (details.framesBefore ?? 0) * (details.frameTimeMs ?? 0),
    irradiationEventUids: [exposure.irradiationEventUid],
    protocol,
    exposure,
    panel: panelIdentity(
      parts.panel,
      mode,
      details.bitsStored,
      parts.calibratedMs(details.modeIndex),
      configuration.device.timeZone,
    ),
    frames: details.frames,
    frameTimeMs: details.frames > 1 ? details.frameTimeMs : undefined,
    fieldOfViewMm: [mode.columns * mode.pitchMm, mode.rows * mode.pitchMm],
    intensifierSizeMm: millimetres(geometry.intensifierSizeMm),
    exposureIndex: exposure.exposureIndex,
  };
}
