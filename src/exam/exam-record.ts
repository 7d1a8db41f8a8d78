// What happens to an examination's record: pure steps from one record to the next. Who stores them
// and when is exam-service's business.

import { dicomDateTime } from "../core/clock.ts";
import { type MappingSettings, takenFromWorklist } from "../dicom/iod/mapping.ts";
import { bodyPartCode } from "../model/body-parts.ts";
import type { Exam, ExamSeries } from "../model/exam.ts";
import type { Exposure } from "../model/exposure.ts";
import type { ExposureIndexResult } from "../model/exposure-index.ts";
import type { Patient } from "../model/patient.ts";
import type { ImageObject, Laterality, Protocol } from "../model/protocol.ts";
import type { WorklistItem } from "../model/worklist-item.ts";

/** Identifiers made for an exam; the UIDs and the counter are durable and never repeat. */
export interface ExamIdentifiers {
  readonly id: string;
  readonly studyInstanceUid: string;
  readonly mppsSopInstanceUid: string;
  /** 0 … 999999, no two exams of one second share it. */
  readonly counter: number;
}

export interface ExamSettings extends MappingSettings {
  readonly timeZone: string;
  /** Modality where no worklist item says otherwise. */
  readonly modality: string;
  readonly operator: string;
  readonly performingPhysician: string;
}

export interface Registration {
  readonly operator?: string | undefined;
  readonly performingPhysician?: string | undefined;
}

/** A patient as the technician typed it: what is missing is generated. */
export interface TypedPatient {
  readonly id?: string | undefined;
  readonly name: string;
  readonly birthDate?: string | undefined;
  readonly sex?: Patient["sex"];
}

/** An exam that nobody scheduled: emergency or walk-in. */
export function unscheduledExam(
  typed: TypedPatient,
  registration: Registration,
  protocol: Protocol,
  ids: ExamIdentifiers,
  settings: ExamSettings,
  nowMs: number,
): Exam {
  const { date, time } = dicomDateTime(nowMs, settings.timeZone);
  const three = String(ids.counter % 1000).padStart(3, "0");
  // Two emergencies of one second are two patients.
  const patientId = typed.id || `E${date}${time}${three}`;
  return {
    ...common(registration, protocol, ids, settings, nowMs),
    patient: {
      patientId,
      patientName: typed.name || `EMERGENCY^${date}${time}`,
      birthDate: typed.birthDate,
      sex: typed.sex,
      otherPatientIds: [patientId],
    },
    studyInstanceUid: ids.studyInstanceUid,
    // SH: 16 characters at most.
    accessionNumber: `A${date.slice(2)}${time}${three}`,
    studyId: String(ids.counter),
    performedProcedureStepId: `P${date}${time}`,
    referringPhysician: "",
  };
}

/** An exam of a worklist item; values are taken over as Table 8.1-39 says. */
export function scheduledExam(
  item: WorklistItem,
  registration: Registration,
  protocol: Protocol,
  ids: ExamIdentifiers,
  settings: ExamSettings,
  nowMs: number,
): Exam {
  const taken = takenFromWorklist(item, settings);
  return {
    ...common(registration, protocol, ids, settings, nowMs),
    ...taken,
    studyId: item.requestedProcedureId || String(ids.counter),
    modality: item.modality || settings.modality,
    worklistItem: item,
    performingPhysician:
      registration.performingPhysician ??
      (taken.performingPhysician || settings.performingPhysician),
    performedProcedureStepId: taken.performedProcedureStepId || stepId(nowMs, settings.timeZone),
  };
}

/** A further step of a closed study: same study, new step, series counted on. */
export function appendedExam(
  steps: readonly Exam[],
  registration: Registration,
  protocol: Protocol,
  ids: ExamIdentifiers,
  settings: ExamSettings,
  nowMs: number,
): Exam {
  const last = steps.reduce((a, b) => (b.stepNumber > a.stepNumber ? b : a));
  return {
    ...last,
    ...common(registration, protocol, ids, settings, nowMs),
    studyStartedMs: last.studyStartedMs,
    studyDescription: last.studyDescription,
    modality: last.modality,
    stepNumber: last.stepNumber + 1,
    performedProcedureStepId: stepId(nowMs, settings.timeZone),
    endedMs: undefined,
    discontinuationReason: undefined,
  };
}

function common(
  registration: Registration,
  protocol: Protocol,
  ids: ExamIdentifiers,
  settings: ExamSettings,
  nowMs: number,
) {
  return {
    id: ids.id,
    state: "open" as const,
    studyDescription: protocol.studyDescription,
    studyStartedMs: nowMs,
    startedMs: nowMs,
    modality: settings.modality,
    protocolId: protocol.id,
    operator: registration.operator || settings.operator,
    performingPhysician: registration.performingPhysician ?? settings.performingPhysician,
    mppsSopInstanceUid: ids.mppsSopInstanceUid,
    stepNumber: 1,
    series: [],
    exposures: [],
    notices: [],
  };
}

/** Performed Procedure Step ID from date and time, SH. */
function stepId(nowMs: number, timeZone: string): string {
  const { date, time } = dicomDateTime(nowMs, timeZone);
  return `P${date}${time}`;
}

/** The radiation is recorded before anything becomes of its images. */
export function withExposure(exam: Exam, exposure: Exposure): Exam {
  return { ...exam, exposures: [...exam.exposures, exposure] };
}

/** The exposure index found in an exposure's picture is kept with it. */
export function withExposureIndex(
  exam: Exam,
  exposureId: string,
  exposureIndex: ExposureIndexResult,
): Exam {
  return {
    ...exam,
    exposures: exam.exposures.map((e) =>
      e.exposureId === exposureId ? { ...e, exposureIndex } : e,
    ),
  };
}

/** A run of fluoroscopy that was only looked at was saved after all. */
export function withSavedExposure(exam: Exam, exposureId: string): Exam {
  return {
    ...exam,
    exposures: exam.exposures.map((e) => (e.exposureId === exposureId ? { ...e, saved: true } : e)),
  };
}

/** What makes images belong together in one series. */
export interface SeriesKey {
  readonly modality: string;
  readonly bodyPart: string;
  /** "" where the part has no side. */
  readonly laterality: Laterality | "";
  readonly protocolName: string;
}

/** Paired parts have a side or are of unknown side; the others have none. */
export function imageSeriesKey(
  protocol: Protocol,
  exposure: Exposure,
  object: ImageObject,
): SeriesKey {
  const paired = bodyPartCode(protocol.bodyPart)?.paired ?? false;
  return {
    modality: object,
    bodyPart: protocol.bodyPart,
    laterality: paired
      ? (exposure.laterality ?? protocol.laterality ?? ("" as const))
      : ("" as const),
    protocolName: protocol.name,
  };
}

/** The exam's series for such images, or undefined when one must be begun. */
export function seriesFor(exam: Exam, key: SeriesKey): ExamSeries | undefined {
  return exam.series.find(
    (s) =>
      s.modality === key.modality &&
      s.bodyPart === key.bodyPart &&
      s.laterality === key.laterality &&
      s.protocolName === key.protocolName,
  );
}

export function withSeries(exam: Exam, series: ExamSeries): Exam {
  return { ...exam, series: [...exam.series, series] };
}

/** Numbers of image series count from 1 over all steps of a study; reports have 9001 and up. */
export function nextSeriesNumber(steps: readonly Exam[]): number {
  const used = steps.flatMap((e) => e.series.map((s) => s.seriesNumber)).filter((n) => n < 9000);
  return Math.max(0, ...used) + 1;
}

export function endedExam(
  exam: Exam,
  state: "completed" | "discontinued",
  nowMs: number,
  reasonCode?: string,
): Exam {
  return { ...exam, state, endedMs: nowMs, discontinuationReason: reasonCode };
}
