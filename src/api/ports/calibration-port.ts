// The calibration of the panel as the API shows and controls it.

import { unreachable } from "../../core/assert.ts";
import type { ProcedureState } from "../../exam/calibration-procedure.ts";
import type { CalibrationWizard, WizardAnswer } from "../../exam/calibration-wizard.ts";
import type { Calibrations, MapInUse } from "../../exam/calibrations.ts";
import type { CalibrationRecord } from "../../model/calibration.ts";
import type { Calibration } from "../contract.ts";
import type { CalibrationPort } from "../device.ts";
import { type Answer, answer, refuse } from "../problem.ts";
import { isoTime } from "../views.ts";

/** What is told of the panel's modes. */
interface PanelModes {
  readonly modes: readonly {
    readonly id: string;
    readonly columns: number;
    readonly rows: number;
  }[];
}

export function calibrationPort(
  wizard: CalibrationWizard,
  calibrations: Calibrations,
  panel: PanelModes,
): CalibrationPort {
  const view = () => calibrationView(wizard, calibrations, panel);
  const answered = (outcome: WizardAnswer): Answer<Calibration> => {
    if (outcome.ok) return answer(view());
    const detail = `${outcome.why[0]?.toUpperCase()}${outcome.why.slice(1)}.`;
    return refuse(outcome.kind === "unknown-mode" ? "unknown-reference" : "wrong-state", detail);
  };
  return {
    state: view,
    start: async ({ steps, modeIds }) => answered(wizard.start(steps, modeIds)),
    confirm: async () => answered(wizard.confirm()),
    accept: async () => answered(await wizard.accept()),
    cancel: async () => answered(await wizard.cancel()),
    undo: async (modeId) => answered(await wizard.undo(modeId)),
  };
}

export function calibrationView(
  wizard: CalibrationWizard,
  calibrations: Calibrations,
  panel: PanelModes,
): Calibration {
  return {
    procedure: procedureView(wizard.state(), panel),
    modes: panel.modes.map(({ id, columns, rows }, index) => {
      const fault = calibrations.fault(index);
      return {
        modeId: id,
        columns,
        rows,
        valid: fault === null,
        ...(fault === null ? {} : { reason: fault }),
        maps: calibrations.maps(index).map(mapView),
        damaged: [...calibrations.damaged(index)],
      };
    }),
  };
}

function procedureView(state: ProcedureState, panel: PanelModes): Calibration["procedure"] {
  if (state.kind === "idle") return { state: "idle" };
  const { plan } = state;
  const common = {
    state: state.kind,
    steps: plan.steps,
    modeIds: plan.modes.map((index) => panel.modes[index]?.id ?? String(index)),
  };
  switch (state.kind) {
    case "confirm":
      return common;
    case "measuring": {
      const { now } = state;
      if (now === null) return common;
      const { modeIndex, ...rest } = now;
      return { ...common, now: { modeId: panel.modes[modeIndex]?.id ?? "", ...rest } };
    }
    case "summary":
      return { ...common, results: state.results.map(recordView) };
    case "failed":
      return { ...common, reason: state.reason };
    default:
      return unreachable(state);
  }
}

function mapView({ kind, source, createdMs, temperatureC, frames, record }: MapInUse) {
  return {
    kind,
    source,
    createdAt: isoTime(createdMs),
    temperatureC,
    frames,
    ...(record === undefined ? {} : { figures: record.figures }),
  };
}

function recordView({ modeId, kind, figures, frames, temperatureC, createdMs }: CalibrationRecord) {
  return { modeId, kind, figures, frames, temperatureC, createdAt: isoTime(createdMs) };
}
