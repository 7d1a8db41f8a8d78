// Panel and generator as one: preparing, the exposure itself, and what came of it. Knows frames and
// reports, no patient. One exposure at a time; whoever asks meanwhile is refused in words.

import type { Clock } from "../core/clock.ts";
import { Listeners } from "../core/listeners.ts";
import type { Log } from "../core/log.ts";
import type {
  ArmRequest,
  DetectorEvent,
  DetectorInfo,
  DetectorMode,
  DetectorState,
  PhantomName,
  SimulatedBeam,
} from "../hal/detector/detector.ts";
import type { Generator } from "../hal/generator/generator.ts";
import type { ExposureReport } from "../model/exposure.ts";
import type { FrameHeader } from "../model/frame.ts";
import type { ExposureKind, Protocol, TechniqueSetting } from "../model/protocol.ts";
import type { PulseTechnique } from "./automatic-brightness.ts";

/** The panel's client in the acquisition thread. */
export interface Panel {
  readonly info: DetectorInfo;
  readonly events: Listeners<DetectorEvent>;
  state(): DetectorState;
  arm(request: ArmRequest): Promise<void>;
  trigger(): Promise<void>;
  stop(): Promise<void>;
  abort(): void;
  /** Panels of software: the run's beam is another one from the next frame on. */
  adjustBeam(beam: SimulatedBeam): void;
}

export type AcquisitionState =
  | "idle"
  | "preparing"
  | "ready"
  | "exposing"
  | "processing"
  | "calibrating"
  | "fault";

export interface AcquisitionStatus {
  readonly state: AcquisitionState;
  readonly examId?: string | undefined;
  readonly reason?: string | undefined;
}

/** What the room is prepared for. */
export interface Setup {
  readonly examId: string;
  readonly protocol: Protocol;
  /** As the generator accepted it. */
  readonly technique: TechniqueSetting;
}

/** A frame that arrived; the receiver gives the slot back. */
export interface ArrivedFrame {
  readonly slot: number;
  readonly header: FrameHeader;
}

export interface ExposureOrder {
  readonly kind: ExposureKind;
  /** Runs: frames at most; the pedal is let go after them. */
  readonly frames: number;
  readonly fps: number;
  /** Takes the frames one after the other, in order of their exposure. */
  readonly onFrame: (frame: ArrivedFrame) => void;
}

/** Frames for a calibration: dark, or flat with a beam. No patient, no exam. */
export interface CollectOrder {
  readonly modeId: string;
  readonly kind: "dark" | "flat";
  readonly frames: number;
  readonly fps: number;
  /** Of flat frames. */
  readonly beam?: TechniqueSetting | undefined;
  readonly onFrame: (frame: ArrivedFrame) => void;
}

export interface ExposureEnd {
  readonly report: ExposureReport;
  /** Frames the panel delivered. */
  readonly frames: number;
  /** Frames that were exposed and never came. */
  readonly lostFrames: number;
}

/** Refused or failed for a reason a technician can act on. */
export class AcquisitionError extends Error {
  override readonly name: string = "AcquisitionError";
}

/** The generator did not take the exposure: nobody was irradiated. */
export class ExposureRefused extends AcquisitionError {}

/** Longest wait for the panel to become ready after arming. */
const READY_TIMEOUT_MS = 15_000;
/** Longest wait for report and last frame after the beam should have ended. */
const END_TIMEOUT_MS = 10_000;

export class Acquisition {
  readonly changes = new Listeners<AcquisitionStatus>();
  readonly #panel: Panel;
  readonly #generator: Generator;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #releaseFrame: (slot: number) => void;
  #status: AcquisitionStatus = { state: "idle" };
  #setup: Setup | null = null;
  #armed: { kind: ExposureKind; event: number; fps: number } | null = null;
  #event = 0;
  #closing = false;
  #receiver: { readonly event: number; readonly take: (frame: ArrivedFrame) => void } | null = null;

  #breakOff: ((reason: string) => void) | null = null;

  /** `releaseFrame` gives back the slot of a frame that nobody expects. */
  constructor(
    panel: Panel,
    generator: Generator,
    releaseFrame: (slot: number) => void,
    clock: Clock,
    log: Log,
  ) {
    this.#panel = panel;
    this.#generator = generator;
    this.#clock = clock;
    this.#log = log;
    this.#releaseFrame = releaseFrame;
    panel.events.add((event) => {
      if (event.type === "state" && (event.state === "fault" || event.state === "disconnected"))
        this.#fault(`the panel reports ${event.state}${event.reason ? `: ${event.reason}` : ""}`);
      if (event.type !== "frame") return;
      if (this.#receiver?.event === event.header.exposureEvent)
        this.#receiver.take({ slot: event.slot, header: event.header });
      else releaseFrame(event.slot);
    });
  }

  status(): AcquisitionStatus {
    return this.#status;
  }

  setup(): Setup | null {
    return this.#setup;
  }

  /** The kind of exposure the room is ready for; null: none. */
  readyFor(): ExposureKind | null {
    return this.#status.state === "ready" ? (this.#armed?.kind ?? null) : null;
  }

  /** The panel mode of a kind of exposure: finest for radiographs, fastest for runs. */
  mode(kind: ExposureKind): { readonly mode: DetectorMode; readonly index: number } {
    const modes = this.#panel.info.modes;
    const better = (a: DetectorMode, b: DetectorMode) =>
      kind === "radiography" ? b.columns * b.rows - a.columns * a.rows : b.maxFps - a.maxFps;
    const mode = [...modes].sort(better)[0];
    if (mode === undefined) throw new AcquisitionError("the panel offers no mode");
    return { mode, index: modes.indexOf(mode) };
  }

  /**
   * Sets the technique, arms the panel and waits until an exposure may follow.
   * @throws AcquisitionError in words; the room is then idle (or in fault).
   */
  async prepare(
    examId: string,
    protocol: Protocol,
    technique: TechniqueSetting,
    kind: ExposureKind = protocol.kind,
    fps = runRate(kind, technique),
  ): Promise<Setup> {
    const { state } = this.#status;
    if (state === "exposing" || state === "preparing" || state === "calibrating")
      throw new AcquisitionError(`the room is ${state}; wait until that has ended`);
    this.#refuseWhileClosing();
    this.#set({ state: "preparing", examId });
    try {
      this.#generator.allowExposure(false);
      if (this.#panel.state() === "armed") await this.#panel.stop();
      const accepted = await this.#generator.setTechnique(
        kind === "radiography" ? technique : { ...technique, fps },
      );
      const setup = { examId, protocol, technique: accepted };
      const event = ++this.#event;
      using ready = this.#nextReady();
      await this.#panel.arm(this.#armRequest(setup, kind, fps, event));
      await this.#within(ready.promise, READY_TIMEOUT_MS, "the panel did not become ready");
      this.#setup = setup;
      this.#armed = { kind, event, fps };
      this.#generator.allowExposure(true);
      this.#set({ state: "ready", examId });
      return setup;
    } catch (cause) {
      this.#armed = null;
      this.#panel.abort();
      this.#set({ state: "idle", reason: messageOf(cause) });
      throw new AcquisitionError(messageOf(cause), { cause });
    }
  }

  /**
   * Beam on, frames, beam off. Re-arms where the room is ready for another kind. Resolves when the
   * exposure has ended and its last frame has come.
   * @throws AcquisitionError
   */
  async expose(order: ExposureOrder): Promise<ExposureEnd> {
    const setup = this.#setup;
    if (setup === null)
      throw new AcquisitionError("nothing is prepared; choose a protocol and prepare");
    if (
      this.#status.state !== "ready" ||
      this.#armed?.kind !== order.kind ||
      (order.kind !== "radiography" && this.#armed.fps !== order.fps)
    )
      await this.prepare(setup.examId, setup.protocol, setup.technique, order.kind, order.fps);
    const armed = this.#armed;
    if (armed === null) throw new AcquisitionError("the room is not ready");
    this.#refuseWhileClosing();
    this.#set({ state: "exposing", examId: setup.examId });
    let frames = 0;
    let lostImage: string | undefined;
    const framesDone = Promise.withResolvers<void>();
    const reported = Promise.withResolvers<ExposureReport>();
    let wanted = order.kind === "radiography" ? 1 : order.frames;
    /** The panel's number of the first frame, and how many it has counted since, gaps included. */
    let firstFrameId: number | null = null;
    let counted = 0;
    const forgetPanel = this.#panel.events.add((event) => {
      if (event.type === "state" && (event.state === "fault" || event.state === "disconnected"))
        return framesDone.reject(
          new AcquisitionError(`the panel failed: ${event.reason ?? event.state}`),
        );
    });
    this.#receiver = {
      event: armed.event,
      take: (frame) => {
        firstFrameId ??= frame.header.deviceFrameId;
        counted = frame.header.deviceFrameId - firstFrameId + 1;
        // What comes between the beam's end and the panel's stop was not exposed.
        if (counted > wanted) this.#releaseFrame(frame.slot);
        else {
          frames++;
          order.onFrame(frame);
        }
        if (counted >= wanted) framesDone.resolve();
      },
    };
    const forgetGenerator = this.#generator.onEvent((event) => {
      if (event.type === "report" && event.report.event === armed.event) {
        // The beam may have ended before the frames were all there: at the anode's limit, by the pedal.
        if (order.kind !== "radiography") wanted = Math.min(wanted, event.report.pulses);
        if (counted >= wanted) framesDone.resolve();
        reported.resolve(event.report);
      }
      if (event.type === "state" && event.state === "fault")
        reported.reject(
          new AcquisitionError(`the generator failed: ${event.reason ?? "no reason given"}`),
        );
    });
    // Both are awaited below; a rejection before that must not count as unhandled.
    framesDone.promise.catch(() => {});
    reported.promise.catch(() => {});
    try {
      await this.#beamOn(armed.event, order, wanted);
      const expectedMs =
        order.kind === "radiography" ? setup.technique.ms : (1000 * wanted) / order.fps;
      await this.#within(
        framesDone.promise,
        expectedMs + END_TIMEOUT_MS,
        "the panel delivered no frame",
      ).catch(async (error: unknown) => {
        // Dose was given: the report is wanted even where the picture is lost.
        this.#log.error("frames-missing", { event: armed.event, frames, error });
        if (frames === 0) lostImage = messageOf(error);
      });
      if (order.kind !== "radiography") {
        await this.#generator.release();
        await this.#panel.stop();
      }
      const report = await this.#within(
        reported.promise,
        expectedMs + END_TIMEOUT_MS,
        "the generator sent no report",
      );
      return { report, frames, lostFrames: wanted - frames };
    } finally {
      this.#receiver = null;
      forgetPanel();
      forgetGenerator();
      this.#armed = null;
      this.#generator.allowExposure(false);
      if (this.#status.state === "exposing") this.#set({ state: "idle", reason: lostImage });
    }
  }

  /** During a run: what its next pulses shall have. Answers what the generator took; null without a run. */
  adjust(wanted: PulseTechnique): PulseTechnique | null {
    const setup = this.#setup;
    const taken = this.#generator.adjust(wanted);
    if (taken === null || setup === null) return null;
    this.#panel.adjustBeam(beamOf({ ...setup, technique: { ...setup.technique, ...taken } }));
    return taken;
  }

  /** @throws ExposureRefused when panel or generator do not begin. */
  async #beamOn(event: number, { kind, fps }: ExposureOrder, pulses: number): Promise<void> {
    try {
      await this.#panel.trigger();
      // A shutdown that came meanwhile found no beam to end.
      this.#refuseWhileClosing();
      await this.#generator.expose(
        kind === "radiography" ? { kind, event } : { kind, event, fps, pulses },
      );
    } catch (cause) {
      this.#panel.abort();
      throw new ExposureRefused(messageOf(cause), { cause });
    }
  }

  /**
   * Takes frames for a calibration while nobody is being examined. Resolves with the generator's report of
   * the beam, or null of dark frames.
   * @throws AcquisitionError in words; the room is then idle (or in fault)
   */
  async collect(order: CollectOrder): Promise<ExposureReport | null> {
    const { state, reason } = this.#status;
    if (state !== "idle")
      throw new AcquisitionError(
        state === "fault"
          ? `panel or generator failed: ${reason ?? "no reason given"}; mend that first`
          : `the room is ${state}; end the exposure, then calibrate`,
      );
    this.#refuseWhileClosing();
    this.#set({ state: "calibrating" });
    this.#generator.allowExposure(false);
    const event = ++this.#event;
    const done = Promise.withResolvers<void>();
    const reported = Promise.withResolvers<ExposureReport>();
    const broken = new AbortController();
    const failed = (reason: string) => {
      const error = new AcquisitionError(reason);
      broken.abort(error);
      done.reject(error);
      reported.reject(error);
    };
    done.promise.catch(() => {});
    reported.promise.catch(() => {});
    let frames = 0;
    this.#receiver = {
      event,
      take: (frame) => {
        if (++frames > order.frames) return this.#releaseFrame(frame.slot);
        order.onFrame(frame);
        if (frames === order.frames) done.resolve();
      },
    };
    this.#breakOff = failed;
    const forgetPanel = this.#panel.events.add((news) => {
      if (news.type === "state" && (news.state === "fault" || news.state === "disconnected"))
        failed(`the panel failed: ${news.reason ?? news.state}`);
    });
    const forgetGenerator = this.#generator.onEvent((news) => {
      if (news.type === "report" && news.report.event === event) reported.resolve(news.report);
      if (news.type === "state" && news.state === "fault")
        failed(`the generator failed: ${news.reason ?? "no reason given"}`);
    });
    const expectedMs = (1000 * order.frames) / order.fps;
    try {
      const { beam, fps } = order;
      const pulses = order.frames;
      const technique =
        beam === undefined ? null : await this.#generator.setTechnique({ ...beam, fps });
      using ready = this.#nextReady();
      await this.#panel.arm({
        modeId: order.modeId,
        trigger: "software",
        frames: order.frames,
        fps,
        kind: order.kind,
        exposureEvent: event,
        ...(technique === null
          ? {}
          : { beam: { kv: technique.kv, mas: (technique.ma * technique.ms) / 1000 } }),
      });
      await this.#within(ready.promise, READY_TIMEOUT_MS, "the panel did not become ready");
      await this.#panel.trigger();
      if (technique !== null) {
        broken.signal.throwIfAborted();
        this.#generator.allowExposure(true);
        await this.#generator.expose({ kind: "serial", event, fps, pulses });
      }
      await this.#within(
        done.promise,
        expectedMs + END_TIMEOUT_MS,
        `${order.frames} frames did not come from the panel`,
      );
      if (technique === null) return null;
      await this.#generator.release();
      return await this.#within(reported.promise, END_TIMEOUT_MS, "the generator sent no report");
    } catch (cause) {
      // The beam first, whatever else fails.
      this.#generator.allowExposure(false);
      this.#panel.abort();
      if (order.beam !== undefined) await this.#generator.release().catch(() => {});
      throw new AcquisitionError(messageOf(cause), { cause });
    } finally {
      this.#receiver = null;
      this.#breakOff = null;
      forgetPanel();
      forgetGenerator();
      this.#generator.allowExposure(false);
      if (this.status().state === "calibrating") this.#set({ state: "idle" });
    }
  }

  /** Ends the collecting of calibration frames, if there is any. */
  breakOff(reason: string): void {
    this.#breakOff?.(reason);
  }

  /** Ends what is prepared: the panel is disarmed, the generator blocked. */
  async standDown(): Promise<void> {
    if (this.#status.state === "calibrating") return;
    this.#generator.allowExposure(false);
    this.#setup = null;
    if (this.#armed !== null) {
      this.#armed = null;
      await this.#panel.stop();
    }
    if (this.#status.state === "ready") this.#set({ state: "idle" });
  }

  /** No other exposure may begin, and a run that is on its way ends as if the pedal were let go. */
  async close(): Promise<void> {
    this.#closing = true;
    this.breakOff("the device is being shut down");
    if (this.#status.state === "exposing" && this.#armed?.kind !== "radiography")
      await this.#generator.release();
  }

  #refuseWhileClosing(): void {
    if (this.#closing) throw new AcquisitionError("the device is being shut down");
  }

  #armRequest(setup: Setup, kind: ExposureKind, fps: number, event: number): ArmRequest {
    return {
      modeId: this.mode(kind).mode.id,
      // A panel that runs free would begin before the beam; the exposure's own signal begins a run.
      trigger: kind === "radiography" ? "extEdge" : "software",
      frames: kind === "radiography" ? 1 : "continuous",
      fps: kind === "radiography" ? undefined : fps,
      kind: "normal",
      exposureEvent: event,
      beam: beamOf(setup),
    };
  }

  /** Resolves at the panel's next expose-ready; listens until it is disposed of. */
  #nextReady(): { readonly promise: Promise<void> } & Disposable {
    const ready = Promise.withResolvers<void>();
    const forget = this.#panel.events.add((event) => {
      if (event.type === "expose-ready" && event.ready) ready.resolve();
      if (event.type === "state" && event.state === "fault")
        ready.reject(
          new AcquisitionError(`the panel failed: ${event.reason ?? "no reason given"}`),
        );
    });
    ready.promise.catch(() => {});
    return { promise: ready.promise, [Symbol.dispose]: forget };
  }

  #within<T>(promise: Promise<T>, withinMs: number, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(withinMs, () =>
        reject(new AcquisitionError(`${what} within ${Math.round(withinMs / 1000)} s`)),
      );
      promise.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #fault(reason: string): void {
    this.#generator.allowExposure(false);
    this.#armed = null;
    // A panel that is let go at the end has not failed.
    if (this.#closing && this.#status.state !== "exposing") return;
    this.#log.error("acquisition-fault", { reason });
    this.#set({ state: "fault", examId: this.#status.examId, reason });
  }

  #set(status: AcquisitionStatus): void {
    this.#status = status;
    this.changes.emit(status);
  }
}

const TRUNK: readonly string[] = ["ABDOMEN", "PELVIS", "LSPINE", "SSPINE", "COCCYX", "HIP"];
const LIMBS: readonly string[] = [
  "HAND",
  "FOOT",
  "ANKLE",
  "KNEE",
  "ELBOW",
  "ARM",
  "LEG",
  "EXTREMITY",
];

function beamOf({ technique, protocol }: Pick<Setup, "technique" | "protocol">): SimulatedBeam {
  return {
    kv: technique.kv,
    mas: (technique.ma * technique.ms) / 1000,
    phantom: phantomOf(protocol.bodyPart),
  };
}

/** What lies on a panel of software for a body part; real panels don't look at it. */
function phantomOf(bodyPart: string): PhantomName {
  if (TRUNK.includes(bodyPart)) return "abdomen";
  return LIMBS.includes(bodyPart) ? "extremity" : "thorax";
}

/** Pulses per second of a run where nothing else is said. */
export function runRate(kind: ExposureKind, technique: TechniqueSetting): number {
  if (kind === "radiography") return 0;
  return technique.fps ?? (kind === "serial" ? 15 : 30);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
