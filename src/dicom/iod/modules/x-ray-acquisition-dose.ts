// X-Ray Acquisition Dose module: Table 8.1-32 of the statement, PS3.3 C.8.7.8.

import { decimalText } from "../../../model/dose.ts";
import type { ImageFacts } from "../facts.ts";
import type { Module } from "../row.ts";
import { exposureMas, exposureTimeMs, kvp, sourceToDetector, tubeCurrentMa } from "../values.ts";

export const xRayAcquisitionDose: Module<ImageFacts> = {
  name: "X-Ray Acquisition Dose",
  table: "8.1-32",
  standard: "PS3.3 C.8.7.8",
  rows: [
    { tag: "KVP", vr: "DS", type: "3", presence: "ANAP", source: ["AUTO"], value: kvp },
    {
      tag: "DistanceSourceToDetector",
      vr: "DS",
      type: "3",
      presence: "ALWAYS",
      source: ["AUTO"],
      value: sourceToDetector,
    },
    {
      tag: "ExposureTime",
      vr: "IS",
      type: "3",
      presence: "ANAP",
      source: ["AUTO"],
      value: exposureTimeMs,
    },
    {
      tag: "XRayTubeCurrent",
      vr: "IS",
      type: "3",
      presence: "ANAP",
      source: ["AUTO"],
      value: tubeCurrentMa,
    },
    {
      tag: "Exposure",
      vr: "IS",
      type: "3",
      presence: "ANAP",
      source: ["AUTO"],
      value: exposureMas,
    },
    {
      tag: "EntranceDoseInmGy",
      vr: "DS",
      type: "3",
      presence: "ANAP",
      source: ["AUTO"],
      value: (f) =>
        f.entranceDose === undefined ? undefined : decimalText(f.entranceDose * 1000, 6),
    },
  ],
};
