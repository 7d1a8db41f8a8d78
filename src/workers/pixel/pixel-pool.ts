// The pixel pool as the main thread sees it: owns the shared memory, its slots and the threads, and
// takes one frame after the other through the pipeline. What goes in and out are slot numbers.

import { assert } from "../../core/assert.ts";
import type { Clock } from "../../core/clock.ts";
import { Listeners } from "../../core/listeners.ts";
import { programEntry } from "../../core/program-file.ts";
import { SlotPool } from "../../core/slot-pool.ts";
import { type CalibrationMap, type DetectorMode, UNITY_GAIN } from "../../hal/detector/detector.ts";
import type { ProcessingSetting } from "../../model/protocol.ts";
import { type WorkerError, WorkerThread } from "../worker-thread.ts";
import { curveKey } from "./characteristic.ts";
import { compileKernels, sharedMemory } from "./kernel-module.ts";
import {
  DEFECT_RECORD_BYTES,
  type MemoryMap,
  type ModeLayout,
  memoryMap,
  type SlotCounts,
} from "./memory-map.ts";
import { noiseModel } from "./noise-model.ts";
import {
  bandsOf,
  type Crew,
  type DefectList,
  type FrameOrder,
  type FrameResult,
  processFrame,
} from "./pipeline.ts";
import { PixelError } from "./pixel-error.ts";
import type { PixelStart, Task, TaskResult } from "./pixel-messages.ts";
import { type PlaceInRun, RunHistory } from "./run-filter.ts";
import type { PixelWindow } from "./window.ts";

/** Frames that may wait for the threads; more means that somebody does not look at the slots. */
export const JOBS_WAITING_MAX = 64;
export const WORKERS_DEFAULT = 2;

/** What the pool is told of a panel's mode; with pitch and sensitivity it knows the noise. */
export type PixelMode = Pick<DetectorMode, "id" | "columns" | "rows" | "bitsStored"> &
  Partial<Pick<DetectorMode, "pitchMm" | "countsPerMicroGray">>;

export interface PixelPoolOptions {
  readonly modes: readonly PixelMode[];
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Threads; 2 where nothing is said. */
  readonly workers?: number | undefined;
  readonly slots?: SlotCounts | undefined;
  /** The compiled kernels; loaded from the build's folder where absent. */
  readonly module?: WebAssembly.Module | undefined;
  /** File of the thread's code. */
  readonly entry?: URL | undefined;
}

export interface FrameRequest {
  readonly rawSlot: number;
  readonly imageSlot: number;
  /** Takes the windowed 8-bit picture. */
  readonly displaySlot?: number | undefined;
  /** Index into the panel's modes. */
  readonly modeIndex: number;
  readonly processing: ProcessingSetting;
  /** Significant bits of the image: 8 to 16. */
  readonly bitsStored: number;
  /** True: no offset, gain and defect correction, whatever is loaded. */
  readonly uncorrected?: boolean | undefined;
}

export interface FluoroRequest extends FrameRequest {
  /** The run's window; found in this frame where absent. */
  readonly window?: PixelWindow | undefined;
  /** Look at the frame although the window is given. */
  readonly look?: boolean | undefined;
  /** Given: noise is reduced in time, as strongly as the processing says. */
  readonly place?: PlaceInRun | undefined;
}

export type DarkTaken = Extract<TaskResult, { type: "dark-taken" }>;
export type FlatTaken = Extract<TaskResult, { type: "flat-taken" }>;

interface Calibration {
  readonly hasOffset: boolean;
  readonly hasGain: boolean;
  readonly defects: DefectList;
}

export class PixelPool {
  readonly memory: WebAssembly.Memory;
  readonly map: MemoryMap;
  /** Slots for frames as the panel delivers them. */
  readonly raw: SlotPool;
  /** Slots for processed 16-bit frames. */
  readonly image: SlotPool;
  /** Slots for 8-bit pictures. */
  readonly display: SlotPool;
  /** A thread died and was started anew. */
  readonly deaths = new Listeners<WorkerError>();

  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #modes: readonly PixelMode[];
  readonly #history = new RunHistory();
  readonly #threads: readonly WorkerThread<PixelStart, Task, TaskResult>[];
  readonly #crew: Crew;
  readonly #calibrations = new Map<number, Calibration>();
  #curve: string | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #closed = false;

  private constructor(options: PixelPoolOptions, module: WebAssembly.Module) {
    const workers = options.workers ?? WORKERS_DEFAULT;
    this.#clock = options.clock;
    this.#modes = options.modes;
    this.map = memoryMap(options.modes, workers, options.slots);
    this.memory = sharedMemory(this.map.totalBytes);
    const { buffer } = this.memory;
    this.raw = new SlotPool(buffer, this.map.raw);
    this.image = new SlotPool(buffer, this.map.image);
    this.display = new SlotPool(buffer, this.map.display);
    const entry = options.entry ?? programEntry("pixel-worker", import.meta.url);
    this.#threads = Array.from(
      { length: workers },
      () =>
        new WorkerThread<PixelStart, Task, TaskResult>({
          name: "pixel worker",
          entry,
          start: { module, memory: this.memory },
        }),
    );
    for (const thread of this.#threads) thread.deaths.add((error) => this.deaths.emit(error));
    this.#crew = { threads: workers, run: (tasks) => this.#spread(tasks) };
  }

  /** @throws PixelError when the kernels are missing. @throws WorkerError when a thread does not start. */
  static async start(options: PixelPoolOptions): Promise<PixelPool> {
    const pool = new PixelPool(options, options.module ?? (await compileKernels()));
    try {
      await Promise.all(pool.#threads.map((thread) => thread.started()));
      return pool;
    } catch (error) {
      pool.close();
      throw error;
    }
  }

  /**
   * Takes calibration maps of one mode into use, from the next frame on; kinds not given stay as they
   * are. Without a gain map the factor is 1 everywhere, without a defect map nothing is repaired.
   * @throws PixelError when a map has another size or too many defects.
   */
  loadCalibration(modeIndex: number, maps: readonly CalibrationMap[]): Promise<void> {
    const mode = this.#mode(modeIndex);
    const pixels = mode.columns * mode.rows;
    for (const map of maps) {
      if (map.modeId !== this.#modeId(modeIndex) || map.pixels.length !== pixels)
        return Promise.reject(
          new PixelError(
            `the ${map.kind} map is of mode ${map.modeId} with ${map.pixels.length} pixels, wanted is ` +
              `${this.#modeId(modeIndex)} with ${pixels}; calibrate this mode again`,
          ),
        );
    }
    return this.#inTurn(() => this.#load(modeIndex, mode, maps));
  }

  /** Whether frames of a mode can be corrected: an offset map is loaded. */
  calibrated(modeIndex: number): boolean {
    return this.#calibrations.get(modeIndex)?.hasOffset ?? false;
  }

  /**
   * A radiograph: raw slot → corrected, curved and turned image in the image slot (unsigned, MONOCHROME2
   * in the sense that a greater value is shown brighter), enhanced as the processing says, with the
   * automatic window.
   * @throws PixelError without a calibration, unless `uncorrected`.
   * @throws WorkerError when a thread dies; it is there again for the next frame.
   */
  processRadiograph(request: FrameRequest): Promise<FrameResult> {
    return this.#inTurn(() => {
      // The enhancement works where the run's past is kept.
      this.#history.forget();
      const mode = this.#modes[request.modeIndex];
      assert(mode !== undefined, `mode ${request.modeIndex} of the panel`);
      return this.#process("radiograph", request, { noise: noiseModel(mode) });
    });
  }

  /**
   * A frame of a run: the same, with the window the run already has, filtered. With a `place` its noise is
   * reduced in time; that begins anew with a run, a mode, a gap.
   */
  processFluoroFrame(request: FluoroRequest): Promise<FrameResult> {
    return this.#inTurn(async () => {
      const { place, modeIndex, processing } = request;
      if (place === undefined) this.#history.forget();
      const time =
        place === undefined ? null : this.#history.next(place, modeIndex, processing.noise);
      const mode = this.#modes[modeIndex];
      assert(mode !== undefined, `mode ${modeIndex} of the panel`);
      try {
        const filter = { time, noise: noiseModel(mode) };
        const { window, look } = request;
        return await this.#process("run", request, { window, look, filter });
      } catch (error) {
        // What lies in the memory may be half a frame.
        this.#history.forget();
        throw error;
      }
    });
  }

  /**
   * Adds a frame to the sums a calibration is made of; the first one begins them anew. At most 128.
   * @throws WorkerError when a thread dies
   */
  accumulate(modeIndex: number, rawSlot: number, first: boolean): Promise<void> {
    const mode = this.#mode(modeIndex);
    const source = this.raw.offset(rawSlot);
    const areas = this.map.calibration;
    return this.#inTurn(async () => {
      const tasks = bandsOf(mode.rows, this.#crew.threads).map(
        (band): Task => ({ type: "accumulate", source, areas, shape: mode, band, first }),
      );
      await this.#spread(tasks);
    });
  }

  /** Offset map and dark defects out of `frames` summed dark frames; the maps lie in the memory then. */
  async takeDark(modeIndex: number, frames: number): Promise<DarkTaken> {
    const [taken] = await this.#take(modeIndex, { type: "take-dark", frames });
    assert(taken?.type === "dark-taken", "dark frames answer their figures");
    return taken;
  }

  /** The same out of flat frames, behind the dark ones of the mode. */
  async takeFlat(modeIndex: number, frames: number): Promise<FlatTaken> {
    const fullScale = 2 ** this.#mode(modeIndex).bitsStored - 1;
    const [taken] = await this.#take(modeIndex, { type: "take-flat", frames, fullScale });
    assert(taken?.type === "flat-taken", "flat frames answer their figures");
    return taken;
  }

  #take(
    modeIndex: number,
    task:
      | { readonly type: "take-dark"; readonly frames: number }
      | { readonly type: "take-flat"; readonly frames: number; readonly fullScale: number },
  ): Promise<readonly TaskResult[]> {
    const { columns, rows } = this.#mode(modeIndex);
    const areas = this.map.calibration;
    return this.#inTurn(() => this.#spread([{ ...task, areas, shape: { columns, rows } }]));
  }

  /** Ends the threads; what is under way rejects. */
  close(): void {
    this.#closed = true;
    for (const thread of this.#threads) thread.close();
  }

  async #process(
    use: FrameOrder["use"],
    request: FrameRequest,
    more: Pick<FrameOrder, "window" | "look" | "filter" | "noise"> = {},
  ): Promise<FrameResult> {
    const { map } = this;
    const mode = this.#mode(request.modeIndex);
    const key = curveKey(request.processing, mode.bitsStored, request.bitsStored);
    const defects = request.uncorrected === true ? null : this.#defectsOf(request.modeIndex);
    const curveIsMade = this.#curve === key;
    this.#curve = null;
    const result = await processFrame(
      this.#crew,
      {
        raw: this.raw.offset(request.rawSlot),
        image: this.image.offset(request.imageSlot),
        display:
          request.displaySlot === undefined ? null : this.display.offset(request.displaySlot),
        work: map.work,
        preview: map.preview,
        mask: map.mask,
        curve: map.curve,
        levels: map.levels,
        history: map.history,
        enhancement: map.enhancement,
        scratch: map.scratch,
      },
      {
        use,
        mode,
        defects,
        processing: request.processing,
        bitsStored: request.bitsStored,
        curveIsMade,
        ...more,
      },
      new Uint16Array(this.memory.buffer, map.curve, 65536),
      () => this.#clock.monotonicMs(),
    );
    this.#curve = key;
    return result;
  }

  #defectsOf(modeIndex: number): DefectList {
    const calibration = this.#calibrations.get(modeIndex);
    if (!calibration?.hasOffset)
      throw new PixelError(
        `mode ${this.#modeId(modeIndex)} has no offset map; calibrate the panel`,
      );
    return calibration.defects;
  }

  async #load(modeIndex: number, mode: ModeLayout, maps: readonly CalibrationMap[]): Promise<void> {
    const { buffer } = this.memory;
    const pixels = mode.columns * mode.rows;
    const records = new Uint32Array(
      buffer,
      mode.defects,
      (mode.defectsMax * DEFECT_RECORD_BYTES) / 4,
    );
    const was = this.#calibrations.get(modeIndex);
    const by = (kind: CalibrationMap["kind"]) => maps.find((map) => map.kind === kind)?.pixels;
    // Half a calibration is none: the mode is uncalibrated until all of it lies there.
    this.#calibrations.delete(modeIndex);

    const offset = by("offset");
    if (offset) new Uint16Array(buffer, mode.offset, pixels).set(offset);
    await breath();
    const gain = by("gain");
    if (gain) new Uint16Array(buffer, mode.gain, pixels).set(gain);
    else if (!was?.hasGain) new Uint16Array(buffer, mode.gain, pixels).fill(UNITY_GAIN);

    await breath();
    let count = was?.defects.count ?? 0;
    const defect = by("defect");
    if (defect) {
      new Uint16Array(buffer, this.map.work, pixels).set(defect);
      const [listed] = await this.#spread([{ type: "list-defects", map: this.map.work, mode }]);
      assert(listed?.type === "defects", "a list of defects answers their number");
      if (listed.count === null)
        throw new PixelError(
          `mode ${this.#modeId(modeIndex)} has more than ${mode.defectsMax} defective pixels; ` +
            "have the panel serviced",
        );
      count = listed.count;
    }
    this.#calibrations.set(modeIndex, {
      hasOffset: offset !== undefined || (was?.hasOffset ?? false),
      hasGain: gain !== undefined || (was?.hasGain ?? false),
      defects: { count, records },
    });
  }

  #modeId(modeIndex: number): string {
    return this.#modes[modeIndex]?.id ?? String(modeIndex);
  }

  #mode(modeIndex: number): ModeLayout {
    const mode = this.map.modes[modeIndex];
    assert(mode !== undefined, `mode ${modeIndex} of the panel`);
    return mode;
  }

  /** One job at a time: they share the working areas. */
  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new PixelError("the pixel pool was closed"));
    if (this.#waiting >= JOBS_WAITING_MAX)
      return Promise.reject(
        new PixelError(`${JOBS_WAITING_MAX} frames wait for processing; slow the panel down`),
      );
    this.#waiting++;
    const mine = this.#last.then(job, job).finally(() => {
      this.#waiting--;
    });
    this.#last = mine.catch(() => {});
    return mine;
  }

  /** Deals tasks out to the threads. Ends only when all have, so that nobody writes into a slot later. */
  async #spread(tasks: readonly Task[]) {
    const ended = await Promise.allSettled(
      tasks.map((task, index) => {
        const thread = this.#threads[index % this.#threads.length];
        assert(thread !== undefined, "a pool has threads");
        return thread.run(task);
      }),
    );
    return ended.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
  }
}

/** Lets the event loop go round between two large copies. */
const breath = () => new Promise<void>((resolve) => setImmediate(resolve));
