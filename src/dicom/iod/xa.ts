// X-Ray Angiographic Image: Table 8.1-1 of the statement, PS3.3 A.14.

import type { ImageFacts } from "./facts.ts";
import { dxDetector } from "./modules/dx-detector.ts";
import { modalityLut } from "./modules/modality-lut.ts";
import { sopCommon } from "./modules/sop-common.ts";
import { voiLut } from "./modules/voi-lut.ts";
import { xRayTable } from "./modules/x-ray-table.ts";
import { xaPositioner } from "./modules/xa-positioner.ts";
import type { Iod } from "./row.ts";
import { perFrame } from "./values.ts";
import { X_RAY_MODULES } from "./x-ray-modules.ts";

export const xa: Iod<ImageFacts> = {
  key: "XA",
  sopClassName: "X-Ray Angiographic Image Storage",
  sopClassUid: "1.2.840.10008.5.1.4.1.1.12.1",
  table: "8.1-1",
  modules: [
    ...X_RAY_MODULES,
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
