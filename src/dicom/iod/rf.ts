// X-Ray Radiofluoroscopic Image: Table 8.1-2 of the statement, PS3.3 A.16.

import type { ImageFacts } from "./facts.ts";
import { dxDetector } from "./modules/dx-detector.ts";
import { modalityLut } from "./modules/modality-lut.ts";
import { sopCommon } from "./modules/sop-common.ts";
import { voiLut } from "./modules/voi-lut.ts";
import { xRayTable } from "./modules/x-ray-table.ts";
import { xrfPositioner } from "./modules/xrf-positioner.ts";
import type { Iod } from "./row.ts";
import { X_RAY_MODULES } from "./x-ray-modules.ts";

export const rf: Iod<ImageFacts> = {
  key: "RF",
  sopClassName: "X-Ray Radiofluoroscopic Image Storage",
  sopClassUid: "1.2.840.10008.5.1.4.1.1.12.2",
  table: "8.1-2",
  modules: [
    ...X_RAY_MODULES,
    {
      ie: "Image",
      module: xRayTable,
      presence: "ANAP",
      usage: "U",
      trigger: [
        "TableMotion",
        "TableVerticalIncrement",
        "TableLongitudinalIncrement",
        "TableLateralIncrement",
        "TableAngle",
      ],
      sentWhen: () => true,
    },
    {
      ie: "Image",
      module: xrfPositioner,
      presence: "ANAP",
      usage: "U",
      trigger: [
        "DistanceSourceToDetector",
        "DistanceSourceToPatient",
        "EstimatedRadiographicMagnificationFactor",
        "ColumnAngulation",
      ],
      sentWhen: () => true,
    },
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
  additions: [],
  variants: [],
};
