// Computed Radiography Image: Table 8.1-3 of the statement, PS3.3 A.2.

import type { ImageFacts } from "./facts.ts";
import { crImage } from "./modules/cr-image.ts";
import { crSeries } from "./modules/cr-series.ts";
import { generalEquipment } from "./modules/general-equipment.ts";
import { generalImage } from "./modules/general-image.ts";
import { generalSeries } from "./modules/general-series.ts";
import { generalStudy } from "./modules/general-study.ts";
import { imagePixel } from "./modules/image-pixel.ts";
import { patient } from "./modules/patient.ts";
import { patientStudy } from "./modules/patient-study.ts";
import { sopCommon } from "./modules/sop-common.ts";
import { voiLut } from "./modules/voi-lut.ts";

import type { Iod } from "./row.ts";

export const cr: Iod<ImageFacts> = {
  key: "CR",
  sopClassName: "Computed Radiography Image Storage",
  sopClassUid: "1.2.840.10008.5.1.4.1.1.1",
  table: "8.1-3",
  modules: [
    { ie: "Patient", module: patient, presence: "ALWAYS", usage: "M" },
    { ie: "Study", module: generalStudy, presence: "ALWAYS", usage: "M" },
    { ie: "Study", module: patientStudy, presence: "ALWAYS", usage: "U" },
    { ie: "Series", module: generalSeries, presence: "ALWAYS", usage: "M" },
    { ie: "Series", module: crSeries, presence: "ALWAYS", usage: "M" },
    { ie: "Equipment", module: generalEquipment, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: generalImage, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: imagePixel, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: crImage, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: voiLut, presence: "ALWAYS", usage: "U" },
    { ie: "Image", module: sopCommon, presence: "ALWAYS", usage: "M" },
  ],
  additions: [],
  variants: [],
};
