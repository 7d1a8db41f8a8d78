// Calibrating a panel, step by step, as a pure function: what is asked of the engineer, what is measured, and
// what becomes of it. Nothing is in use before somebody has looked at the figures and accepted them.

import type { CalibrationRecord } from "../model/calibration.ts";

/** offset: dark frames alone. all: flat frames too, for gain and defects. */
export type CalibrationSteps = "offset" | "all";

export interface CalibrationPlan {
  /** Indexes into the panel's modes. */
  readonly modes: readonly number[];
  readonly steps: CalibrationSteps;
}

/** What is being measured. */
export interface Measurement {
  readonly modeIndex: number;
  readonly phase: "dark" | "flat";
  readonly frames: number;
  readonly framesTotal: number;
}

export type ProcedureState =
  | { readonly kind: "idle" }
  /** Waits for "the tube is aligned, nothing lies in the beam". */
  | { readonly kind: "confirm"; readonly plan: CalibrationPlan }
  | {
      readonly kind: "measuring";
      readonly plan: CalibrationPlan;
      readonly now: Measurement | null;
    }
  /** Measured; in use when accepted. */
  | {
      readonly kind: "summary";
      readonly plan: CalibrationPlan;
      readonly results: readonly CalibrationRecord[];
    }
  | { readonly kind: "failed"; readonly plan: CalibrationPlan; readonly reason: string };

export type ProcedureEvent =
  | { readonly type: "start"; readonly plan: CalibrationPlan }
  | { readonly type: "confirm" }
  | { readonly type: "progress"; readonly now: Measurement }
  | { readonly type: "measured"; readonly results: readonly CalibrationRecord[] }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "accept" }
  /** Ends the procedure, wherever it is; nothing of it is kept. */
  | { readonly type: "cancel" };

export type ProcedureEffect =
  | { readonly do: "measure"; readonly plan: CalibrationPlan }
  | { readonly do: "break-off" }
  | { readonly do: "take-into-use"; readonly plan: CalibrationPlan }
  | { readonly do: "discard" };

export type ProcedureStep =
  | {
      readonly ok: true;
      readonly state: ProcedureState;
      readonly effects: readonly ProcedureEffect[];
    }
  | { readonly ok: false; readonly why: string };

const IDLE: ProcedureState = { kind: "idle" };

export function nextProcedure(state: ProcedureState, event: ProcedureEvent): ProcedureStep {
  switch (event.type) {
    case "start": {
      if (state.kind !== "idle" && state.kind !== "failed")
        return no("a calibration is under way; end it first");
      const { plan } = event;
      return plan.steps === "all"
        ? to({ kind: "confirm", plan })
        : to({ kind: "measuring", plan, now: null }, { do: "measure", plan });
    }
    case "confirm":
      if (state.kind !== "confirm") return no("nothing waits to be confirmed; start a calibration");
      return to(
        { kind: "measuring", plan: state.plan, now: null },
        { do: "measure", plan: state.plan },
      );
    // News of a measurement that was broken off meanwhile says nothing any more.
    case "progress":
      return state.kind === "measuring" ? to({ ...state, now: event.now }) : to(state);
    case "measured":
      return state.kind === "measuring"
        ? to({ kind: "summary", plan: state.plan, results: event.results })
        : to(state, { do: "discard" });
    case "failed":
      return state.kind === "measuring"
        ? to({ kind: "failed", plan: state.plan, reason: event.reason }, { do: "discard" })
        : to(state);
    case "accept":
      if (state.kind !== "summary") return no("there is no result to accept; calibrate first");
      return to(IDLE, { do: "take-into-use", plan: state.plan });
    case "cancel":
      switch (state.kind) {
        case "measuring":
          return to(IDLE, { do: "break-off" });
        case "summary":
          return to(IDLE, { do: "discard" });
        default:
          return to(IDLE);
      }
  }
}

const to = (state: ProcedureState, ...effects: ProcedureEffect[]): ProcedureStep => ({
  ok: true,
  state,
  effects,
});

const no = (why: string): ProcedureStep => ({ ok: false, why });
