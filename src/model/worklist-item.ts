// One scheduled procedure step as the department scheduler described it (PS3.4 Annex K), reduced to
// what the device uses. Kept in the local database; `id` is ours.

import type { Code, SopReference } from "./code.ts";
import type { Patient } from "./patient.ts";

export interface WorklistItem {
  readonly id: string;
  readonly patient: Patient;
  readonly studyInstanceUid: string;
  readonly accessionNumber: string;
  readonly requestedProcedureId: string;
  readonly requestedProcedureDescription: string;
  readonly requestedProcedureCodes: readonly Code[];
  readonly scheduledProcedureStepId: string;
  readonly scheduledProcedureStepDescription: string;
  readonly scheduledProtocolCodes: readonly Code[];
  readonly scheduledStationAeTitle: string;
  /** DA and TM; empty when the scheduler gave none (quirk W14). */
  readonly scheduledDate: string;
  readonly scheduledTime: string;
  readonly modality: string;
  readonly referringPhysician: string;
  readonly requestingPhysician: string;
  readonly requestingService: string;
  readonly scheduledPerformingPhysician: string;
  readonly referencedStudy: readonly SopReference[];
  readonly placerOrderNumber: string;
  readonly fillerOrderNumber: string;
  readonly scheduledStationName?: string | undefined;
  readonly allergies?: readonly string[] | undefined;
  /** Pregnancy Status: 1 not pregnant, 2 possibly, 3 definitely, 4 unknown. */
  readonly pregnancyStatus?: number | undefined;
  readonly specialNeeds?: string | undefined;
  /** What the operator should know of the item: further names, a UID made here (W4, W10, D9). */
  readonly remarks?: readonly string[] | undefined;
}
