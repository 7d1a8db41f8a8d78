// Objects of an exposure that has not been made: image and dose report are built for trial from what
// is known before, so that no value is found missing after a patient was irradiated.

import type { Configuration } from "../config/configuration.ts";
import { IodError, type IodProblem } from "../dicom/iod/iod-error.ts";
import { buildDoseReport } from "../dicom/iod/objects.ts";
import { reportSeriesNumber } from "../dicom/iod/uid.ts";
import type { Exam, ExamSeries } from "../model/exam.ts";
import type { Exposure } from "../model/exposure.ts";
import type { ExposureKind, ImageObject, Protocol, TechniqueSetting } from "../model/protocol.ts";
import {
  gy,
  gyM2,
  kiloVolts,
  milliAmpereSeconds,
  milliAmperes,
  millimetres,
  milliseconds,
} from "../model/units.ts";
import { reportFacts } from "./dose-report.ts";
import { type SeriesKey, seriesFor } from "./exam-record.ts";
import { type ImageMaker, PROBE_UID } from "./image-maker.ts";

export interface Rehearsal {
  readonly exam: Exam;
  readonly protocol: Protocol;
  readonly object: ImageObject;
  readonly technique: TechniqueSetting;
  readonly kind: ExposureKind;
  /** Pulses per second; 0 for a radiograph. */
  readonly fps: number;
  /** Index into the panel's modes. */
  readonly modeIndex: number;
  /** What is prepared besides. */
  readonly prepared: Pick<Exposure, "geometry" | "laterality" | "contrastAgent" | "tomography">;
  readonly seriesKey: (exposure: Exposure) => SeriesKey;
  readonly nowMs: number;
}

/** What would keep image or report from being made. Empty: the exposure may be made. */
export function rehearse(
  images: Pick<ImageMaker, "problems">,
  configuration: Configuration,
  rehearsal: Rehearsal,
): readonly IodProblem[] {
  const { exam, protocol, object, modeIndex, kind, nowMs } = rehearsal;
  const problems: IodProblem[] = [];
  for (const frames of kind === "radiography" ? [1] : [1, 2]) {
    const exposure = exposureOf(rehearsal, frames);
    const key = rehearsal.seriesKey(exposure);
    const series = seriesFor(exam, key) ?? newSeries(key, nowMs);
    problems.push(...images.problems({ exam, series, protocol, exposure }, object, modeIndex));
  }
  return [...problems, ...reportProblems(configuration, rehearsal)].filter(isFirst);
}

function reportProblems(configuration: Configuration, rehearsal: Rehearsal): readonly IodProblem[] {
  const { exam, protocol, nowMs } = rehearsal;
  const withIt = { ...exam, exposures: [...exam.exposures, exposureOf(rehearsal, 1)] };
  const series: ExamSeries = {
    ...newSeries(
      { modality: "SR", bodyPart: "", laterality: "", protocolName: protocol.name },
      nowMs,
    ),
    seriesNumber: reportSeriesNumber(exam.stepNumber),
  };
  try {
    buildDoseReport(
      reportFacts(configuration, {
        exam: withIt,
        series,
        steps: [withIt],
        evidence: [],
        sopInstanceUid: PROBE_UID,
        contentMs: nowMs,
      }),
    );
    return [];
  } catch (error) {
    if (error instanceof IodError) return error.problems;
    throw error;
  }
}

/** An exposure as it will be, with doses of any size. */
function exposureOf({ technique, kind, fps, ...rest }: Rehearsal, frames: number): Exposure {
  const { kv, ma, ms } = technique;
  return {
    ...rest.prepared,
    exposureId: "exposure-0",
    irradiationEventUid: PROBE_UID,
    kind,
    protocolId: rest.protocol.id,
    report: {
      event: 0,
      kind,
      startMs: rest.nowMs,
      durationMs: milliseconds(ms),
      kv: kiloVolts(kv),
      ma: milliAmperes(ma),
      exposureTimeMs: milliseconds(ms),
      mas: milliAmpereSeconds((ma * ms) / 1000),
      pulses: 1,
      pulseMs: milliseconds(ms),
      pulseRate: fps,
      focusMm: millimetres(1),
      filterMaterial: "ALUMINUM",
      filterMm: millimetres(1),
      dap: gyM2(1e-6),
      doseRp: gy(1e-6),
      terminatedBy: "timer",
    },
    frames,
    saved: true,
  };
}

const newSeries = (key: SeriesKey, nowMs: number): ExamSeries => ({
  ...key,
  seriesInstanceUid: PROBE_UID,
  seriesNumber: 1,
  startedMs: nowMs,
});

function isFirst(problem: IodProblem, at: number, all: readonly IodProblem[]): boolean {
  const same = (other: IodProblem) =>
    other.attribute === problem.attribute && other.what === problem.what;
  return all.findIndex(same) === at;
}
