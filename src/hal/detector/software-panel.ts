// A panel made of software: state rules, timing and slots of the simulated and the replaying driver.
// What the frames show comes from a FrameMaker. Frames of single images are made while arming,
// straight into their slot, so that little is left to do once the beam is on.

import type { Clock, Timer } from "../../core/clock.ts";
import { sleep } from "../../core/clock.ts";
import type { SlotPool } from "../../core/slot-pool.ts";
import {
  FRAME_COMPLETE,
  FRAME_FIRST_AFTER_ARM,
  FRAME_SATURATED,
  type FrameHeader,
  writeFrameHeader,
} from "../../model/frame.ts";
import {
  type ArmRequest,
  type CalibrationMap,
  type Detector,
  DetectorError,
  type DetectorEvent,
  type DetectorHealth,
  type DetectorInfo,
  type DetectorMode,
  type DetectorState,
  type SimulatedBeam,
} from "./detector.ts";
import { ACTIVE_STATES, nextPanelState, type PanelEvent } from "./panel-state.ts";

/** The share of saturated pixels from which a frame is marked so. */
const SATURATED_SHARE = 0.001;

/** Frames of a run that a late reader still gets. */
const BUFFERED_FRAMES = 8;

/** Makes the pictures of a software panel. */
export interface FrameMaker {
  /** Opens files and the like. @throws DetectorError */
  open(): Promise<void>;
  /** Work ahead of the frames of a request. @throws DetectorError */
  prepare(request: ArmRequest, mode: DetectorMode): void;
  /**
   * Writes the frame number `index` of the prepared request.
   * @returns share of saturated pixels, 0 … 1
   * @throws DetectorError
   */
  make(into: Uint16Array, index: number): number;
  /** The beam of a run is another one from the next frame on. */
  adjust?(beam: SimulatedBeam): void;
  /** Maps that fit the frames. */
  maps(mode: DetectorMode): readonly CalibrationMap[];
  close(): void;
}

export interface SoftwarePanelOptions {
  readonly info: DetectorInfo;
  readonly clock: Clock;
  readonly maker: FrameMaker;
  /** Time a panel takes to get ready, ms. */
  readonly prepareMs: number;
  /** Time a single image collects light, ms. */
  readonly integrationMs: number;
  /** Degrees Celsius, now. */
  readonly temperatureC: () => number;
}

/** What tests and demonstrations may do to a software panel. */
export interface PanelFaults {
  /** The panel fails for this reason. */
  fail(reason: string): void;
  /** The panel sends a frame that nobody asked for, if nobody did. */
  strayFrame(): void;
}

export class SoftwarePanel implements Detector {
  readonly info: DetectorInfo;
  readonly faults: PanelFaults;
  readonly #options: SoftwarePanelOptions;
  readonly #clock: Clock;
  readonly #maker: FrameMaker;
  #state: DetectorState = "disconnected";
  #slots: SlotPool | null = null;
  #onEvent: (event: DetectorEvent) => void = () => {};
  #exposeReady = false;
  #armed: Armed | null = null;
  #timer: Timer | null = null;
  /** Resolved when a stopped panel is idle again. */
  #whenIdle: (() => void)[] = [];
  #sequence = 0;
  #deviceFrameId = 0;
  #counts = { lost: 0, overruns: 0, discarded: 0 };

  constructor(options: SoftwarePanelOptions) {
    this.info = options.info;
    this.#options = options;
    this.#clock = options.clock;
    this.#maker = options.maker;
    this.faults = {
      fail: (reason) => this.#step({ type: "fault", reason }),
      strayFrame: () => {
        this.#deviceFrameId++;
        this.#step({ type: "frame", last: false });
      },
    };
  }

  async open(slots: SlotPool, onEvent: (event: DetectorEvent) => void): Promise<void> {
    for (const mode of this.info.modes)
      if (mode.columns * mode.rows * 2 > slots.layout.slotBytes)
        throw new DetectorError(
          `a slot of ${slots.layout.name} holds ${slots.layout.slotBytes} bytes, ` +
            `mode ${mode.id} needs ${mode.columns * mode.rows * 2}`,
        );
    this.#onEvent = onEvent;
    this.#step({ type: "open" });
    this.#slots = slots;
    try {
      await this.#maker.open();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#step({ type: "open-failed", reason });
      throw error instanceof DetectorError ? error : new DetectorError(reason, { cause: error });
    }
    this.#sequence = 0;
    this.#counts = { lost: 0, overruns: 0, discarded: 0 };
    this.#step({ type: "opened" });
  }

  async close(): Promise<void> {
    this.#step({ type: "close" });
    this.#maker.close();
    this.#slots = null;
  }

  state(): DetectorState {
    return this.#state;
  }

  async arm(request: ArmRequest): Promise<void> {
    const { mode, modeIndex } = this.#check(request);
    this.#step({ type: "arm" });
    const cancelled = new AbortController();
    const armed: Armed = {
      request,
      mode,
      modeIndex,
      made: 0,
      read: 0,
      slot: null,
      saturated: 0,
      cancelled,
    };
    this.#armed = armed;
    try {
      this.#maker.prepare(request, mode);
      if (request.frames === 1) this.#makeAhead(armed);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#step({ type: "prepare-failed", reason });
      throw error instanceof DetectorError ? error : new DetectorError(reason, { cause: error });
    }
    if (this.#options.prepareMs > 0)
      await sleep(this.#clock, this.#options.prepareMs, cancelled.signal);
    if (cancelled.signal.aborted) throw new DetectorError(`not armed: ${cancelled.signal.reason}`);
    this.#step({ type: "prepared" });
  }

  async trigger(): Promise<void> {
    const armed = this.#armed;
    const run = armed !== null && armed.request.frames !== 1;
    this.#step({ type: "trigger", run });
    if (armed === null) return;
    armed.startMs = this.#clock.monotonicMs();
    if (run) this.#awaitFrame(armed, 1);
    else if (armed.request.trigger !== "extBulb")
      this.#timer = this.#clock.after(this.#options.integrationMs, () => this.#integrated(armed));
  }

  adjustBeam(beam: SimulatedBeam): void {
    if (this.#armed !== null && this.#armed.request.frames !== 1) this.#maker.adjust?.(beam);
  }

  async stop(): Promise<void> {
    this.#step({ type: "stop" });
    if (ACTIVE_STATES.includes(this.#state))
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  abort(): void {
    this.#step({ type: "abort" });
  }

  health(): DetectorHealth {
    return {
      temperatureC: [this.#options.temperatureC()],
      heartbeatAgeMs: 0,
      packets: 0,
      resent: 0,
      ...this.#counts,
    };
  }

  async factoryCalibration(modeId: string): Promise<readonly CalibrationMap[]> {
    const mode = this.info.modes.find((m) => m.id === modeId);
    if (mode === undefined) throw new DetectorError(unknownMode(modeId, this.info.modes));
    return this.#maker.maps(mode);
  }

  #check(request: ArmRequest): { mode: DetectorMode; modeIndex: number } {
    const modeIndex = this.info.modes.findIndex((m) => m.id === request.modeId);
    const mode = this.info.modes[modeIndex];
    if (mode === undefined) throw new DetectorError(unknownMode(request.modeId, this.info.modes));
    const { frames, fps } = request;
    if (frames !== "continuous" && !(Number.isInteger(frames) && frames >= 1))
      throw new DetectorError(`${frames} frames can't be read out; ask for 1 or more`);
    if (fps !== undefined && !(fps > 0 && fps <= mode.maxFps))
      throw new DetectorError(
        `${fps} frames a second are not possible in mode ${mode.id}; it reaches ${mode.maxFps}`,
      );
    return { mode, modeIndex };
  }

  /** The frame of a single image, made before the beam is on. No room, no exposure. */
  #makeAhead(armed: Armed): void {
    const slot = this.#pool().take();
    if (slot === null)
      throw new DetectorError(
        "no frame slot is free for the image; wait until images are processed",
      );
    armed.slot = slot;
    armed.saturated = this.#make(armed, slot);
  }

  #make(armed: Armed, slot: number): number {
    const pixels = this.#pool().uint16(slot, armed.mode.columns * armed.mode.rows);
    return this.#maker.make(pixels, armed.made++);
  }

  #integrated(armed: Armed): void {
    this.#step({ type: "integrated" });
    armed.readFromMs = this.#clock.nowMs();
    this.#timer = this.#clock.after(armed.mode.readoutMs, () =>
      this.#step({ type: "frame", last: true }),
    );
  }

  /**
   * Waits for period number `period` since the trigger. A late timer doesn't delay those after it:
   * the panel buffers a few frames, and what it can't buffer is lost.
   */
  #awaitFrame(armed: Armed, period: number): void {
    const periodMs = 1000 / (armed.request.fps ?? armed.mode.maxFps);
    const dueMs = (armed.startMs ?? 0) + period * periodMs;
    this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.monotonicMs()), () => {
      const late = Math.floor((this.#clock.monotonicMs() - dueMs) / periodMs);
      const lost = Math.max(0, late - BUFFERED_FRAMES);
      this.#counts.lost += lost;
      this.#deviceFrameId += lost;
      armed.read++;
      const total = armed.request.frames;
      const last = armed.finishing === true || (total !== "continuous" && armed.read >= total);
      this.#step({ type: "frame", last });
      if (!last && this.#state === "streaming") this.#awaitFrame(armed, period + lost + 1);
    });
  }

  #deliver(): void {
    const armed = this.#armed;
    const slots = this.#pool();
    if (armed === null) return;
    const deviceFrameId = this.#deviceFrameId++;
    const readFromMs = armed.readFromMs ?? this.#clock.nowMs();
    let slot = armed.slot;
    armed.slot = null;
    if (slot === null) {
      slot = slots.take();
      if (slot === null) {
        this.#counts.overruns++;
        return;
      }
      try {
        armed.saturated = this.#make(armed, slot);
      } catch (error) {
        slots.release(slot);
        throw error;
      }
    }
    const { request, mode } = armed;
    // A free-running panel began this frame before the beam was on.
    const first = !armed.delivered && request.trigger === "free";
    armed.delivered = true;
    const header: FrameHeader = {
      sequence: this.#sequence++,
      deviceFrameId,
      deviceTimeNs: BigInt(Math.round(this.#clock.monotonicMs() * 1e6)),
      firstPacketMs: readFromMs,
      lastPacketMs: this.#clock.nowMs(),
      mode: armed.modeIndex,
      kind: request.kind,
      exposureEvent: request.exposureEvent,
      integrationUs: Math.round(
        request.frames === 1
          ? this.#options.integrationMs * 1000
          : 1e6 / (request.fps ?? mode.maxFps),
      ),
      temperatureCx100: Math.round(this.#options.temperatureC() * 100),
      status:
        FRAME_COMPLETE |
        (first ? FRAME_FIRST_AFTER_ARM : 0) |
        (armed.saturated >= SATURATED_SHARE ? FRAME_SATURATED : 0),
      missingPackets: 0,
    };
    writeFrameHeader(slots.header(slot), header);
    this.#onEvent({ type: "frame", slot, header });
  }

  #step(event: PanelEvent): void {
    const { effects } = nextPanelState(this.#state, event);
    for (const effect of effects)
      switch (effect.do) {
        case "expose-ready":
          if (this.#exposeReady === effect.ready) break;
          this.#exposeReady = effect.ready;
          this.#onEvent({ type: "expose-ready", ready: effect.ready });
          break;
        case "enter":
          this.#state = effect.state;
          this.#onEvent({ type: "state", state: effect.state, reason: effect.reason });
          break;
        case "deliver":
          try {
            this.#deliver();
          } catch (error) {
            const reason = error instanceof Error ? error.message : String(error);
            this.#step({ type: "fault", reason });
            return;
          }
          break;
        case "discard":
          this.#counts.discarded++;
          break;
        case "finish-run":
          if (this.#armed !== null) this.#armed.finishing = true;
          break;
        case "end-integration":
          if (this.#armed?.request.trigger === "extBulb") this.#integrated(this.#armed);
          break;
        case "drop-all":
          this.#dropAll(effect.reason);
          break;
        case "refuse":
          throw new DetectorError(effect.why);
      }
    if (!ACTIVE_STATES.includes(this.#state)) this.#idle();
  }

  #dropAll(reason: string): void {
    this.#timer?.cancel();
    this.#timer = null;
    const armed = this.#armed;
    if (armed === null) return;
    if (armed.slot !== null) this.#slots?.release(armed.slot);
    armed.slot = null;
    armed.cancelled.abort(reason);
    this.#armed = null;
  }

  #idle(): void {
    if (this.#state === "idle") this.#armed = null;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }

  #pool(): SlotPool {
    if (this.#slots === null) throw new DetectorError("the panel is not open; open it first");
    return this.#slots;
  }
}

interface Armed {
  readonly request: ArmRequest;
  readonly mode: DetectorMode;
  readonly modeIndex: number;
  readonly cancelled: AbortController;
  made: number;
  /** Frames of a run read out so far. */
  read: number;
  /** Slot with the frame made ahead. */
  slot: number | null;
  saturated: number;
  startMs?: number;
  readFromMs?: number;
  finishing?: boolean;
  delivered?: boolean;
}

function unknownMode(id: string, modes: readonly DetectorMode[]): string {
  return `the panel has no mode ${id}; it has ${modes.map((m) => m.id).join(", ")}`;
}
