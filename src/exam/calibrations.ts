// The calibration maps in use: fetched from the panel mode by mode, beside everything else, because
// they are megabytes and the device shall be ready before. Who exposes waits for its mode.

import type { Log } from "../core/log.ts";
import type { CalibrationMap, DetectorInfo } from "../hal/detector/detector.ts";

export interface CalibrationParts {
  readonly panel: DetectorInfo;
  readonly fetch: (modeId: string) => Promise<readonly CalibrationMap[]>;
  /** Takes maps into use in the pixel chain. */
  readonly load: (modeIndex: number, maps: readonly CalibrationMap[]) => Promise<void>;
  readonly log: Log;
}

export class Calibrations {
  readonly #parts: CalibrationParts;
  readonly #loading = new Map<number, Promise<boolean>>();
  readonly #madeMs = new Map<number, number>();

  constructor(parts: CalibrationParts) {
    this.#parts = parts;
  }

  /** Fetches every mode's maps, one mode after the other. */
  async start(): Promise<void> {
    for (const index of this.#parts.panel.modes.keys()) await this.ready(index);
  }

  /** Whether the mode's frames can be corrected; waits for maps that are on their way. */
  ready(modeIndex: number): Promise<boolean> {
    const loading = this.#loading.get(modeIndex) ?? this.#load(modeIndex);
    this.#loading.set(modeIndex, loading);
    return loading;
  }

  /** When the mode's offset map was made, epoch ms; null: there is none. */
  madeMs(modeIndex: number): number | null {
    return this.#madeMs.get(modeIndex) ?? null;
  }

  async #load(modeIndex: number): Promise<boolean> {
    const mode = this.#parts.panel.modes[modeIndex];
    if (mode === undefined) return false;
    try {
      const maps = await this.#parts.fetch(mode.id);
      const offset = maps.find((m) => m.kind === "offset");
      if (offset === undefined) return false;
      await this.#parts.load(modeIndex, maps);
      this.#madeMs.set(modeIndex, offset.createdMs);
      return true;
    } catch (error) {
      this.#parts.log.error("calibration-not-loaded", { mode: mode.id, error });
      this.#loading.delete(modeIndex);
      return false;
    }
  }
}
