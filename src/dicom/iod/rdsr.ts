// X-Ray Radiation Dose SR: Table 8.1-6 of the statement, PS3.3 A.35.8.

import { codeItem, referenceItem } from "./code-items.ts";
import type { ReportFacts } from "./facts.ts";
import { enhancedGeneralEquipment } from "./modules/enhanced-general-equipment.ts";
import { generalEquipment } from "./modules/general-equipment.ts";
import { generalStudy } from "./modules/general-study.ts";
import { patient } from "./modules/patient.ts";
import { patientStudy } from "./modules/patient-study.ts";
import { sopCommon } from "./modules/sop-common.ts";
import { srDocumentContent } from "./modules/sr-document-content.ts";
import { srDocumentGeneral } from "./modules/sr-document-general.ts";
import { srDocumentSeries } from "./modules/sr-document-series.ts";
import { synchronization } from "./modules/synchronization.ts";
import { type Iod, items } from "./row.ts";
import { contentSequence } from "./sr/content-tree.ts";
import { performedSteps } from "./values.ts";

/** The item of a sequence whose values are all fixed. */
const once = (facts: ReportFacts): readonly ReportFacts[] => [facts];

/** One item for the requested procedure of a scheduled examination (E87). */
const requests = (facts: ReportFacts) =>
  facts.exam.worklistItem === undefined ? [] : [facts.exam.worklistItem];

export const rdsr: Iod<ReportFacts> = {
  key: "RDSR",
  sopClassName: "X-Ray Radiation Dose SR Storage",
  sopClassUid: "1.2.840.10008.5.1.4.1.1.88.67",
  table: "8.1-6",
  modules: [
    { ie: "Patient", module: patient, presence: "ALWAYS", usage: "M" },
    { ie: "Study", module: generalStudy, presence: "ALWAYS", usage: "M" },
    { ie: "Study", module: patientStudy, presence: "ALWAYS", usage: "U" },
    { ie: "Series", module: srDocumentSeries, presence: "ALWAYS", usage: "M" },
    {
      ie: "Frame of Reference",
      module: synchronization,
      presence: "ANAP",
      usage: "C",
      trigger: ["SynchronizationFrameOfReferenceUID"],
      sentWhen: (f) => f.synchronization !== undefined,
      errata: ["E90"],
      added: true,
    },
    { ie: "Equipment", module: generalEquipment, presence: "ALWAYS", usage: "M" },
    { ie: "Equipment", module: enhancedGeneralEquipment, presence: "ALWAYS", usage: "M" },
    { ie: "Document", module: srDocumentGeneral, presence: "ALWAYS", usage: "M" },
    { ie: "Document", module: srDocumentContent, presence: "ALWAYS", usage: "M" },
    { ie: "Document", module: sopCommon, presence: "ALWAYS", usage: "M" },
  ],
  additions: [
    {
      tag: "ReferencedPerformedProcedureStepSequence",
      vr: "SQ",
      type: "2",
      presence: "VNAP",
      source: ["AUTO"],
      module: "SR Document Series",
      errata: ["E87"],
      items: items(performedSteps, [
        {
          tag: "ReferencedSOPClassUID",
          vr: "UI",
          type: "1",
          presence: "ALWAYS",
          fixed: ["1.2.840.10008.3.1.2.3.3"],
          source: ["AUTO"],
          errata: ["E87"],
        },
        {
          tag: "ReferencedSOPInstanceUID",
          vr: "UI",
          type: "1",
          presence: "ALWAYS",
          source: ["AUTO"],
          errata: ["E87"],
          value: (exam) => exam.mppsSopInstanceUid,
        },
      ]),
    },
    {
      tag: "ReferencedRequestSequence",
      vr: "SQ",
      type: "1C",
      presence: "ANAP",
      source: ["AUTO"],
      module: "SR Document General",
      errata: ["E87"],
      items: items(requests, [
        {
          tag: "StudyInstanceUID",
          vr: "UI",
          type: "1",
          presence: "ALWAYS",
          source: ["AUTO"],
          errata: ["E87"],
          value: (w) => w.studyInstanceUid,
        },
        {
          tag: "ReferencedStudySequence",
          vr: "SQ",
          type: "2",
          presence: "VNAP",
          source: ["AUTO"],
          errata: ["E87"],
          value: (w) => w.referencedStudy.map(referenceItem),
        },
        {
          tag: "AccessionNumber",
          vr: "SH",
          type: "2",
          presence: "VNAP",
          source: ["AUTO"],
          errata: ["E87"],
          value: (w) => w.accessionNumber,
        },
        {
          tag: "PlacerOrderNumberImagingServiceRequest",
          vr: "LO",
          type: "2",
          presence: "VNAP",
          source: ["AUTO"],
          errata: ["E87"],
          value: (w) => w.placerOrderNumber,
        },
        {
          tag: "FillerOrderNumberImagingServiceRequest",
          vr: "LO",
          type: "2",
          presence: "VNAP",
          source: ["AUTO"],
          errata: ["E87"],
          value: (w) => w.fillerOrderNumber,
        },
        {
          tag: "RequestedProcedureID",
          vr: "SH",
          type: "2",
          presence: "VNAP",
          source: ["AUTO"],
          errata: ["E87"],
          value: (w) => w.requestedProcedureId,
        },
        {
          tag: "RequestedProcedureDescription",
          vr: "LO",
          type: "2",
          presence: "VNAP",
          source: ["AUTO"],
          errata: ["E87"],
          value: (w) => w.requestedProcedureDescription,
        },
        {
          tag: "RequestedProcedureCodeSequence",
          vr: "SQ",
          type: "2",
          presence: "VNAP",
          source: ["AUTO"],
          errata: ["E87"],
          value: (w) => w.requestedProcedureCodes.map(codeItem),
        },
      ]),
    },
    {
      tag: "PerformedProcedureCodeSequence",
      vr: "SQ",
      type: "2",
      presence: "VNAP",
      source: ["AUTO"],
      module: "SR Document General",
      errata: ["E87"],
      value: (f) => f.performedProcedureCodes?.map(codeItem),
    },
    {
      tag: "DeviceUID",
      vr: "UI",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      module: "General Equipment",
      errata: ["E89"],
      value: (f) => f.device.deviceUid,
    },
    {
      tag: "ValueType",
      vr: "CS",
      type: "1",
      presence: "ALWAYS",
      fixed: ["CONTAINER"],
      source: ["AUTO"],
      module: "SR Document Content",
      errata: ["E91"],
    },
    {
      tag: "ConceptNameCodeSequence",
      vr: "SQ",
      type: "1C",
      presence: "ALWAYS",
      source: ["AUTO"],
      module: "SR Document Content",
      errata: ["E91"],
      items: items(once, [
        {
          tag: "CodeValue",
          vr: "SH",
          type: "1",
          presence: "ALWAYS",
          fixed: ["113701"],
          source: ["AUTO"],
          errata: ["E91"],
        },
        {
          tag: "CodingSchemeDesignator",
          vr: "SH",
          type: "1",
          presence: "ALWAYS",
          fixed: ["DCM"],
          source: ["AUTO"],
          errata: ["E91"],
        },
        {
          tag: "CodeMeaning",
          vr: "LO",
          type: "1",
          presence: "ALWAYS",
          fixed: ["X-Ray Radiation Dose Report"],
          source: ["AUTO"],
          errata: ["E91"],
        },
      ]),
    },
    {
      tag: "ContinuityOfContent",
      vr: "CS",
      type: "1C",
      presence: "ALWAYS",
      fixed: ["SEPARATE"],
      source: ["AUTO"],
      module: "SR Document Content",
      errata: ["E91"],
    },
    {
      tag: "ContentTemplateSequence",
      vr: "SQ",
      type: "1C",
      presence: "ALWAYS",
      source: ["AUTO"],
      module: "SR Document Content",
      errata: ["E91"],
      items: items(once, [
        {
          tag: "MappingResource",
          vr: "CS",
          type: "1",
          presence: "ALWAYS",
          fixed: ["DCMR"],
          source: ["AUTO"],
          errata: ["E91"],
        },
        {
          tag: "TemplateIdentifier",
          vr: "CS",
          type: "1",
          presence: "ALWAYS",
          fixed: ["10001"],
          source: ["AUTO"],
          errata: ["E91"],
        },
      ]),
    },
    {
      tag: "ContentSequence",
      vr: "SQ",
      type: "1C",
      presence: "ALWAYS",
      source: ["AUTO"],
      module: "SR Document Content",
      errata: ["E91"],
      value: contentSequence,
    },
  ],
  variants: [],
};
