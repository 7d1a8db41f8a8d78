// The facts of a dose report: every step of the study so far, its irradiation events in order of time,
// the instances that count as evidence (PS3.3 A.35.8; E88).

import { type Configuration, protocolsOf } from "../config/configuration.ts";
import type { EvidenceFacts, ReportFacts } from "../dicom/iod/facts.ts";
import type { Exam, ExamSeries } from "../model/exam.ts";
import { deviceIdentity } from "./identity.ts";
import { objectSettings } from "./image-facts.ts";

export interface ReportDetails {
  /** With the report's own series. */
  readonly exam: Exam;
  readonly series: ExamSeries;
  /** Every step of the study, this exam included. */
  readonly steps: readonly Exam[];
  readonly evidence: readonly EvidenceFacts[];
  readonly sopInstanceUid: string;
  /** When the content was made, epoch ms. */
  readonly contentMs: number;
}

export function reportFacts(configuration: Configuration, details: ReportDetails): ReportFacts {
  const protocols = protocolsOf(configuration);
  const { exam, series, sopInstanceUid, contentMs, evidence } = details;
  return {
    exam,
    series,
    device: deviceIdentity(configuration),
    settings: objectSettings(configuration),
    sopInstanceUid,
    instanceNumber: 1,
    contentMs,
    events: details.steps
      .flatMap((step) => step.exposures)
      .sort((a, b) => a.report.startMs - b.report.startMs)
      .map((exposure) => {
        const protocol = protocols.find((p) => p.id === exposure.protocolId);
        return {
          exposure,
          protocolName: protocol?.name ?? exposure.protocolId,
          bodyPart: protocol?.bodyPart ?? "",
        };
      }),
    evidence,
    referencePoint: configuration.acquisition.referencePoint,
    synchronization: configuration.time.synchronized
      ? { acquisitionTimeSynchronized: true, protocol: "NTP" }
      : undefined,
  };
}
