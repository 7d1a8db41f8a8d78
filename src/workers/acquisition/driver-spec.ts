// Which panel driver to use, as plain data that goes to the acquisition thread, and the driver made
// from it there.

import type { Clock } from "../../core/clock.ts";
import type { Detector, DetectorMode, PhantomName } from "../../hal/detector/detector.ts";
import { gigeDetector } from "../../hal/detector/gige/probe-panel.ts";
import { replayDetector } from "../../hal/detector/replay/replay-detector.ts";
import { simulatedDetector } from "../../hal/detector/sim/simulated-detector.ts";
import { dicomFrameReader } from "./dicom-frame-reader.ts";

/** Values of the panel's timing and geometry that tests change. */
interface PanelSettings {
  readonly modes?: readonly DetectorMode[] | undefined;
  /** ms */
  readonly prepareMs?: number | undefined;
  /** ms */
  readonly integrationMs?: number | undefined;
}

export type DriverSpec =
  | ({
      readonly driver: "simulated";
      readonly seed: number;
      readonly phantom?: PhantomName | undefined;
    } & PanelSettings)
  | ({ readonly driver: "replay"; readonly path: string } & PanelSettings)
  | ({
      readonly driver: "gige";
      /** Of the panel, dotted. */
      readonly address: string;
      readonly receiver?: "mmsg" | "socket" | undefined;
      readonly packetBytes?: number | undefined;
    } & PanelSettings);

/** Seed of the simulated panel where none is given, so that it is the same panel every day. */
export const DEFAULT_SEED = 10;

/** The driver a specification names. @throws DetectorError */
export async function makeDetector(spec: DriverSpec, clock: Clock): Promise<Detector> {
  switch (spec.driver) {
    case "simulated":
      return simulatedDetector({ ...spec, clock });
    case "replay":
      return replayDetector({ ...spec, clock, readers: [dicomFrameReader] });
    case "gige":
      return gigeDetector({ ...spec, clock });
  }
}
