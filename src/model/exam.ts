// One examination as it is kept: who, what for, what was done. The object builders read it.

import type { Exposure } from "./exposure.ts";
import type { Patient } from "./patient.ts";
import type { WorklistItem } from "./worklist-item.ts";

export type ExamState = "open" | "completed" | "discontinued";

export interface ExamSeries {
  readonly seriesInstanceUid: string;
  readonly seriesNumber: number;
  readonly modality: string;
  readonly bodyPart: string;
  readonly laterality: string;
  readonly protocolName: string;
  readonly startedMs: number;
}

export interface Exam {
  readonly id: string;
  readonly state: ExamState;
  readonly patient: Patient;
  readonly studyInstanceUid: string;
  readonly studyId: string;
  readonly accessionNumber: string;
  readonly studyDescription: string;
  /** Study Date and Time: when the exam was opened; of the first step, where one is appended. */
  readonly studyStartedMs: number;
  readonly startedMs: number;
  readonly endedMs?: number | undefined;
  /** Modality of the examination: of the worklist item, else the configured one. */
  readonly modality: string;
  readonly worklistItem?: WorklistItem | undefined;
  readonly protocolId: string;
  readonly operator: string;
  readonly performingPhysician: string;
  readonly referringPhysician: string;
  /** Reserved when the exam opens, so that every image can refer to it (E28). */
  readonly mppsSopInstanceUid: string;
  readonly performedProcedureStepId: string;
  /** Counts the steps of the study from 1; an appended step has 2, 3, … */
  readonly stepNumber: number;
  readonly discontinuationReason?: string | undefined;
  /** When the operator let the images of a held exam go. */
  readonly releasedMs?: number | undefined;
  readonly series: readonly ExamSeries[];
  readonly exposures: readonly Exposure[];
  /** What the operator should know of the objects made: text that was cut, frames that were lost. */
  readonly notices?: readonly string[] | undefined;
}
