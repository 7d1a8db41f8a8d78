// The calibration maps in use: those measured here where there are any, else those the panel ships with. Taken
// into use mode by mode, beside everything else, because they are megabytes and the device shall be ready
// before; who exposes waits for its mode. And whether they still hold.

import type { Log } from "../core/log.ts";
import type { CalibrationMap, DetectorInfo } from "../hal/detector/detector.ts";
import { type CalibrationRecord, MAP_KINDS, type MapKind } from "../model/calibration.ts";
import type { StoragePort } from "../store/storage-port.ts";

/** How long maps hold. */
export interface CalibrationLimits {
  readonly offsetHoursMax: number;
  /** Gain and defects. */
  readonly gainDaysMax: number;
  /** Between the panel now and when its offset was measured, kelvin. */
  readonly temperatureDifferenceMax: number;
  /** Service: expose without valid maps all the same; the images are then uncorrected and say so. */
  readonly exposeUncorrected: boolean;
}

/** Where maps lie in the shared memory on their way from and to the disk. */
export interface MapAreas {
  readonly buffer: ArrayBufferLike;
  readonly at: Readonly<Record<MapKind, number>>;
}

export interface CalibrationParts {
  readonly panel: DetectorInfo;
  /** The maps a panel ships with. */
  readonly fetch: (modeId: string) => Promise<readonly CalibrationMap[]>;
  /** Takes maps into use in the pixel chain. */
  readonly load: (modeIndex: number, maps: readonly CalibrationMap[]) => Promise<void>;
  /** Maps measured here; absent where none are kept. */
  readonly stored?:
    | { readonly storage: Pick<StoragePort, "loadCalibration">; readonly areas: MapAreas }
    | undefined;
  readonly limits: () => CalibrationLimits;
  /** Of the panel, now; null while it is unknown. */
  readonly temperatureC: () => number | null;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** A map in use: measured here, or the panel's own. */
export interface MapInUse {
  readonly kind: MapKind;
  readonly source: "measured" | "panel";
  readonly createdMs: number;
  readonly temperatureC: number;
  readonly frames: number;
  /** Of measured ones. */
  readonly record?: CalibrationRecord | undefined;
}

export type CalibrationCheck =
  | { readonly kind: "valid" }
  /** Not valid, and service wants exposures all the same. */
  | { readonly kind: "uncorrected"; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export class Calibrations {
  readonly #parts: CalibrationParts;
  readonly #loading = new Map<number, Promise<boolean>>();
  readonly #inUse = new Map<number, readonly MapInUse[]>();
  /** Maps on disk that could not be used, in words, by mode. */
  readonly #damaged = new Map<number, readonly string[]>();
  /** One mode at a time: they share the areas. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: CalibrationParts) {
    this.#parts = parts;
  }

  /** Takes every mode's maps into use, one mode after the other. */
  async start(): Promise<void> {
    for (const index of this.#parts.panel.modes.keys()) await this.ready(index);
  }

  /** Whether the mode has an offset map; waits for maps that are on their way. */
  ready(modeIndex: number): Promise<boolean> {
    const loading = this.#loading.get(modeIndex) ?? this.#load(modeIndex);
    this.#loading.set(modeIndex, loading);
    return loading;
  }

  /** Takes the mode's maps into use anew, after others were accepted. */
  reload(modeIndex: number): Promise<boolean> {
    this.#loading.delete(modeIndex);
    return this.ready(modeIndex);
  }

  /** When the offset map was made that the mode's images are corrected by, epoch ms; null: by none. */
  madeMs(modeIndex: number): number | null {
    if (this.#fault(modeIndex) !== null) return null;
    return this.#offset(modeIndex)?.createdMs ?? null;
  }

  maps(modeIndex: number): readonly MapInUse[] {
    return this.#inUse.get(modeIndex) ?? [];
  }

  damaged(modeIndex: number): readonly string[] {
    return this.#damaged.get(modeIndex) ?? [];
  }

  /** Why the mode's maps do not hold any more; null: they do. Of maps that are loaded. */
  fault(modeIndex: number): string | null {
    return this.#fault(modeIndex);
  }

  /** Whether the mode may be exposed in; waits for maps that are on their way. */
  async check(modeIndex: number): Promise<CalibrationCheck> {
    await this.ready(modeIndex);
    const reason = this.#fault(modeIndex);
    if (reason === null) return { kind: "valid" };
    return this.#parts.limits().exposeUncorrected
      ? { kind: "uncorrected", reason }
      : { kind: "refused", reason };
  }

  #offset(modeIndex: number): MapInUse | undefined {
    return this.maps(modeIndex).find((map) => map.kind === "offset");
  }

  #fault(modeIndex: number): string | null {
    const { panel, limits, nowMs, temperatureC } = this.#parts;
    const mode = panel.modes[modeIndex]?.id ?? String(modeIndex);
    const offset = this.#offset(modeIndex);
    if (offset === undefined)
      return `mode ${mode} of the panel has no valid calibration; calibrate it first`;
    const { offsetHoursMax, gainDaysMax, temperatureDifferenceMax } = limits();
    for (const map of this.maps(modeIndex)) {
      // The panel keeps its own maps up to date.
      if (map.source === "panel") continue;
      // A clock that was set back makes it no younger.
      const ageMs = Math.abs(nowMs() - map.createdMs);
      if (map.kind === "offset" && ageMs > offsetHoursMax * HOUR_MS)
        return `the offset map of mode ${mode} is ${Math.floor(ageMs / HOUR_MS)} hours old, it holds for ${offsetHoursMax}; calibrate the offset again`;
      if (map.kind !== "offset" && ageMs > gainDaysMax * DAY_MS)
        return `the ${map.kind} map of mode ${mode} is ${Math.floor(ageMs / DAY_MS)} days old, it holds for ${gainDaysMax}; calibrate the panel again`;
    }
    const now = temperatureC();
    if (offset.source === "measured" && now !== null) {
      const difference = Math.abs(now - offset.temperatureC);
      if (difference > temperatureDifferenceMax)
        return `the panel has ${now.toFixed(1)} °C, its offset of mode ${mode} was measured at ${offset.temperatureC.toFixed(1)} °C (${temperatureDifferenceMax} K apart at most); calibrate the offset again`;
    }
    return null;
  }

  #load(modeIndex: number): Promise<boolean> {
    const mine = this.#turn.then(() => this.#loadNow(modeIndex));
    this.#turn = mine;
    return mine;
  }

  async #loadNow(modeIndex: number): Promise<boolean> {
    const { panel, fetch, load, log } = this.#parts;
    const mode = panel.modes[modeIndex];
    if (mode === undefined) return false;
    try {
      const { maps: measured, records, damaged } = await this.#measured(modeIndex);
      const all = MAP_KINDS.every((kind) => measured.some((map) => map.kind === kind));
      const own = all ? [] : await fetch(mode.id);
      const maps = [
        ...measured,
        ...own.filter(({ kind }) => !measured.some((map) => map.kind === kind)),
      ];
      this.#damaged.set(modeIndex, damaged);
      for (const reason of damaged) log.error("calibration-damaged", { mode: mode.id, reason });
      if (!maps.some((map) => map.kind === "offset")) {
        this.#inUse.delete(modeIndex);
        return false;
      }
      await load(modeIndex, maps);
      const ordered = MAP_KINDS.flatMap((kind) => maps.find((map) => map.kind === kind) ?? []);
      this.#inUse.set(
        modeIndex,
        ordered.map(({ kind, createdMs, temperatureC, frames }) => {
          const record = records.find((r) => r.kind === kind);
          const source = record === undefined ? "panel" : "measured";
          return { kind, source, createdMs, temperatureC, frames, record };
        }),
      );
      return true;
    } catch (error) {
      log.error("calibration-not-loaded", { mode: mode.id, error });
      this.#inUse.delete(modeIndex);
      this.#loading.delete(modeIndex);
      return false;
    }
  }

  async #measured(modeIndex: number) {
    const { panel, stored } = this.#parts;
    const mode = panel.modes[modeIndex];
    if (stored === undefined || mode === undefined) return { maps: [], records: [], damaged: [] };
    const { storage, areas } = stored;
    const count = mode.columns * mode.rows;
    const { records, damaged } = await storage.loadCalibration({
      panelSerial: panel.serial,
      modeId: mode.id,
      byteLength: count * 2,
      into: areas.at,
    });
    const maps = records.map(
      ({ kind, createdMs, temperatureC, frames }): CalibrationMap => ({
        kind,
        modeId: mode.id,
        pixels: new Uint16Array(areas.buffer, areas.at[kind], count),
        createdMs,
        temperatureC,
        frames,
      }),
    );
    return {
      maps,
      records,
      damaged: damaged.map(
        ({ kind, reason }) =>
          `the ${kind} map of mode ${mode.id} is not used: ${reason}; calibrate the panel again`,
      ),
    };
  }
}
