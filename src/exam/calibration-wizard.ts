// Performs a calibration (calibration-procedure.ts): takes dark and flat frames by way of the acquisition,
// has them summed in the pixel threads, keeps the maps as candidates, takes them into use when accepted.

import { Listeners } from "../core/listeners.ts";
import type { Log } from "../core/log.ts";
import type { DetectorInfo, DetectorMode } from "../hal/detector/detector.ts";
import type { CalibrationRecord, MapFigures, MapKind } from "../model/calibration.ts";
import type { ExposureReport } from "../model/exposure.ts";
import { FRAME_COMPLETE } from "../model/frame.ts";
import type { TechniqueSetting } from "../model/protocol.ts";
import type { StoragePort } from "../store/storage-port.ts";
import { DEFECTS_PER_MILLE_MAX } from "../workers/pixel/memory-map.ts";
import type { PixelPool } from "../workers/pixel/pixel-pool.ts";
import { type Acquisition, AcquisitionError } from "./acquisition.ts";
import {
  type CalibrationPlan,
  type CalibrationSteps,
  nextProcedure,
  type ProcedureEffect,
  type ProcedureEvent,
  type ProcedureState,
} from "./calibration-procedure.ts";
import type { Calibrations, MapAreas } from "./calibrations.ts";

/** Frames a map is averaged over. */
export const CALIBRATION_FRAMES = 32;
/** The first frames after arming hold what the panel collected while it was idle. */
const FRAMES_SKIPPED = 2;
/** Dark and flat frames collect charge for as long as each other: at this part of the mode's rate. */
const RATE_PART = 0.5;

/** What makes maps out of frames: the pixel pool. */
export type CalibrationPixels = Pick<PixelPool, "accumulate" | "takeDark" | "takeFlat"> & {
  readonly raw: Pick<PixelPool["raw"], "release">;
};

export interface WizardParts {
  readonly panel: DetectorInfo;
  readonly acquisition: Pick<Acquisition, "collect" | "breakOff">;
  readonly pixels: CalibrationPixels;
  readonly areas: MapAreas;
  readonly storage: Pick<
    StoragePort,
    "saveCalibration" | "acceptCalibration" | "discardCalibration" | "undoCalibration" | "reader"
  >;
  readonly calibrations: Pick<Calibrations, "start" | "reload">;
  /** Beam of the flat frames. */
  readonly flatTechnique: () => TechniqueSetting;
  readonly nowMs: () => number;
  readonly log: Log;
}

export type WizardAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly kind: "unknown-mode" | "not-now"; readonly why: string };

export class CalibrationWizard {
  /** The state changed. */
  readonly changes = new Listeners<ProcedureState>();
  readonly #parts: WizardParts;
  #state: ProcedureState = { kind: "idle" };
  #brokenOff = false;
  /** The measurement or what follows from it; settles always. */
  #work: Promise<void> = Promise.resolve();

  constructor(parts: WizardParts) {
    this.#parts = parts;
  }

  state(): ProcedureState {
    return this.#state;
  }

  /** `modeIds` undefined: every mode. */
  start(steps: CalibrationSteps, modeIds?: readonly string[]): WizardAnswer {
    const all = this.#parts.panel.modes;
    const modes = modeIds?.map((id) => all.findIndex((m) => m.id === id)) ?? [...all.keys()];
    const unknown = modeIds?.find((_, i) => (modes[i] ?? -1) < 0);
    if (unknown !== undefined || modes.length === 0)
      return {
        ok: false,
        kind: "unknown-mode",
        why: `the panel has no mode ${unknown ?? "(none named)"}; it has ${all.map((m) => m.id).join(", ")}`,
      };
    return this.#told({ type: "start", plan: { steps, modes: [...new Set(modes)] } });
  }

  confirm(): WizardAnswer {
    return this.#told({ type: "confirm" });
  }

  /** Resolves when the maps are in use. @throws StoreError */
  async accept(): Promise<WizardAnswer> {
    const answer = this.#told({ type: "accept" });
    await this.#work;
    return answer;
  }

  async cancel(): Promise<WizardAnswer> {
    const answer = this.#told({ type: "cancel" });
    await this.#work;
    return answer;
  }

  /** The maps before the last accepted ones come into use again. @throws StoreError */
  async undo(modeId: string): Promise<WizardAnswer> {
    const { panel, storage, calibrations } = this.#parts;
    const index = panel.modes.findIndex((m) => m.id === modeId);
    if (this.#state.kind === "measuring")
      return { ok: false, kind: "not-now", why: "a calibration is under way; end it first" };
    const swapped =
      index >= 0 && (await storage.undoCalibration({ panelSerial: panel.serial, modeId }));
    if (!swapped)
      return {
        ok: false,
        kind: index < 0 ? "unknown-mode" : "not-now",
        why: `mode ${modeId} has no maps to go back to`,
      };
    await calibrations.reload(index);
    this.changes.emit(this.#state);
    return { ok: true };
  }

  /** Breaks off what is measured. */
  async stop(): Promise<void> {
    if (this.#state.kind === "measuring") await this.cancel();
    await this.#work;
  }

  #told(event: ProcedureEvent): WizardAnswer {
    const step = nextProcedure(this.#state, event);
    if (!step.ok) return { ok: false, kind: "not-now", why: step.why };
    this.#state = step.state;
    for (const effect of step.effects) this.#perform(effect);
    this.changes.emit(step.state);
    return { ok: true };
  }

  #perform(effect: ProcedureEffect): void {
    const { storage, calibrations, acquisition } = this.#parts;
    const then = (work: () => Promise<void>) => {
      this.#work = this.#work.then(work).catch((error: unknown) => {
        this.#parts.log.error("calibration-failed", { error });
      });
    };
    switch (effect.do) {
      case "measure":
        this.#brokenOff = false;
        then(() => this.#measure(effect.plan));
        break;
      case "break-off":
        this.#brokenOff = true;
        acquisition.breakOff("the calibration was cancelled");
        break;
      case "take-into-use":
        then(async () => {
          await storage.acceptCalibration();
          for (const modeIndex of effect.plan.modes) await calibrations.reload(modeIndex);
          this.#parts.log.info("calibrated", { modes: effect.plan.modes });
          this.changes.emit(this.#state);
        });
        break;
      case "discard":
        then(() => storage.discardCalibration());
        break;
    }
  }

  async #measure(plan: CalibrationPlan): Promise<void> {
    try {
      // The areas of the maps are wanted: what is on its way through them comes first.
      await this.#parts.calibrations.start();
      const results: CalibrationRecord[] = [];
      for (const modeIndex of plan.modes)
        results.push(...(await this.#measureMode(modeIndex, plan.steps)));
      this.#told({ type: "measured", results });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!(error instanceof AcquisitionError) && !(error instanceof CalibrationRefused))
        this.#parts.log.error("calibration-failed", { error });
      this.#told({ type: "failed", reason });
    }
  }

  async #measureMode(
    modeIndex: number,
    steps: CalibrationSteps,
  ): Promise<readonly CalibrationRecord[]> {
    const { panel, pixels, flatTechnique, log } = this.#parts;
    const mode = panel.modes[modeIndex];
    if (mode === undefined) throw new CalibrationRefused("the panel has no such mode");
    const { temperatureC } = await this.#collect(modeIndex, mode, "dark", undefined);
    const dark = await pixels.takeDark(modeIndex, CALIBRATION_FRAMES);
    const figures: Partial<Record<MapKind, MapFigures>> = { offset: dark.figures };
    if (steps === "all") {
      const { report } = await this.#collect(modeIndex, mode, "flat", flatTechnique());
      if (report !== null) log.info("calibration-beam", { mode: mode.id, ...beamFigures(report) });
      const flat = await pixels.takeFlat(modeIndex, CALIBRATION_FRAMES);
      if (flat.gain.kind === "refused") throw new CalibrationRefused(flat.gain.reason);
      const { pixels: count, inLines } = flat.defects;
      if (count > (mode.columns * mode.rows * DEFECTS_PER_MILLE_MAX) / 1000)
        throw new CalibrationRefused(
          `${count} pixels of mode ${mode.id} are defective, more than can be repaired; have the panel serviced`,
        );
      figures.gain = flat.gain.figures;
      figures.defect = { mean: count, sd: inLines, noise: 0 };
    }
    return this.#keep(mode, figures, temperatureC);
  }

  /** Takes the frames of one phase into the sums; answers the dose of a beam. */
  async #collect(
    modeIndex: number,
    mode: DetectorMode,
    phase: "dark" | "flat",
    beam: TechniqueSetting | undefined,
  ) {
    const { acquisition, pixels } = this.#parts;
    if (this.#brokenOff) throw new CalibrationRefused("the calibration was cancelled");
    const framesTotal = CALIBRATION_FRAMES;
    let arrived = 0;
    let frames = 0;
    let temperatureC = 0;
    /** A sum that failed fails those behind it; each gives its slot back all the same. */
    let summing: Promise<void> = Promise.resolve();
    this.#told({ type: "progress", now: { modeIndex, phase, frames, framesTotal } });
    const report = await acquisition
      .collect({
        modeId: mode.id,
        kind: phase,
        frames: framesTotal + FRAMES_SKIPPED,
        fps: mode.maxFps * RATE_PART,
        beam,
        onFrame: ({ slot, header }) => {
          if (arrived++ < FRAMES_SKIPPED) return pixels.raw.release(slot);
          const first = arrived === FRAMES_SKIPPED + 1;
          temperatureC = header.temperatureCx100 / 100;
          summing = summing
            .then(() => {
              if ((header.status & FRAME_COMPLETE) === 0)
                throw new CalibrationRefused(
                  "a frame came with gaps; check the panel's cable, then calibrate again",
                );
              return pixels.accumulate(modeIndex, slot, first);
            })
            .finally(() => pixels.raw.release(slot))
            .then(() => {
              frames++;
              this.#told({ type: "progress", now: { modeIndex, phase, frames, framesTotal } });
            });
          summing.catch(() => {});
        },
      })
      .finally(() => summing);
    return { report, temperatureC };
  }

  async #keep(
    mode: DetectorMode,
    figures: Partial<Record<MapKind, MapFigures>>,
    temperatureC: number,
  ): Promise<readonly CalibrationRecord[]> {
    const { panel, areas, storage, nowMs } = this.#parts;
    return storage.saveCalibration(
      (Object.entries(figures) as [MapKind, MapFigures][]).map(([kind, of]) => ({
        panelSerial: panel.serial,
        modeId: mode.id,
        kind,
        figures: of,
        frames: CALIBRATION_FRAMES,
        temperatureC,
        createdMs: nowMs(),
        at: areas.at[kind],
        byteLength: mode.columns * mode.rows * 2,
      })),
    );
  }
}

/** The measurement is no calibration; the message tells what to do. */
class CalibrationRefused extends Error {
  override readonly name = "CalibrationRefused";
}

/** Radiation that no patient had, for the log. */
const beamFigures = ({ kv, ma, exposureTimeMs, pulses, dap, doseRp }: ExposureReport) => ({
  kv,
  ma,
  ms: exposureTimeMs,
  pulses,
  dap,
  doseRp,
});
