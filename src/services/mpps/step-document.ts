// What is told of a performed step: N-CREATE when it began, N-SET when it ended (Table 4.2-39, PS3.4
// §F.7.2), from the exam's record and its durable instances. Type 1 values are never empty (M3).

import { dicomDateTime } from "../../core/clock.ts";
import { type Value, type Values, values } from "../../dicom/ae/attribute-rows.ts";
import { stepDataSet } from "../../dicom/ae/mpps/attributes.ts";
import { DataSet, type Element, type TextVr } from "../../dicom/data/data-set.ts";
import { truncateText } from "../../dicom/data/text-limits.ts";
import { Tag } from "../../dicom/dict/attributes.ts";
import { SopClassUid } from "../../dicom/dict/uids.ts";
import { PERSON_NAME_GROUP_CHARS } from "../../dicom/iod/modules/patient.ts";
import type { Code } from "../../model/code.ts";
import type { Exam } from "../../model/exam.ts";
import type { InstanceRecord } from "../../model/instance.ts";
import { discontinuationReason } from "./discontinuation-reasons.ts";

/** Who performed the step. */
export interface PerformingStation {
  readonly aeTitle: string;
  readonly stationName: string;
  readonly timeZone: string;
}

export interface StepDocument {
  readonly dataSet: DataSet;
  /** Attributes whose text was too long and was cut (D12). */
  readonly truncated: readonly number[];
}

export type EndedExam = Exam & { readonly state: "completed" | "discontinued" };
export type StepInstance = Pick<
  InstanceRecord,
  "sopInstanceUid" | "sopClassUid" | "seriesInstanceUid"
>;

/** The step as it began: N-CREATE, IN PROGRESS. Everything that only its end tells is empty. */
export function createDocument(exam: Exam, station: PerformingStation): StepDocument {
  const { patient } = exam;
  const { date, time } = dicomDateTime(exam.startedMs, station.timeZone);
  return fitted(
    stepDataSet(
      "create",
      values(
        [Tag.Modality, exam.modality],
        [Tag.PatientName, patient.patientName],
        [Tag.PatientID, patient.patientId],
        [Tag.PatientBirthDate, patient.birthDate],
        // As in the images (E61).
        [Tag.PatientSex, patient.sex ?? "O"],
        [Tag.StudyID, exam.studyId],
        [Tag.PerformedStationAETitle, station.aeTitle],
        [Tag.PerformedStationName, station.stationName],
        [Tag.PerformedProcedureStepStartDate, date],
        [Tag.PerformedProcedureStepStartTime, time],
        [Tag.PerformedProcedureStepStatus, "IN PROGRESS"],
        [Tag.PerformedProcedureStepID, stepId(exam, date, time)],
        [Tag.PerformedProcedureStepDescription, stepDescription(exam)],
        [Tag.ScheduledStepAttributesSequence, [scheduledAttributes(exam)]],
      ),
    ),
  );
}

/** The step as it ended: N-SET with one item for every series that has an instance (E26). */
export function setDocument(
  exam: EndedExam,
  instances: readonly StepInstance[],
  station: PerformingStation,
): StepDocument {
  const { date, time } = dicomDateTime(exam.endedMs ?? exam.startedMs, station.timeZone);
  const reason =
    exam.state === "discontinued"
      ? [codeValues(discontinuationReason(exam.discontinuationReason))]
      : undefined;
  const document = stepDataSet(
    "set",
    values(
      [Tag.PerformedProcedureStepEndDate, date],
      [Tag.PerformedProcedureStepEndTime, time],
      [Tag.PerformedProcedureStepStatus, exam.state === "completed" ? "COMPLETED" : "DISCONTINUED"],
      [Tag.PerformedProcedureStepDiscontinuationReasonCodeSequence, reason],
      [Tag.PerformedProcedureStepDescription, stepDescription(exam)],
      [Tag.PerformedProtocolCodeSequence, protocolCodes(exam)],
      [Tag.PerformedSeriesSequence, performedSeries(exam, instances)],
    ),
  );
  return fitted(document);
}

/** SR and other objects without a picture belong into (0040,0220). */
export function isImage({ sopClassUid }: Pick<InstanceRecord, "sopClassUid">): boolean {
  return sopClassUid !== SopClassUid.XRayRadiationDoseSrStorage;
}

/** Type 1; generated from date and time where nothing was scheduled (E28). */
function stepId(exam: Exam, date: string, time: string): string {
  return exam.performedProcedureStepId || `P${date}${time}`;
}

const stepDescription = (exam: Exam) => exam.worklistItem?.scheduledProcedureStepDescription;

/** The one item of a step, of the order where there was one (E28). */
function scheduledAttributes(exam: Exam): Values {
  const item = exam.worklistItem;
  const [study] = item?.referencedStudy ?? [];
  return values(
    [Tag.AccessionNumber, exam.accessionNumber],
    [Tag.ReferencedStudySequence, study === undefined ? [] : [reference(study)]],
    [Tag.StudyInstanceUID, exam.studyInstanceUid],
    [Tag.RequestedProcedureDescription, item?.requestedProcedureDescription],
    [Tag.ScheduledProcedureStepDescription, item?.scheduledProcedureStepDescription],
    [Tag.ScheduledProtocolCodeSequence, protocolCodes(exam)],
    [Tag.ScheduledProcedureStepID, item?.scheduledProcedureStepId],
    [Tag.RequestedProcedureID, item?.requestedProcedureId],
  );
}

function performedSeries(exam: Exam, instances: readonly StepInstance[]): Values[] {
  const bySeries = Map.groupBy(instances, (i) => i.seriesInstanceUid);
  return [...bySeries].map(([seriesInstanceUid, members]) => {
    const series = exam.series.find((s) => s.seriesInstanceUid === seriesInstanceUid);
    return values(
      [Tag.PerformingPhysicianName, exam.performingPhysician],
      [Tag.OperatorsName, exam.operator],
      [Tag.ReferencedImageSequence, members.filter(isImage).map(reference)],
      [Tag.ProtocolName, series?.protocolName || exam.studyDescription || exam.protocolId],
      [Tag.SeriesInstanceUID, seriesInstanceUid],
      [
        Tag.ReferencedNonImageCompositeSOPInstanceSequence,
        members.filter((m) => !isImage(m)).map(reference),
      ],
    );
  });
}

const protocolCodes = (exam: Exam): Values[] =>
  (exam.worklistItem?.scheduledProtocolCodes ?? []).map(codeValues);

function codeValues(code: Code): Values {
  return values(
    [Tag.CodeValue, code.value],
    [Tag.CodingSchemeDesignator, code.scheme],
    [Tag.CodingSchemeVersion, code.schemeVersion],
    [Tag.CodeMeaning, code.meaning],
  );
}

function reference(to: Pick<StepInstance, "sopClassUid" | "sopInstanceUid">): Values {
  return values(
    [Tag.ReferencedSOPClassUID, to.sopClassUid as Value],
    [Tag.ReferencedSOPInstanceUID, to.sopInstanceUid],
  );
}

/** Text of a scheduler that is longer than its VR allows, cut as in the images (D12). */
function fitted(dataSet: DataSet): StepDocument {
  const truncated: number[] = [];
  const fit = (from: DataSet): DataSet => {
    const out = new DataSet();
    for (const tag of from.tags()) {
      const element = from.get(tag);
      if (element !== undefined) out.set(tag, fittedElement(tag, element));
    }
    return out;
  };
  const fittedElement = (tag: number, element: Element): Element => {
    if (element.vr === "SQ") return { vr: "SQ", items: element.items.map(fit) };
    if (!isText(element) || element.vr === "UI") return element;
    const { vr } = element;
    const cut = element.values.map((v) => shortened(tag, vr, v));
    if (cut.some((v, i) => v !== element.values[i])) truncated.push(tag);
    return { vr, values: cut };
  };
  return { dataSet: fit(dataSet), truncated };
}

function shortened(tag: number, vr: TextVr, text: string): string {
  if (tag !== Tag.PatientName) return truncateText(vr, text).text;
  const groups = text.split("=").map((g) => [...g].slice(0, PERSON_NAME_GROUP_CHARS).join(""));
  return groups.join("=");
}

function isText(element: Element): element is Extract<Element, { vr: TextVr }> {
  return "values" in element && element.values.every((v) => typeof v === "string");
}
