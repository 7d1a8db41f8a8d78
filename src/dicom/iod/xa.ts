// X-Ray Angiographic Image: Table 8.1-1 of the statement, PS3.3 A.14.

import type { ImageFacts } from "./facts.ts";
import { cine } from "./modules/cine.ts";
import { contrastBolus } from "./modules/contrast-bolus.ts";
import { dxDetector } from "./modules/dx-detector.ts";
import { generalEquipment } from "./modules/general-equipment.ts";
import { generalImage } from "./modules/general-image.ts";
import { generalSeries } from "./modules/general-series.ts";
import { generalStudy } from "./modules/general-study.ts";
import { imagePixel } from "./modules/image-pixel.ts";
import { isSubtractionRun, mask } from "./modules/mask.ts";
import { modalityLut } from "./modules/modality-lut.ts";
import { multiFrame } from "./modules/multi-frame.ts";
import { patient } from "./modules/patient.ts";
import { patientStudy } from "./modules/patient-study.ts";
import { sopCommon } from "./modules/sop-common.ts";
import { voiLut } from "./modules/voi-lut.ts";
import { xRayAcquisition } from "./modules/x-ray-acquisition.ts";
import { xRayImage } from "./modules/x-ray-image.ts";
import { xRayTable } from "./modules/x-ray-table.ts";
import { xaPositioner } from "./modules/xa-positioner.ts";
import type { Iod } from "./row.ts";
import { isMultiFrame, perFrame } from "./values.ts";

export const xa: Iod<ImageFacts> = {
  key: "XA",
  sopClassName: "X-Ray Angiographic Image Storage",
  sopClassUid: "1.2.840.10008.5.1.4.1.1.12.1",
  table: "8.1-1",
  modules: [
    { ie: "Patient", module: patient, presence: "ALWAYS", usage: "M" },
    { ie: "Study", module: generalStudy, presence: "ALWAYS", usage: "M" },
    { ie: "Study", module: patientStudy, presence: "ALWAYS", usage: "U" },
    { ie: "Series", module: generalSeries, presence: "ALWAYS", usage: "M" },
    { ie: "Equipment", module: generalEquipment, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: generalImage, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: imagePixel, presence: "ALWAYS", usage: "M" },
    {
      ie: "Image",
      module: contrastBolus,
      presence: "ANAP",
      usage: "C",
      trigger: ["ContrastBolusAgent"],
      sentWhen: (f) => f.exposure.contrastAgent !== undefined,
    },
    {
      ie: "Image",
      module: cine,
      presence: "ANAP",
      usage: "C",
      trigger: ["NumberOfFrames", "FrameTime", "CineRate"],
      sentWhen: isMultiFrame,
    },
    {
      ie: "Image",
      module: multiFrame,
      presence: "ANAP",
      usage: "C",
      trigger: ["NumberOfFrames"],
      sentWhen: isMultiFrame,
    },
    {
      ie: "Image",
      module: mask,
      presence: "ANAP",
      usage: "C",
      trigger: ["MaskSubtractionSequence", "RecommendedViewingMode"],
      sentWhen: isSubtractionRun,
      errata: ["E99"],
      added: true,
    },
    { ie: "Image", module: xRayImage, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: xRayAcquisition, presence: "ALWAYS", usage: "M" },
    {
      ie: "Image",
      module: xRayTable,
      presence: "ANAP",
      usage: "C",
      trigger: [
        "TableMotion",
        "TableVerticalIncrement",
        "TableLongitudinalIncrement",
        "TableLateralIncrement",
        "TableAngle",
      ],
      sentWhen: () => true,
    },
    { ie: "Image", module: xaPositioner, presence: "ALWAYS", usage: "M" },
    {
      ie: "Image",
      module: dxDetector,
      presence: "ANAP",
      usage: "U",
      trigger: ["DetectorType"],
      sentWhen: (f) => f.settings.detectorModuleInRuns,
    },
    { ie: "Image", module: modalityLut, presence: "ALWAYS", usage: "C" },
    { ie: "Image", module: voiLut, presence: "ALWAYS", usage: "U" },
    { ie: "Image", module: sopCommon, presence: "ALWAYS", usage: "M" },
  ],
  additions: [
    {
      tag: "PositionerMotion",
      vr: "CS",
      type: "2C",
      presence: "VNAP",
      when: { tag: "NumberOfFrames", greater: 1 },
      otherwise: "ABSENT",
      enum: ["STATIC", "DYNAMIC"],
      source: ["AUTO"],
      module: "XA Positioner",
      errata: ["E68"],
      value: (f) => f.exposure.geometry.positionerMotion,
    },
    {
      tag: "PositionerPrimaryAngleIncrement",
      vr: "DS",
      type: "2C",
      presence: "VNAP",
      when: { tag: "PositionerMotion", equals: "DYNAMIC" },
      otherwise: "ABSENT",
      source: ["AUTO"],
      module: "XA Positioner",
      errata: ["E68"],
      value: (f) => perFrame(f.motion?.primaryAngle),
    },
    {
      tag: "PositionerSecondaryAngleIncrement",
      vr: "DS",
      type: "2C",
      presence: "VNAP",
      when: { tag: "PositionerMotion", equals: "DYNAMIC" },
      otherwise: "ABSENT",
      source: ["AUTO"],
      module: "XA Positioner",
      errata: ["E68"],
      value: (f) => perFrame(f.motion?.secondaryAngle),
    },
  ],
  variants: [],
};
