// Generator, hand switch, dose meter, collimator, positioner and table as far as the objects need
// their values. Every driver passes test/contract/generator.ts.

import type { Unsubscribe } from "../../core/listeners.ts";
import type { ExposureReport, Geometry } from "../../model/exposure.ts";
import type { ExposureKind, TechniqueSetting } from "../../model/protocol.ts";
import type { Gy, GyM2 } from "../../model/units.ts";

export type GeneratorState =
  | "off"
  | "standby"
  | "ready"
  | "prep"
  | "prepDone"
  | "exposing"
  | "terminated"
  | "fault"
  | "interlock";

export interface ExposureRequest {
  readonly kind: ExposureKind;
  /** Join key to the panel's frames. */
  readonly event: number;
  /** Serial and fluoroscopy: pulses per second. */
  readonly fps?: number | undefined;
  /** Serial and fluoroscopy: the run ends by itself after so many pulses. */
  readonly pulses?: number | undefined;
}

export type GeneratorEvent =
  | { readonly type: "state"; readonly state: GeneratorState; readonly reason?: string | undefined }
  /** The switch was let go or the timer ended it: what really happened. */
  | { readonly type: "report"; readonly report: ExposureReport };

export interface Generator {
  open(): Promise<void>;
  close(): Promise<void>;
  state(): GeneratorState;
  onEvent(listener: (event: GeneratorEvent) => void): Unsubscribe;
  /**
   * Sets technique values; answers those accepted, moved to the generator's steps.
   * @throws GeneratorError for what is beyond its limits, naming them
   */
  setTechnique(technique: TechniqueSetting): Promise<TechniqueSetting>;
  /** Software leg of the exposure enable; the hard interlock stays in hardware. */
  allowExposure(allowed: boolean): void;
  /** Beam on. @throws GeneratorError when not ready or not allowed. */
  expose(request: ExposureRequest): Promise<void>;
  /**
   * A hint during a run: the pulses that follow shall have this voltage and current. Held to the generator's
   * limits and moved to its steps, never refused. Answers what they have now; null without a run.
   */
  adjust(wanted: { readonly kv: number; readonly ma: number }): {
    readonly kv: number;
    readonly ma: number;
  } | null;
  /** Beam off; the report follows as an event. Without a beam it does nothing. */
  release(): Promise<void>;
  heat(): { readonly anodePercent: number; readonly housingPercent: number };
  /** Fluoroscopy time since the exam began and whether the five-minute alarm sounded. */
  fluoroTimer(): { readonly seconds: number; readonly alarm: boolean };
  /** Starts the fluoroscopy time anew (a new exam, or the alarm was heard). */
  resetFluoroTimer(): void;
}

export interface DapMeter {
  read(): Promise<{ readonly dap: GyM2; readonly doseRp: Gy; readonly status: "ok" | "fault" }>;
  reset(): Promise<void>;
}

export interface SwitchState {
  readonly prep: boolean;
  readonly expose: boolean;
  readonly fluoroPedal: boolean;
  readonly recordPedal: boolean;
  readonly doorClosed: boolean;
}

/** Hand switch (two steps), pedals and the door's contact. */
export interface ExposureSwitch {
  onChange(listener: (state: SwitchState) => void): Unsubscribe;
}

/** Where tube, panel and table stand now. */
export interface Positioner {
  geometry(): Promise<Geometry>;
}

export class GeneratorError extends Error {
  override readonly name = "GeneratorError";
}
