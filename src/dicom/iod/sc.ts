// Secondary Capture Image: Table 8.1-5 of the statement, PS3.3 A.8.1.

import type { CaptureFacts } from "./facts.ts";
import { generalEquipment } from "./modules/general-equipment.ts";
import { generalImage } from "./modules/general-image.ts";
import { generalSeries } from "./modules/general-series.ts";
import { generalStudy } from "./modules/general-study.ts";
import { imagePixel } from "./modules/image-pixel.ts";
import { modalityLut } from "./modules/modality-lut.ts";
import { patient } from "./modules/patient.ts";
import { patientStudy } from "./modules/patient-study.ts";
import { scEquipment } from "./modules/sc-equipment.ts";
import { scImage } from "./modules/sc-image.ts";
import { sopCommon } from "./modules/sop-common.ts";
import { voiLut } from "./modules/voi-lut.ts";
import type { Iod } from "./row.ts";
import { isMonochrome } from "./values.ts";

export const sc: Iod<CaptureFacts> = {
  key: "SC",
  sopClassName: "Secondary Capture Image Storage",
  sopClassUid: "1.2.840.10008.5.1.4.1.1.7",
  table: "8.1-5",
  modules: [
    { ie: "Patient", module: patient, presence: "ALWAYS", usage: "M" },
    { ie: "Study", module: generalStudy, presence: "ALWAYS", usage: "M" },
    { ie: "Study", module: patientStudy, presence: "ALWAYS", usage: "U" },
    { ie: "Series", module: generalSeries, presence: "ALWAYS", usage: "M" },
    { ie: "Equipment", module: generalEquipment, presence: "ALWAYS", usage: "U" },
    { ie: "Equipment", module: scEquipment, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: generalImage, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: imagePixel, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: scImage, presence: "ALWAYS", usage: "M" },
    { ie: "Image", module: modalityLut, presence: "ALWAYS", usage: "U", errata: ["E71"] },
    { ie: "Image", module: voiLut, presence: "ALWAYS", usage: "U", errata: ["E71"] },
    { ie: "Image", module: sopCommon, presence: "ALWAYS", usage: "M" },
  ],
  additions: [
    {
      tag: "PlanarConfiguration",
      vr: "US",
      type: "1C",
      presence: "ALWAYS",
      when: { tag: "PhotometricInterpretation", equals: "RGB" },
      otherwise: "ABSENT",
      fixed: [0],
      source: ["AUTO"],
      module: "Image Pixel",
      errata: ["E85"],
    },
  ],
  variants: [
    {
      name: "colour",
      when: (f) => !isMonochrome(f),
      equals: { tag: "PhotometricInterpretation", value: "RGB" },
      set: {
        SamplesPerPixel: { fixed: [3] },
        BitsAllocated: { fixed: [8] },
        BitsStored: { fixed: [8] },
        HighBit: { fixed: [7] },
      },
      absentModules: ["8.1-22", "8.1-23"],
      require: ["PlanarConfiguration"],
      errata: ["E85"],
    },
  ],
};
