// The modules that the tables of the angiographic and the radiofluoroscopic image (8.1-1, 8.1-2) have in
// common, in their order.

import type { ImageFacts } from "./facts.ts";
import { cine } from "./modules/cine.ts";
import { contrastBolus } from "./modules/contrast-bolus.ts";
import { generalEquipment } from "./modules/general-equipment.ts";
import { generalImage } from "./modules/general-image.ts";
import { generalSeries } from "./modules/general-series.ts";
import { generalStudy } from "./modules/general-study.ts";
import { imagePixel } from "./modules/image-pixel.ts";
import { isSubtractionRun, mask } from "./modules/mask.ts";
import { multiFrame } from "./modules/multi-frame.ts";
import { patient } from "./modules/patient.ts";
import { patientStudy } from "./modules/patient-study.ts";
import { xRayAcquisition } from "./modules/x-ray-acquisition.ts";
import { xRayImage } from "./modules/x-ray-image.ts";
import type { ModuleUse } from "./row.ts";
import { isMultiFrame } from "./values.ts";

export const X_RAY_MODULES: readonly ModuleUse<ImageFacts>[] = [
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
];
