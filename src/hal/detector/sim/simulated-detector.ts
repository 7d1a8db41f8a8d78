// The simulated panel: an analytic phantom in front of a sensor with faults, seeded, linear in dose.
// Also the panel of demonstrations. Quantum noise is white: the scintillator's spread is not modelled.

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
  UNITY_GAIN,
} from "../detector.ts";
import { type FrameMaker, SoftwarePanel } from "../software-panel.ts";
import {
  addGhost,
  GHOST_FADES_S,
  GHOST_SHARE,
  type Ghost,
  ghostLeft,
  ghostOfFrames,
  LAG_NEXT_FRAME,
  resized,
} from "./afterglow.ts";
import { SOURCE_TO_PANEL_MM } from "./beam-field.ts";
import { type IdealImage, PHASES_PER_SECOND, RUN_PHASES } from "./ideal-image.ts";
import { drawnGrid, project, projectOpenBeam } from "./projection.ts";
import { type Light, meanRow, readOut } from "./read-out.ts";
import { type Defect, makeSensor, type Sensor, shippedMaps } from "./sensor.ts";

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

/** What grid and table leave of the beam. */
const GRID_TRANSMISSION = 0.5;
/** Absorbed quanta per µGy and mm². */
const QUANTA_PER_MICROGRAY_MM2 = 18_000;
/** Beam of a frame whose request names none. */
const DEFAULT_BEAM: SimulatedBeam = { kv: 80, mas: 4 };
/** What a patient lets through grows with about this power of the voltage, besides what the tube gives. */
const PENETRATION_POWER = 2.5;
/** A flat frame aims at this level, counts. */
const FLAT_COUNTS = 6000;
/** Temperature at which a panel works, and for which its maps are made. */
const TEMPERATURE_C = 31.5;
/** Dark current grows with the temperature. */
const OFFSET_COUNTS_PER_KELVIN = 1.5;
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
  /** Of the panel, degrees Celsius; asked for at every frame. */
  readonly temperatureC?: (() => number) | undefined;
}

/** What the simulation knows and a real panel would not tell. */
export interface GroundTruth {
  /**
   * Mean counts of every pixel of a radiograph before response, offset, noise, defects, clipping: primary
   * and scatter in the field of the beam.
   */
  ideal(modeId: string, beam: SimulatedBeam): Float32Array;
  /** The scattered part of it. */
  scatter(modeId: string, beam: SimulatedBeam): Float32Array;
  /** The same of frame number `index` of a run, before lag. */
  idealOfRun(modeId: string, beam: SimulatedBeam, index: number, fps: number): Float32Array;
  /** The open beam's share at every pixel, 1 on the panel's average: what a flat field holds beside the sensor. */
  beamField(modeId: string): Float32Array;
  /** Response of every pixel, 1 on average. */
  response(modeId: string): Float32Array;
  defects(modeId: string): readonly Defect[];
  /** Mean counts of the open beam. */
  openCounts(modeId: string, beam: SimulatedBeam): number;
  /** Variance over mean of the quantum noise, counts. */
  countsPerQuantum(modeId: string): number;
  readonly lag: {
    /** Part of a frame that comes again in the next of its run. */
    readonly nextFrame: number;
    /** Part of it that every later frame holds, and the seconds in which that fades. */
    readonly ghostShare: number;
    readonly ghostFadesS: number;
  };
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
    temperatureC: temperatureOf(options),
  });
  return Object.assign(panel, { truth: maker.truth });
}

/** The pictures alone, for a panel that sends them over a network and for measuring. */
export function phantomFrames(
  options: SimulatedDetectorOptions,
): FrameMaker & { readonly truth: GroundTruth } {
  return new PhantomFrames(options, options.modes ?? SIMULATED_MODES);
}

class PhantomFrames implements FrameMaker {
  readonly truth: GroundTruth;
  readonly #options: SimulatedDetectorOptions;
  readonly #modes: readonly DetectorMode[];
  readonly #sensors = new Map<string, Sensor>();
  readonly #random: Random;
  #ideals: { readonly key: string; readonly image: IdealImage }[] = [];
  #prepared: Prepared | null = null;
  /** Frames made of what is prepared, and when the last was. */
  #made = { frames: 0, atMs: 0 };
  #ghost: Ghost | null = null;

  constructor(options: SimulatedDetectorOptions, modes: readonly DetectorMode[]) {
    this.#options = options;
    this.#modes = modes;
    this.#random = new Random(options.seed);
    const radiograph = (mode: DetectorMode, beam: SimulatedBeam) =>
      lightOf(this.#ideal(mode, beam, false), 0, openCounts(mode, beam));
    this.truth = {
      ideal: (modeId, beam) => countsOf(this.#mode(modeId), radiograph(this.#mode(modeId), beam)),
      scatter: (modeId, beam) => {
        const mode = this.#mode(modeId);
        const image = this.#ideal(mode, beam, false);
        const light = lightOf(image, 0, openCounts(mode, beam));
        const still = image.scatter ?? new Float32Array(image.still.length);
        return countsOf(mode, { ...light, still });
      },
      idealOfRun: (modeId, beam, index, fps) => {
        const mode = this.#mode(modeId);
        const image = this.#ideal(mode, beam, true);
        return countsOf(mode, lightOf(image, phaseOf(index, fps), openCounts(mode, beam)));
      },
      beamField: (modeId) => {
        const mode = this.#mode(modeId);
        return countsOf(mode, lightOf(projectOpenBeam(mode), 0, 1));
      },
      response: (modeId) =>
        Float32Array.from(this.#sensor(this.#mode(modeId)).response, (r) => r / UNITY_GAIN),
      defects: (modeId) => this.#sensor(this.#mode(modeId)).defects,
      openCounts: (modeId, beam) => openCounts(this.#mode(modeId), beam),
      countsPerQuantum: (modeId) => countsPerQuantum(this.#mode(modeId)),
      lag: { nextFrame: LAG_NEXT_FRAME, ghostShare: GHOST_SHARE, ghostFadesS: GHOST_FADES_S },
    };
  }

  async open(): Promise<void> {}

  close(): void {
    this.#ideals = [];
    this.#prepared = null;
    this.#ghost = null;
  }

  prepare(request: ArmRequest, mode: DetectorMode): void {
    this.#sensor(mode);
    this.#keepGhost();
    const beam = request.beam ?? DEFAULT_BEAM;
    const run = request.frames !== 1;
    const { image, counts } = this.#seen(request.kind, mode, beam, run);
    const ghost = this.#ghost;
    const { grid, factor } =
      image === null ? drawnGrid(mode) : { grid: image, factor: image.factor };
    const left = ghost === null ? 0 : ghostLeft(this.#options.clock.monotonicMs() - ghost.atMs);
    this.#made = { frames: 0, atMs: this.#options.clock.monotonicMs() };
    this.#prepared = {
      mode,
      image,
      beam,
      openCounts: counts,
      fps: request.fps ?? mode.maxFps,
      // A panel is cleared while it gets ready: a single image has no frame before it.
      signal: run ? new Float32Array(mode.columns * mode.rows) : null,
      ghost:
        ghost === null || left === 0
          ? null
          : {
              columns: grid.columns,
              factor,
              values: resized(ghost, grid.columns, grid.rows),
              scale: left * countsPerMicroGray(mode),
            },
    };
  }

  /** The picture stays that of the voltage the run began with; what passes the patient is scaled. */
  adjust(beam: SimulatedBeam): void {
    const prepared = this.#prepared;
    if (prepared === null || prepared.image === null) return;
    const penetration = (beam.kv / prepared.beam.kv) ** PENETRATION_POWER;
    this.#prepared = { ...prepared, openCounts: openCounts(prepared.mode, beam) * penetration };
  }

  make(into: Uint16Array, index: number): number {
    const prepared = this.#prepared;
    if (prepared === null) throw new DetectorError("no exposure was prepared");
    const { mode, image, fps, ghost, signal } = prepared;
    const fading = ghost === null ? 0 : ghost.scale * ghostLeft((index * 1000) / fps);
    // What a run has left in the panel already acts as so much more beam.
    const counts = prepared.openCounts * (1 + ghostOfFrames(index, 1 / fps));
    const light = image === null ? null : lightOf(image, phaseOf(index, fps), counts);
    const saturated = readOut(
      this.#sensor(mode),
      {
        light: ghost === null || fading === 0 ? light : withGhost(light, ghost, fading),
        countsPerQuantum: countsPerQuantum(mode),
        signal,
        offsetDrift: (temperatureOf(this.#options)() - TEMPERATURE_C) * OFFSET_COUNTS_PER_KELVIN,
      },
      this.#random,
      into,
    );
    this.#made = { frames: index + 1, atMs: this.#options.clock.monotonicMs() };
    return saturated / into.length;
  }

  /** What the exposure before this one left behind. */
  #keepGhost(): void {
    const { frames, atMs } = this.#made;
    const last = this.#prepared;
    if (last === null || last.image === null || frames === 0) return;
    const microGray = last.openCounts / countsPerMicroGray(last.mode);
    this.#ghost = addGhost(
      this.#ghost,
      { columns: last.image.columns, rows: last.image.rows, shares: last.image.still },
      microGray * ghostOfFrames(frames, 1 / last.fps),
      atMs,
    );
  }

  /** The picture of a request, and the counts of its open beam. */
  #seen(
    kind: ArmRequest["kind"],
    mode: DetectorMode,
    beam: SimulatedBeam,
    run: boolean,
  ): { image: IdealImage | null; counts: number } {
    switch (kind) {
      case "dark":
      case "postOffset":
        return { image: null, counts: 0 };
      case "flat":
        return {
          image: this.#kept(`${mode.id} flat`, () => projectOpenBeam(mode)),
          counts: FLAT_COUNTS,
        };
      case "normal":
        return { image: this.#ideal(mode, beam, run), counts: openCounts(mode, beam) };
    }
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
    const opening = beam.openingMm?.join() ?? "open";
    return this.#kept(`${mode.id} ${name} ${beam.kv} ${opening} ${run}`, () =>
      project(mode, name, beam, run),
    );
  }

  #kept(key: string, make: () => IdealImage): IdealImage {
    const known = this.#ideals.find((i) => i.key === key);
    if (known !== undefined) return known.image;
    const image = make();
    this.#ideals = [{ key, image }, ...this.#ideals].slice(0, IDEALS_KEPT);
    return image;
  }
}

interface Prepared {
  readonly mode: DetectorMode;
  /** Null: no beam. */
  readonly image: IdealImage | null;
  /** That the picture was made for. */
  readonly beam: SimulatedBeam;
  readonly openCounts: number;
  readonly fps: number;
  /** Signal of the frame before. */
  readonly signal: Float32Array | null;
  /** What earlier exposures left, when the panel was prepared. */
  readonly ghost: PreparedGhost | null;
}

interface PreparedGhost {
  readonly columns: number;
  readonly factor: 1 | 2;
  readonly values: Float32Array;
  /** Counts for each unit of the values. */
  readonly scale: number;
}

const temperatureOf = ({ temperatureC }: Pick<SimulatedDetectorOptions, "temperatureC">) =>
  temperatureC ?? (() => TEMPERATURE_C);

const countsPerMicroGray = (mode: DetectorMode): number => mode.countsPerMicroGray ?? 1;

function openCounts(mode: DetectorMode, beam: SimulatedBeam): number {
  const microGray = airKermaMicroGray(beam.kv, beam.mas, SOURCE_TO_PANEL_MM) * GRID_TRANSMISSION;
  return microGray * countsPerMicroGray(mode);
}

function countsPerQuantum(mode: DetectorMode): number {
  return countsPerMicroGray(mode) / (QUANTA_PER_MICROGRAY_MM2 * mode.pitchMm ** 2);
}

const phaseOf = (index: number, fps: number): number =>
  Math.floor((index * PHASES_PER_SECOND) / fps) % RUN_PHASES;

function lightOf(image: IdealImage, phase: number, counts: number): Light {
  const { columns, factor, still, moving } = image;
  const values = moving?.phases[phase];
  return {
    columns,
    factor,
    still,
    patch: moving !== null && values !== undefined ? { ...moving.region, values } : null,
    ghost: null,
    openCounts: counts,
  };
}

/** In the dark the ghost is all the light there is. */
function withGhost(light: Light | null, ghost: PreparedGhost, scale: number): Light {
  const { columns, factor, values } = ghost;
  return light === null
    ? { columns, factor, still: values, openCounts: scale, patch: null, ghost: null }
    : { ...light, ghost: { values, scale } };
}

/** Mean counts of every pixel. */
function countsOf({ columns, rows }: DetectorMode, light: Light): Float32Array {
  const out = new Float32Array(columns * rows);
  for (let y = 0; y < rows; y++) meanRow(light, y, out.subarray(y * columns, (y + 1) * columns));
  return out;
}
