// Digital X-Ray Image - For Presentation: Table 8.1-4 of the statement, PS3.3 A.26.

import { BODY_PART_TERMS, bodyPartCode } from "../../model/body-parts.ts";
import type { ImageFacts } from "./facts.ts";
import { acquisitionContext } from "./modules/acquisition-context.ts";
import { dxAnatomyImaged } from "./modules/dx-anatomy-imaged.ts";
import { dxDetector } from "./modules/dx-detector.ts";
import { dxImage } from "./modules/dx-image.ts";
import { dxSeries } from "./modules/dx-series.ts";
import { generalEquipment } from "./modules/general-equipment.ts";
import { generalImage } from "./modules/general-image.ts";
import { generalSeries } from "./modules/general-series.ts";
import { generalStudy } from "./modules/general-study.ts";
import { imagePixel } from "./modules/image-pixel.ts";
import { patient } from "./modules/patient.ts";
import { patientStudy } from "./modules/patient-study.ts";
import { sopCommon } from "./modules/sop-common.ts";
import { voiLut } from "./modules/voi-lut.ts";
import { xRayAcquisitionDose } from "./modules/x-ray-acquisition-dose.ts";
import { xRayTomographyAcquisition } from "./modules/x-ray-tomography-acquisition.ts";
import { type Iod, items } from "./row.ts";
import { performedSteps } from "./values.ts";

/** The coded body part; nothing for a term outside the list (E80). */
function anatomicRegion(facts: ImageFacts) {
  const code = bodyPartCode(facts.series.bodyPart);
  return code === undefined ? [] : [code];
}

export const dx: Iod<ImageFacts> = {
  key: "DX",
  sopClassName: "Digital X-Ray Image Storage - For Presentation",
  sopClassUid: "1.2.840.10008.5.1.4.1.1.1.1",
  table: "8.1-4",
  modules: [
    { ie: "Patient", module: patient, presence: "ALWAYS", usage: "M" },
    { ie: "Study", module: generalStudy, presence: "ALWAYS", usage: "M" },
    { ie: "Study", module: patientStudy, presence: "ALWAYS", usage: "U" },
    { ie: "Series", module: generalSeries, presence: "ALWAYS", usage: "M" },
    { ie: "Series", module: dxSeries, presence: "ALWAYS", usage: "M" },
    { ie: "Equipment", module: generalEquipment, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: generalImage, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: imagePixel, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: xRayAcquisitionDose, presence: "ALWAYS", usage: "U" },
    { ie: "Image", module: dxAnatomyImaged, presence: "ALWAYS", usage: "M", errata: ["E74"] },
    { ie: "Image", module: dxImage, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: dxDetector, presence: "ALWAYS", usage: "M", errata: ["E74"] },
    {
      ie: "Image",
      module: xRayTomographyAcquisition,
      presence: "ANAP",
      usage: "U",
      trigger: [
        "TomoLayerHeight",
        "TomoAngle",
        "TomoTime",
        "TomoType",
        "TomoClass",
        "NumberOfTomosynthesisSourceImages",
      ],
      sentWhen: (f) => f.exposure.tomography !== undefined,
      errata: ["E83"],
    },
    { ie: "Image", module: voiLut, presence: "ALWAYS", usage: "C" },
    { ie: "Image", module: acquisitionContext, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: sopCommon, presence: "ALWAYS", usage: "M" },
  ],
  additions: [
    {
      tag: "ReferencedPerformedProcedureStepSequence",
      vr: "SQ",
      type: "1C",
      presence: "ANAP",
      source: ["AUTO"],
      module: "DX Series",
      errata: ["E82"],
      items: items(performedSteps, [
        {
          tag: "ReferencedSOPClassUID",
          vr: "UI",
          type: "1",
          presence: "ALWAYS",
          fixed: ["1.2.840.10008.3.1.2.3.3"],
          source: ["AUTO"],
          errata: ["E82"],
        },
        {
          tag: "ReferencedSOPInstanceUID",
          vr: "UI",
          type: "1",
          presence: "ALWAYS",
          source: ["AUTO"],
          errata: ["E82"],
          value: (exam) => exam.mppsSopInstanceUid,
        },
      ]),
    },
    {
      tag: "AnatomicRegionSequence",
      vr: "SQ",
      type: "2",
      presence: "ALWAYS",
      when: { tag: "BodyPartExamined", in: BODY_PART_TERMS },
      otherwise: "VNAP",
      source: ["AUTO"],
      module: "DX Anatomy Imaged",
      errata: ["E80"],
      items: items(anatomicRegion, [
        {
          tag: "CodeValue",
          vr: "SH",
          type: "1",
          presence: "ALWAYS",
          source: ["AUTO"],
          errata: ["E80"],
          value: (code) => code.value,
        },
        {
          tag: "CodingSchemeDesignator",
          vr: "SH",
          type: "1",
          presence: "ALWAYS",
          source: ["AUTO"],
          errata: ["E80"],
          value: (code) => code.scheme,
        },
        {
          tag: "CodeMeaning",
          vr: "LO",
          type: "1",
          presence: "ALWAYS",
          source: ["AUTO"],
          errata: ["E80"],
          value: (code) => code.meaning,
        },
      ]),
    },
  ],
  variants: [],
};
