// What stands beside an image about its exposure: technique, dose, exposure index (IEC 62494-1).

import type { Exposure } from "../api/contract.ts";
import { strings } from "./strings.ts";

const words = strings.exam;
const MICRO = 1e6;

/** Each line only where the device gave its values. */
export function exposureLines(exposure: Exposure): string[] {
  const { kv, ma, exposureTimeMs, dapGyM2, exposureIndex, deviationIndex } = exposure;
  const technique = [
    kv === undefined ? "" : `${short(kv)} kV`,
    ma === undefined ? "" : `${short(ma)} mA`,
    exposureTimeMs === undefined ? "" : `${short(exposureTimeMs)} ms`,
  ];
  const index = [
    exposureIndex === undefined ? "" : words.index(exposureIndex.toFixed(0)),
    deviationIndex === undefined ? "" : words.deviation(signed(deviationIndex)),
    exposure.targetExposureIndex === undefined || exposureIndex === undefined
      ? ""
      : words.target(exposure.targetExposureIndex.toFixed(0)),
  ];
  return [
    join(technique),
    dapGyM2 === undefined ? "" : words.dose(short(dapGyM2 * MICRO)),
    join(index),
  ].filter((line) => line !== "");
}

const join = (parts: readonly string[]) => parts.filter((part) => part !== "").join("  ");

/** Three digits are kept, more only before the point; no zeros after it. */
const short = (value: number): string =>
  value >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));

/** The deviation index is read by its sign: +0.6 is 15 % over the target. */
const signed = (value: number): string => {
  const text = value.toFixed(1);
  if (Number(text) === 0) return "0.0";
  return value > 0 ? `+${text}` : text;
};
