// What the pixel pipeline is held to, and how it stands.

import type { Target } from "../table.ts";
import type { KernelTimes } from "./kernels.ts";
import { best, middle, ofCopy, ofItsBytes } from "./measured.ts";
import type { PipelineTimes } from "./pipelines.ts";

export const WINDOW_OF_COPY_MAX = 1.6;
export const OFFSET_AND_GAIN_OF_BYTES_MAX = 1.3;
export const RADIOGRAPH_MS_MAX = 150;
export const FLUOROSCOPY_MS_MAX = 8;

export const kernelTargets = ({ copy, window, offsetAndGain }: KernelTimes): Target[] => [
  ratio(
    "window, integer",
    `≤ ${WINDOW_OF_COPY_MAX} × copy`,
    ofCopy(window, copy),
    WINDOW_OF_COPY_MAX,
  ),
  ratio(
    "offset and gain",
    `≤ ${OFFSET_AND_GAIN_OF_BYTES_MAX} × its bytes`,
    ofItsBytes(offsetAndGain, copy) ?? Number.NaN,
    OFFSET_AND_GAIN_OF_BYTES_MAX,
  ),
];

/** Of the medians: a pipeline is waited for, whatever else the machine does. */
export const radiographTarget = ({ radiograph }: PipelineTimes): Target => ({
  what: "radiograph pipeline, 2688 × 2688",
  target: `≤ ${RADIOGRAPH_MS_MAX} ms`,
  here: `${middle(radiograph).toFixed(0)} ms (best ${best(radiograph).toFixed(0)})`,
  met: middle(radiograph) <= RADIOGRAPH_MS_MAX,
});

export const fluoroscopyTarget = ({ fluoroscopy }: PipelineTimes): Target => ({
  what: "fluoroscopy frame, 1344 × 1344",
  target: `≤ ${FLUOROSCOPY_MS_MAX} ms`,
  here: `${middle(fluoroscopy).toFixed(1)} ms (best ${best(fluoroscopy).toFixed(1)})`,
  met: middle(fluoroscopy) <= FLUOROSCOPY_MS_MAX,
});

export const pixelTargets = (
  kernels: KernelTimes,
  large: PipelineTimes,
  small: PipelineTimes,
): Target[] => [...kernelTargets(kernels), radiographTarget(large), fluoroscopyTarget(small)];

const ratio = (what: string, target: string, value: number, max: number): Target => ({
  what,
  target,
  here: value.toFixed(2),
  met: value <= max,
});
