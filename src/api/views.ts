// From the device's own records to the words of the API: times become ISO 8601, absent stays absent.

import type * as exams from "../model/exam.ts";
import type * as exposures from "../model/exposure.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type * as jobs from "../model/job.ts";
import type * as patients from "../model/patient.ts";
import type * as worklist from "../model/worklist-item.ts";
import { isHeld } from "../services/held-exams.ts";
import type {
  Exam,
  ExamInstance,
  Exposure,
  Instance,
  Job,
  Medium,
  Patient,
  WorklistItem,
} from "./contract.ts";

export const isoTime = (epochMs: number): string => new Date(epochMs).toISOString();

/** DA → 2026-01-31; undefined where it is empty or no date. */
export function isoDate(date: string | undefined): string | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(date ?? "");
  return match === null ? undefined : `${match[1]}-${match[2]}-${match[3]}`;
}

/** 2026-01-31 → DA. */
export const dicomDate = (date: string): string => date.replaceAll("-", "");

export function patientView(patient: patients.Patient): Patient {
  const birthDate = isoDate(patient.birthDate);
  return {
    id: patient.patientId,
    name: patient.patientName,
    ...(birthDate === undefined ? {} : { birthDate }),
    ...(patient.sex === undefined ? {} : { sex: patient.sex }),
  };
}

export function exposureView(exposure: exposures.Exposure): Exposure {
  const { report, exposureIndex: found } = exposure;
  return {
    exposureId: exposure.exposureId,
    irradiationEventUid: exposure.irradiationEventUid,
    kind: exposure.kind,
    at: isoTime(report.startMs),
    protocolId: exposure.protocolId,
    frames: exposure.frames,
    saved: exposure.saved,
    kv: report.kv,
    ma: report.ma,
    exposureTimeMs: report.exposureTimeMs,
    mas: report.mas,
    dapGyM2: report.dap,
    doseRpGy: report.doseRp,
    terminatedBy: report.terminatedBy,
    ...(found === undefined ? {} : { exposureIndex: found.index }),
    ...(found?.target === undefined ? {} : { targetExposureIndex: found.target }),
    ...(found?.deviation === undefined ? {} : { deviationIndex: found.deviation }),
  };
}

export function examView(
  exam: exams.Exam,
  instances: readonly InstanceRecord[],
  mpps: { readonly state: Exam["mpps"]["state"]; readonly reason?: string | undefined },
): Exam {
  return {
    id: exam.id,
    state: exam.state,
    patient: patientView(exam.patient),
    studyInstanceUid: exam.studyInstanceUid,
    studyDescription: exam.studyDescription,
    accessionNumber: exam.accessionNumber,
    modality: exam.modality,
    protocolId: exam.protocolId,
    operator: exam.operator,
    performingPhysician: exam.performingPhysician,
    startedAt: isoTime(exam.startedMs),
    ...(exam.endedMs === undefined ? {} : { endedAt: isoTime(exam.endedMs) }),
    ...(exam.discontinuationReason === undefined
      ? {}
      : { discontinuationReason: exam.discontinuationReason }),
    ...(isHeld(exam) ? { held: true } : {}),
    mpps: {
      sopInstanceUid: exam.mppsSopInstanceUid,
      state: mpps.state,
      ...(mpps.reason === undefined ? {} : { reason: mpps.reason }),
    },
    exposures: exam.exposures.map(exposureView),
    instances: instances.map(examInstanceView),
    ...(exam.notices === undefined || exam.notices.length === 0
      ? {}
      : { notices: [...exam.notices] }),
  };
}

export const examInstanceView = (record: InstanceRecord): ExamInstance => ({
  sopInstanceUid: record.sopInstanceUid,
  sopClassUid: record.sopClassUid,
  modality: record.modality,
  numberOfFrames: record.numberOfFrames,
  ...(record.irradiationEventUid === null
    ? {}
    : { irradiationEventUid: record.irradiationEventUid }),
});

export type InstanceStates = Pick<Instance, "send" | "commit" | "print" | "export"> & {
  readonly held?: boolean | undefined;
};

export function instanceView(record: InstanceRecord, states: InstanceStates): Instance {
  return {
    sopInstanceUid: record.sopInstanceUid,
    sopClassUid: record.sopClassUid,
    studyInstanceUid: record.studyInstanceUid,
    seriesInstanceUid: record.seriesInstanceUid,
    modality: record.modality,
    seriesNumber: record.seriesNumber,
    instanceNumber: record.instanceNumber,
    numberOfFrames: record.numberOfFrames,
    rows: record.rows,
    columns: record.columns,
    fileBytes: record.fileBytes,
    createdAt: isoTime(record.createdMs),
    local: record.local,
    ...(record.examId === null ? {} : { examId: record.examId }),
    ...(record.irradiationEventUid === null
      ? {}
      : { irradiationEventUid: record.irradiationEventUid }),
    ...states,
  };
}

/** A job tells its whole log at every change, and its lines do not change. */
const logLines = new WeakMap<jobs.JobLogLine, Job["log"][number]>();

function logLineView(line: jobs.JobLogLine): Job["log"][number] {
  const view = logLines.get(line) ?? { at: isoTime(line.atMs), text: line.text };
  logLines.set(line, view);
  return view;
}

export function jobView(job: jobs.Job): Job {
  const { parameters } = job;
  return {
    id: job.id,
    type: job.type,
    state: job.state,
    progress: { done: job.progress.done, total: job.progress.total },
    attempts: job.attempts,
    ...(job.nextAttemptMs === undefined ? {} : { nextAttemptAt: isoTime(job.nextAttemptMs) }),
    ...(job.reason === undefined ? {} : { reason: job.reason }),
    log: job.log.map(logLineView),
    createdAt: isoTime(job.createdMs),
    ...("remoteId" in parameters ? { remoteId: parameters.remoteId } : {}),
    ...("studyInstanceUid" in parameters ? { studyInstanceUid: parameters.studyInstanceUid } : {}),
    ...(parameters.type === "export" ? { target: parameters.target.device } : {}),
  };
}

export function worklistItemView(item: worklist.WorklistItem, examId?: string): WorklistItem {
  const day = isoDate(item.scheduledDate);
  const clock = /^(\d{2})(\d{2})(\d{2})?/.exec(item.scheduledTime);
  const scheduledAt = day && clock ? `${day}T${clock[1]}:${clock[2]}:${clock[3] ?? "00"}` : day;
  return {
    id: item.id,
    patient: patientView(item.patient),
    studyInstanceUid: item.studyInstanceUid,
    accessionNumber: item.accessionNumber,
    requestedProcedureId: item.requestedProcedureId,
    requestedProcedureDescription: item.requestedProcedureDescription,
    scheduledProcedureStepId: item.scheduledProcedureStepId,
    scheduledProcedureStepDescription: item.scheduledProcedureStepDescription,
    ...(scheduledAt === undefined ? {} : { scheduledAt }),
    modality: item.modality,
    referringPhysician: item.referringPhysician,
    ...(item.patient.comments === undefined ? {} : { comments: item.patient.comments }),
    ...(item.patient.medicalAlerts === undefined
      ? {}
      : { medicalAlerts: [...item.patient.medicalAlerts] }),
    ...(item.allergies === undefined ? {} : { allergies: [...item.allergies] }),
    ...(item.pregnancyStatus === undefined ? {} : { pregnancyStatus: item.pregnancyStatus }),
    ...(item.specialNeeds === undefined ? {} : { specialNeeds: item.specialNeeds }),
    ...((item.remarks ?? []).length === 0 ? {} : { remarks: [...(item.remarks ?? [])] }),
    ...(examId === undefined ? {} : { examId }),
  };
}

export const mediumView = ({ sizeBytes, freeBytes, reason, ...rest }: MediumFacts): Medium => ({
  ...rest,
  ...(sizeBytes === undefined ? {} : { sizeBytes }),
  ...(freeBytes === undefined ? {} : { freeBytes }),
  ...(reason === undefined ? {} : { reason }),
});

type MediumFacts = { readonly [K in keyof Medium]: Medium[K] | undefined } & Required<
  Pick<Medium, "kind" | "device" | "label" | "usable">
>;
