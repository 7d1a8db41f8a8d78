// A secondary capture of an exam: the facts of its object, and the bytes behind it. Monochrome for
// pages, RGB for screens (Table 8.1-5, E85).

import type { Configuration } from "../config/configuration.ts";
import type { CaptureFacts } from "../dicom/iod/facts.ts";
import type { Exam, ExamSeries } from "../model/exam.ts";
import type { RawPicture } from "../workers/render/render-task.ts";
import type { SeriesKey } from "./exam-record.ts";
import { deviceIdentity } from "./identity.ts";
import { objectSettings } from "./image-facts.ts";

export type CaptureKind = "dose-page" | "screen";

/** Protocol Name of the series that captures of a kind make up. */
export const CAPTURE_SERIES: Readonly<Record<CaptureKind, string>> = {
  "dose-page": "DOSE PAGE",
  screen: "SCREEN CAPTURE",
};

const SAMPLE_BITS = 8;

/** Captures bear the modality of the examination (E59) and are no part of an image series. */
export function captureSeriesKey(kind: CaptureKind, exam: Exam, bodyPart: string): SeriesKey {
  return { modality: exam.modality, bodyPart, laterality: "", protocolName: CAPTURE_SERIES[kind] };
}

/** The exam has an exposure at least: a capture names the irradiation events it shows. */
export function captureFacts(
  configuration: Configuration,
  exam: Exam,
  series: ExamSeries,
  picture: RawPicture,
  own: {
    readonly sopInstanceUid: string;
    readonly instanceNumber: number;
    readonly contentMs: number;
  },
): CaptureFacts {
  const monochrome = picture.samples === 1;
  return {
    exam,
    series,
    device: deviceIdentity(configuration),
    settings: objectSettings(configuration),
    ...own,
    pixels: {
      rows: picture.rows,
      columns: picture.columns,
      bitsAllocated: SAMPLE_BITS,
      bitsStored: SAMPLE_BITS,
      photometric: monochrome ? "MONOCHROME2" : "RGB",
    },
    window: monochrome ? { center: 128, width: 256 } : undefined,
    acquisitionMs: Math.max(...exam.exposures.map((e) => e.report.startMs)),
    irradiationEventUids: exam.exposures.map((e) => e.irradiationEventUid),
  };
}
