// The simulated panel: an analytic phantom in front of a sensor with faults, seeded, linear in dose.
// Also the panel of demonstrations. Scatter, lag and the heel effect are not modelled.

import type { Clock } from "../../../core/clock.ts";
import { Random } from "../../../core/random.ts";
import { airKermaMicroGray } from "../../generator/sim/tube-output.ts";
import {
  type ArmRequest,
  type CalibrationMap,
  DetectorError,
  type DetectorInfo,
  type DetectorMode,
  type PhantomName,
  type SimulatedBeam,
} from "../detector.ts";
import { type FrameMaker, SoftwarePanel } from "../software-panel.ts";
import { type IdealImage, PHASES_PER_SECOND, project, RUN_PHASES } from "./projection.ts";
import {
  type Defect,
  type Light,
  makeSensor,
  meanRow,
  readOut,
  type Sensor,
  shippedMaps,
} from "./sensor.ts";

/** Full resolution for radiographs; 2×2 binned, with a more sensitive amplifier, for runs. */
export const SIMULATED_MODES: readonly DetectorMode[] = [
  {
    id: "full",
    columns: 2688,
    rows: 2688,
    binning: 1,
    bitsStored: 14,
    pitchMm: 0.16,
    maxFps: 15,
    readoutMs: 60,
    countsPerMicroGray: 400,
  },
  {
    id: "binned",
    columns: 1344,
    rows: 1344,
    binning: 2,
    bitsStored: 14,
    pitchMm: 0.32,
    maxFps: 30,
    readoutMs: 15,
    countsPerMicroGray: 4000,
  },
];

/** Distance from the focus at which the phantom's beam reaches the panel. */
const SOURCE_TO_PANEL_MM = 1150;
/** What grid and table leave of the beam. */
const GRID_TRANSMISSION = 0.5;
/** Absorbed quanta per µGy and mm². */
const QUANTA_PER_MICROGRAY_MM2 = 18_000;
/** Beam of a frame whose request names none. */
const DEFAULT_BEAM: SimulatedBeam = { kv: 80, mas: 4 };
/** A flat frame aims at this level, counts. */
const FLAT_COUNTS = 6000;
const TEMPERATURE_C = 31.5;
/** Pictures without noise kept for the next exposure with the same settings. */
const IDEALS_KEPT = 2;

export interface SimulatedDetectorOptions {
  readonly seed: number;
  readonly clock: Clock;
  readonly phantom?: PhantomName | undefined;
  readonly modes?: readonly DetectorMode[] | undefined;
  /** Time to get ready, ms. */
  readonly prepareMs?: number | undefined;
  /** Time a radiograph collects light, ms. */
  readonly integrationMs?: number | undefined;
}

/** What the simulation knows and a real panel would not tell. */
export interface GroundTruth {
  /** Mean counts of every pixel of a radiograph before response, offset, noise, defects, clipping. */
  ideal(modeId: string, beam: SimulatedBeam): Float32Array;
  defects(modeId: string): readonly Defect[];
  /** Counts of the open beam. */
  openCounts(modeId: string, beam: SimulatedBeam): number;
  /** Variance over mean of the quantum noise, counts. */
  countsPerQuantum(modeId: string): number;
}

export interface SimulatedDetector extends SoftwarePanel {
  readonly truth: GroundTruth;
}

/** A panel that sees a phantom. The same seed gives the same panel and, arm for arm, the same frames. */
export function simulatedDetector(options: SimulatedDetectorOptions): SimulatedDetector {
  const modes = options.modes ?? SIMULATED_MODES;
  const info: DetectorInfo = {
    vendor: "Simulated",
    model: "SIM-4343",
    serial: String(options.seed),
    firmware: "1.0",
    modes,
  };
  const maker = new PhantomFrames(options, modes);
  const panel = new SoftwarePanel({
    info,
    clock: options.clock,
    maker,
    prepareMs: options.prepareMs ?? 20,
    integrationMs: options.integrationMs ?? 30,
    temperatureC: TEMPERATURE_C,
  });
  return Object.assign(panel, { truth: maker.truth });
}

/** The pictures alone, for a panel that sends them over a network. */
export function phantomFrames(options: SimulatedDetectorOptions): FrameMaker {
  return new PhantomFrames(options, options.modes ?? SIMULATED_MODES);
}

class PhantomFrames implements FrameMaker {
  readonly truth: GroundTruth;
  readonly #options: SimulatedDetectorOptions;
  readonly #modes: readonly DetectorMode[];
  readonly #sensors = new Map<string, Sensor>();
  readonly #random: Random;
  #ideals: { readonly key: string; readonly image: IdealImage }[] = [];
  #prepared: {
    readonly mode: DetectorMode;
    readonly image: IdealImage | null;
    readonly openCounts: number;
    readonly fps: number;
  } | null = null;

  constructor(options: SimulatedDetectorOptions, modes: readonly DetectorMode[]) {
    this.#options = options;
    this.#modes = modes;
    this.#random = new Random(options.seed);
    this.truth = {
      ideal: (modeId, beam) => this.#idealCounts(this.#mode(modeId), beam),
      defects: (modeId) => this.#sensor(this.#mode(modeId)).defects,
      openCounts: (modeId, beam) => openCounts(this.#mode(modeId), beam),
      countsPerQuantum: (modeId) => countsPerQuantum(this.#mode(modeId)),
    };
  }

  async open(): Promise<void> {}

  close(): void {
    this.#ideals = [];
    this.#prepared = null;
  }

  prepare(request: ArmRequest, mode: DetectorMode): void {
    this.#sensor(mode);
    const beam = request.beam ?? DEFAULT_BEAM;
    const fps = request.fps ?? mode.maxFps;
    switch (request.kind) {
      case "dark":
      case "postOffset":
        this.#prepared = { mode, image: null, openCounts: 0, fps };
        return;
      case "flat":
        this.#prepared = { mode, image: openBeam(mode), openCounts: FLAT_COUNTS, fps };
        return;
      case "normal":
        this.#prepared = {
          mode,
          image: this.#ideal(mode, beam, request.frames !== 1),
          openCounts: openCounts(mode, beam),
          fps,
        };
    }
  }

  make(into: Uint16Array, index: number): number {
    if (this.#prepared === null) throw new DetectorError("no exposure was prepared");
    const { mode, image, openCounts: counts, fps } = this.#prepared;
    const phase = Math.floor((index * PHASES_PER_SECOND) / fps) % RUN_PHASES;
    const light = image === null ? null : lightOf(image, phase);
    const saturated = readOut(
      this.#sensor(mode),
      light,
      counts,
      countsPerQuantum(mode),
      this.#random,
      into,
    );
    return saturated / into.length;
  }

  maps(mode: DetectorMode): readonly CalibrationMap[] {
    const random = new Random(this.#seedOf(mode) ^ 0x5ca1ab1e);
    return shippedMaps(
      this.#sensor(mode),
      mode.id,
      this.#options.clock.nowMs(),
      TEMPERATURE_C,
      random,
    );
  }

  #mode(id: string): DetectorMode {
    const mode = this.#modes.find((m) => m.id === id);
    if (mode === undefined) throw new DetectorError(`the panel has no mode ${id}`);
    return mode;
  }

  #seedOf(mode: DetectorMode): number {
    return (this.#options.seed + 1) * 101 + this.#modes.indexOf(mode);
  }

  #sensor(mode: DetectorMode): Sensor {
    let sensor = this.#sensors.get(mode.id);
    if (sensor === undefined) {
      sensor = makeSensor(mode, new Random(this.#seedOf(mode)));
      this.#sensors.set(mode.id, sensor);
    }
    return sensor;
  }

  #ideal(mode: DetectorMode, beam: SimulatedBeam, run: boolean): IdealImage {
    const name = beam.phantom ?? this.#options.phantom ?? "thorax";
    const key = `${mode.id} ${name} ${beam.kv} ${run}`;
    const known = this.#ideals.find((i) => i.key === key);
    if (known !== undefined) return known.image;
    const image = project(mode, name, beam.kv, run);
    this.#ideals = [{ key, image }, ...this.#ideals].slice(0, IDEALS_KEPT);
    return image;
  }

  #idealCounts(mode: DetectorMode, beam: SimulatedBeam): Float32Array {
    const light = lightOf(this.#ideal(mode, beam, false), 0);
    const counts = openCounts(mode, beam);
    const out = new Float32Array(mode.columns * mode.rows);
    for (let y = 0; y < mode.rows; y++)
      meanRow(light, y, counts, out.subarray(y * mode.columns, (y + 1) * mode.columns));
    return out;
  }
}

function openCounts(mode: DetectorMode, beam: SimulatedBeam): number {
  const microGray = airKermaMicroGray(beam.kv, beam.mas, SOURCE_TO_PANEL_MM) * GRID_TRANSMISSION;
  return microGray * (mode.countsPerMicroGray ?? 1);
}

function countsPerQuantum(mode: DetectorMode): number {
  return (mode.countsPerMicroGray ?? 1) / (QUANTA_PER_MICROGRAY_MM2 * mode.pitchMm ** 2);
}

function lightOf(image: IdealImage, phase: number): Light {
  const { columns, factor, still, moving } = image;
  const values = moving?.phases[phase];
  return {
    columns,
    factor,
    still,
    patch: moving !== null && values !== undefined ? { ...moving.region, values } : null,
  };
}

/** Nothing on the panel. */
function openBeam(mode: DetectorMode): IdealImage {
  const { columns, rows } = mode;
  return {
    columns,
    rows,
    factor: 1,
    still: new Float32Array(columns * rows).fill(1),
    moving: null,
  };
}
