// A panel that speaks GigE Vision: the state rules of every panel over a control and a stream channel.
// Frames go from the network straight into their slots. The heartbeat runs beside the stream, in the
// same thread, so that no pause of the main loop costs the panel.

import type { Clock, Timer } from "../../../core/clock.ts";
import type { SlotPool } from "../../../core/slot-pool.ts";
import {
  FRAME_COMPLETE,
  FRAME_FIRST_AFTER_ARM,
  FRAME_PATCHED,
  FRAME_RESENT,
  type FrameHeader,
  writeFrameHeader,
} from "../../../model/frame.ts";
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
} from "../detector.ts";
import { ACTIVE_STATES, nextPanelState, type PanelEvent } from "../panel-state.ts";
import { ControlChannel } from "./control-channel.ts";
import { type AssembledFrame, FrameAssembler, type FrameFormat } from "./frame-assembler.ts";
import type { Features } from "./genicam.ts";
import {
  Command,
  DO_NOT_FRAGMENT,
  PRIVILEGE_CONTROL,
  Register,
  words,
  writeCommand,
  writeResend,
} from "./gvcp.ts";
import { PIXEL_FORMAT_MONO16 } from "./gvsp.ts";
import type { Connect, PanelWire } from "./wire.ts";

/** After this without a sign of life the panel drops its controller, ms. */
const HEARTBEAT_MS = 3000;
const HEARTBEAT_EVERY_MS = HEARTBEAT_MS / 3;
/** A frame that does not come within its time and this, ms, never will. */
const FRAME_LATE_MS = 3000;
/** Share of a single image that may be missing and is filled from the lines above. */
const PATCHED_SHARE_MAX = 0.02;
/** A whole frame waits in the receive buffer while another one comes. */
const BUFFERED_FRAMES = 2;
/** Exposure told to a panel whose exposure ends with the switch, µs. */
const SHORTEST_EXPOSURE_US = 1000;
/** Share of a frame's period in which its packets are spread. */
const PACED_SHARE = 0.5;
const NS_PER_S = 1e9;
const MAP_KINDS = ["offset", "gain", "defect"] as const;

export interface GigePanelOptions {
  readonly info: DetectorInfo;
  readonly features: Features;
  readonly clock: Clock;
  readonly connect: Connect;
  /** Time a single image collects light, ms. */
  readonly integrationMs?: number | undefined;
}

export class GigePanel implements Detector {
  readonly info: DetectorInfo;
  readonly #options: GigePanelOptions;
  readonly #features: Features;
  readonly #clock: Clock;
  readonly #integrationMs: number;
  #state: DetectorState = "disconnected";
  #slots: SlotPool | null = null;
  #onEvent: (event: DetectorEvent) => void = () => {};
  #exposeReady = false;
  #link: Link | null = null;
  #armed: Armed | null = null;
  #current: { readonly frame: AssembledFrame; readonly status: number } | null = null;
  #mapFrame: ((frame: AssembledFrame) => void) | null = null;
  #timer: Timer | null = null;
  #heartbeat: Timer | null = null;
  #whenIdle: (() => void)[] = [];
  /** Settings of the panel are changed by one at a time. */
  #busy: Promise<unknown> = Promise.resolve();
  #sequence = 0;
  #temperatureC = 0;
  #counts = { lost: 0, resent: 0, overruns: 0, discarded: 0 };

  constructor(options: GigePanelOptions) {
    this.#options = options;
    this.info = options.info;
    this.#features = options.features;
    this.#clock = options.clock;
    this.#integrationMs = options.integrationMs ?? 30;
  }

  async open(slots: SlotPool, onEvent: (event: DetectorEvent) => void): Promise<void> {
    for (const mode of this.info.modes)
      if (bytesOf(mode) > slots.layout.slotBytes)
        throw new DetectorError(
          `a slot of ${slots.layout.name} holds ${slots.layout.slotBytes} bytes, ` +
            `mode ${mode.id} needs ${bytesOf(mode)}`,
        );
    this.#onEvent = onEvent;
    this.#step({ type: "open" });
    this.#slots = slots;
    this.#sequence = 0;
    this.#counts = { lost: 0, resent: 0, overruns: 0, discarded: 0 };
    try {
      const wire = await this.#options.connect();
      const link = this.#linkOver(wire);
      this.#link = link;
      this.#checkBuffer(wire);
      await this.#takeControl(link);
    } catch (error) {
      this.#hangUp();
      const reason = messageOf(error);
      this.#step({ type: "open-failed", reason });
      throw error instanceof DetectorError ? error : new DetectorError(reason, { cause: error });
    }
    this.#beat();
    this.#step({ type: "opened" });
  }

  async close(): Promise<void> {
    this.#step({ type: "close" });
    this.#hangUp();
    this.#slots = null;
  }

  state(): DetectorState {
    return this.#state;
  }

  async arm(request: ArmRequest): Promise<void> {
    const { mode, modeIndex } = this.#check(request);
    this.#step({ type: "arm" });
    const cancelled = new AbortController();
    const armed: Armed = { request, mode, modeIndex, cancelled, read: 0, slot: null };
    this.#armed = armed;
    try {
      // No room, no exposure.
      if (request.frames === 1) {
        armed.slot = this.#pool().take();
        if (armed.slot === null)
          throw new DetectorError(
            "no frame slot is free for the image; wait until images are processed",
          );
      } else this.#checkBuffer(this.#needLink().wire, mode);
      await this.#alone(() => this.#prepare(armed));
    } catch (error) {
      if (!cancelled.signal.aborted) {
        const reason = messageOf(error);
        this.#step({ type: "prepare-failed", reason });
        throw error instanceof DetectorError ? error : new DetectorError(reason, { cause: error });
      }
    }
    if (cancelled.signal.aborted) throw new DetectorError(`not armed: ${cancelled.signal.reason}`);
    this.#step({ type: "prepared" });
  }

  async trigger(): Promise<void> {
    const armed = this.#armed;
    const run = armed !== null && armed.request.frames !== 1;
    this.#step({ type: "trigger", run });
    if (armed === null) return;
    const link = this.#needLink();
    link.frames.expect(armed.format ?? null);
    link.wire.streaming(true);
    if (run) {
      this.#watch(armed);
      await this.#command("AcquisitionStart");
    } else if (armed.request.trigger !== "extBulb") {
      this.#timer = this.#clock.after(this.#integrationMs, () => this.#integrated(armed));
      await this.#command("TriggerSoftware");
    }
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
    const link = this.#link;
    return {
      temperatureC: this.#temperatureC === 0 ? [] : [this.#temperatureC],
      heartbeatAgeMs:
        link === null ? 0 : Math.round(this.#clock.monotonicMs() - link.control.answeredMs),
      packets: link?.frames.packets ?? 0,
      ...this.#counts,
    };
  }

  /** Maps a panel keeps are sent as pictures. One that keeps none gives none. */
  async factoryCalibration(modeId: string): Promise<readonly CalibrationMap[]> {
    const mode = this.info.modes.find((m) => m.id === modeId);
    if (mode === undefined) throw new DetectorError(unknownMode(modeId, this.info.modes));
    const content = this.#features.find("FrameContent");
    if (content === null) return [];
    return this.#alone(async () => {
      while (ACTIVE_STATES.includes(this.#state))
        await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
      const maps: CalibrationMap[] = [];
      for (const kind of MAP_KINDS) {
        const pixels = await this.#readMap(mode, content.entries.get(`${kind}Map`) ?? 0);
        maps.push({
          kind,
          modeId,
          pixels,
          createdMs: this.#clock.nowMs(),
          temperatureC: this.#temperatureC,
          frames: (await this.#read("CalibrationFrames")) ?? 1,
        });
      }
      return maps;
    });
  }

  /** The panel can't be used any longer. */
  fail(reason: string): void {
    this.#step({ type: "fault", reason });
    if (this.#state === "fault") this.#hangUp();
  }

  // ---- connection ----------------------------------------------------------------------------------

  #linkOver(wire: PanelWire): Link {
    const control = new ControlChannel(this.#clock, (datagram) => wire.sendControl(datagram));
    const frames = new FrameAssembler(
      {
        place: () => this.#place(),
        giveBack: (slot) => this.#giveBack(slot),
        began: () => this.#step({ type: "integrated" }),
        frame: (frame) => this.#frame(frame),
        skipped: (count) => this.#skipped(count),
        stray: () => this.#step({ type: "frame", last: false }),
        resend: (block, first, last, extended) =>
          wire.sendControl(writeResend(control.nextId(), block, first, last, extended)),
        wrong: (reason) => this.fail(reason),
      },
      () => this.#clock.nowMs(),
    );
    wire.start((datagram) => control.heard(datagram), frames);
    return { wire, control, frames };
  }

  async #takeControl({ wire, control }: Link): Promise<void> {
    await control.writeRegister(Register.controlPrivilege, PRIVILEGE_CONTROL);
    await control.writeRegister(Register.heartbeatMs, HEARTBEAT_MS);
    await control.writeRegister(Register.packetSize, wire.packetBytesMax | DO_NOT_FRAGMENT);
    await control.writeRegister(Register.streamAddress, addressWord(wire.local.address));
    await control.writeRegister(Register.streamPort, wire.local.streamPort);
    await this.#readTemperature();
  }

  #beat(): void {
    const link = this.#link;
    this.#heartbeat = this.#clock.after(HEARTBEAT_EVERY_MS, () => {
      if (link === null || this.#link !== link) return;
      link.control.readRegister(Register.controlPrivilege).then(
        async (privilege) => {
          if (this.#link !== link) return;
          if ((privilege & PRIVILEGE_CONTROL) === 0) {
            this.fail("the panel took back control; it has to be opened again");
            return;
          }
          await this.#readTemperature().catch(() => undefined);
          if (this.#link === link) this.#beat();
        },
        (error: unknown) => {
          if (this.#link === link) this.fail(`no heartbeat: ${messageOf(error)}`);
        },
      );
    });
  }

  async #readTemperature(): Promise<void> {
    const hundredths = await this.#read("DeviceTemperatureHundredths");
    if (hundredths !== null) this.#temperatureC = hundredths / 100;
  }

  /** Leaves the panel without waiting for its answers. */
  #hangUp(): void {
    const link = this.#link;
    if (link === null) return;
    this.#link = null;
    this.#heartbeat?.cancel();
    link.control.close("the connection to the panel has ended");
    const tell = (register: number, value: number) =>
      link.wire.sendControl(
        writeCommand(Command.writeRegister, link.control.nextId(), words(register, value)),
      );
    const stop = this.#features.find("AcquisitionStop");
    if (stop !== null && stop.register !== null) tell(stop.register, stop.commandValue);
    tell(Register.streamPort, 0);
    tell(Register.controlPrivilege, 0);
    link.frames.expect(null);
    link.wire.close();
    this.#mapFrame = null;
  }

  /** @throws DetectorError when the receive buffer is too small for the mode, or the fastest one */
  #checkBuffer(wire: PanelWire, mode?: DetectorMode): void {
    const fastest = mode ?? this.info.modes.toSorted((a, b) => b.maxFps - a.maxFps)[0];
    if (fastest === undefined) return;
    const needed = BUFFERED_FRAMES * bytesOf(fastest);
    if (wire.receiveBufferBytes >= needed) return;
    throw new DetectorError(
      `the receive buffer holds ${wire.receiveBufferBytes} bytes, runs in mode ${fastest.id} need ${needed}; ` +
        "set net.core.rmem_max to 67108864 (sysctl), or give the program CAP_NET_ADMIN",
    );
  }

  // ---- features ------------------------------------------------------------------------------------

  async #read(name: string): Promise<number | null> {
    const feature = this.#features.find(name);
    if (feature === null) return null;
    if (feature.register === null) return feature.value;
    return this.#needLink().control.readRegister(feature.register);
  }

  async #set(name: string, value: number | string): Promise<void> {
    const feature = this.#features.need(name);
    const number = typeof value === "number" ? value : feature.entries.get(value);
    if (number === undefined) throw new DetectorError(`the panel's ${name} has no ${value}`);
    if (feature.register === null) return;
    await this.#needLink().control.writeRegister(feature.register, Math.round(number));
  }

  async #setIfThere(name: string, value: number | string): Promise<void> {
    if (this.#features.find(name) !== null) await this.#set(name, value);
  }

  async #command(name: string): Promise<void> {
    const feature = this.#features.need(name);
    await this.#set(name, feature.commandValue);
  }

  // ---- exposures -----------------------------------------------------------------------------------

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

  async #prepare(armed: Armed): Promise<void> {
    const { request, mode } = armed;
    const { signal } = armed.cancelled;
    if (signal.aborted) return;
    const single = request.frames === 1;
    const fps = request.fps ?? mode.maxFps;
    armed.format = await this.#setUp(mode, single ? null : fps);
    if (signal.aborted) return;
    await this.#setIfThere("TriggerSelector", "FrameStart");
    await this.#setIfThere("TriggerMode", single ? "On" : "Off");
    if (single) await this.#setIfThere("TriggerSource", "Software");
    const exposureUs = !single
      ? 1e6 / fps
      : request.trigger === "extBulb"
        ? SHORTEST_EXPOSURE_US
        : this.#integrationMs * 1000;
    await this.#setIfThere("ExposureTimeUs", exposureUs);
    await this.#setIfThere("FrameContent", request.kind);
    if (request.beam !== undefined) {
      await this.#setIfThere("BeamVolts", request.beam.kv * 1000);
      await this.#setIfThere("BeamMicroAmpereSeconds", request.beam.mas * 1000);
      if (request.beam.phantom !== undefined)
        await this.#setIfThere("BeamObject", request.beam.phantom);
    }
    if (signal.aborted) return;
    if (this.#features.find("FramesPrepare") !== null) await this.#command("FramesPrepare");
    if (signal.aborted) return;
    if (single) await this.#command("AcquisitionStart");
  }

  /** Size, format, rate and pacing of the frames that follow. @param fps null: single images */
  async #setUp(mode: DetectorMode, fps: number | null): Promise<FrameFormat> {
    const { wire } = this.#needLink();
    if (this.#features.find("PanelMode") !== null) await this.#set("PanelMode", mode.id);
    else await this.#setIfThere("BinningHorizontal", mode.binning);
    await this.#set("Width", mode.columns);
    await this.#set("Height", mode.rows);
    await this.#set("PixelFormat", "Mono16");
    await this.#set("AcquisitionMode", "Continuous");
    const packetBytes = wire.packetBytesMax;
    const packets = Math.ceil(bytesOf(mode) / packetBytes);
    const spreadMs =
      fps === null ? mode.readoutMs : Math.min(mode.readoutMs, (1000 / fps) * PACED_SHARE);
    await this.#pace((spreadMs / packets) * 1e6);
    if (fps !== null) await this.#setIfThere("AcquisitionFramePeriod", 1e6 / fps);
    return {
      columns: mode.columns,
      rows: mode.rows,
      pixelFormat: PIXEL_FORMAT_MONO16,
      packetBytes,
      extended: false,
    };
  }

  /** Delay between packets, in ticks of the panel's clock. */
  async #pace(delayNs: number): Promise<void> {
    const { control } = this.#needLink();
    const high = await control.readRegister(Register.tickFrequencyHigh);
    const ticksPerS = high * 2 ** 32 + (await control.readRegister(Register.tickFrequencyLow));
    await control.writeRegister(Register.packetDelay, Math.round((delayNs / NS_PER_S) * ticksPerS));
  }

  async #readMap(mode: DetectorMode, content: number): Promise<Uint16Array> {
    const format = await this.#setUp(mode, null);
    await this.#set("FrameContent", content);
    await this.#set("TriggerMode", "On");
    const link = this.#needLink();
    const got = Promise.withResolvers<AssembledFrame>();
    this.#mapFrame = got.resolve;
    link.frames.expect(format);
    link.wire.streaming(true);
    const late = this.#clock.after(FRAME_LATE_MS + mode.readoutMs, () =>
      got.reject(new DetectorError("the panel did not send its calibration; open it again")),
    );
    try {
      await this.#command("AcquisitionStart");
      await this.#command("TriggerSoftware");
      const frame = await got.promise;
      if (frame.missing > 0)
        throw new DetectorError("the panel's calibration came with gaps; check the network cable");
      const { spare } = link.frames;
      return new Uint16Array(spare.buffer, spare.byteOffset, mode.columns * mode.rows).slice();
    } finally {
      late.cancel();
      this.#mapFrame = null;
      link.frames.expect(null);
      link.wire.streaming(false);
      if (this.#link === link) await this.#command("AcquisitionStop");
    }
  }

  #integrated(armed: Armed): void {
    this.#step({ type: "integrated" });
    this.#watch(armed);
  }

  /** A frame that never comes is a fault; nothing waits for ever. */
  #watch(armed: Armed): void {
    this.#timer?.cancel();
    const { fps } = armed.request;
    const dueMs = armed.mode.readoutMs + 1000 / (fps ?? armed.mode.maxFps);
    this.#timer = this.#clock.after(dueMs + FRAME_LATE_MS, () =>
      this.fail("the panel sent no frame; check its cable and start it again"),
    );
  }

  #place(): { slot: number; bytes: Uint8Array } | null {
    const armed = this.#armed;
    const slots = this.#slots;
    if (armed === null || slots === null || this.#mapFrame !== null) return null;
    let slot = armed.slot;
    if (armed.request.frames === 1) armed.slot = null;
    else slot = slots.take();
    return slot === null ? null : { slot, bytes: slots.bytes(slot, bytesOf(armed.mode)) };
  }

  #giveBack(slot: number): void {
    const armed = this.#armed;
    if (armed !== null && armed.request.frames === 1) armed.slot = slot;
    else this.#slots?.release(slot);
  }

  #frame(frame: AssembledFrame): void {
    if (this.#mapFrame !== null) {
      this.#mapFrame(frame);
      return;
    }
    const armed = this.#armed;
    if (armed === null) {
      if (frame.slot !== null) this.#slots?.release(frame.slot);
      return;
    }
    this.#counts.resent += frame.resent;
    armed.read++;
    let status = frame.missing === 0 ? FRAME_COMPLETE : 0;
    if (frame.resent > 0) status |= FRAME_RESENT;
    this.#current = { frame, status };
    if (frame.missing > 0 && armed.request.frames === 1) {
      if (!this.#patch(frame, armed.mode)) {
        this.#drop(frame);
        this.fail("the image came with too many gaps; check the network cable");
        return;
      }
      this.#current = { frame, status: status | FRAME_PATCHED };
    } else if (frame.missing > 0) {
      this.#counts.lost++;
      this.#drop(frame);
    }
    this.#readOut(armed);
  }

  #skipped(count: number): void {
    this.#counts.lost += count;
    if (this.#armed !== null) this.#armed.read += count;
  }

  #readOut(armed: Armed): void {
    const total = armed.request.frames;
    const last = armed.finishing === true || (total !== "continuous" && armed.read >= total);
    if (this.#state === "streaming" && !last) this.#watch(armed);
    this.#step({ type: "frame", last });
    // Nobody wanted it.
    if (this.#current !== null) this.#drop(this.#current.frame);
  }

  #drop({ slot }: AssembledFrame): void {
    this.#current = null;
    if (slot !== null) this.#slots?.release(slot);
  }

  /** Fills gaps from the line above. @returns false: they are too large */
  #patch(frame: AssembledFrame, mode: DetectorMode): boolean {
    const { slot } = frame;
    const missing = frame.holes.reduce((sum, [from, to]) => sum + to - from, 0);
    if (slot === null || missing > PATCHED_SHARE_MAX * bytesOf(mode)) return false;
    const bytes = this.#pool().bytes(slot, bytesOf(mode));
    const line = mode.columns * 2;
    for (const [from, to] of frame.holes)
      for (let at = from; at < to; at++) bytes[at] = at >= line ? (bytes[at - line] ?? 0) : 0;
    return true;
  }

  #deliver(): void {
    const armed = this.#armed;
    const current = this.#current;
    if (armed === null || current === null) return;
    this.#current = null;
    const { frame, status } = current;
    if (frame.slot === null) {
      this.#counts.overruns++;
      return;
    }
    const { request, mode } = armed;
    // A free-running panel began this frame before the beam was on.
    const first = armed.delivered !== true && request.trigger === "free";
    armed.delivered = true;
    const header: FrameHeader = {
      sequence: this.#sequence++,
      deviceFrameId: frame.deviceFrameId,
      deviceTimeNs: frame.timestamp,
      firstPacketMs: frame.firstMs,
      lastPacketMs: frame.lastMs,
      mode: armed.modeIndex,
      kind: request.kind,
      exposureEvent: request.exposureEvent,
      integrationUs: Math.round(
        request.frames === 1 ? this.#integrationMs * 1000 : 1e6 / (request.fps ?? mode.maxFps),
      ),
      temperatureCx100: Math.round(this.#temperatureC * 100),
      status: status | (first ? FRAME_FIRST_AFTER_ARM : 0),
      missingPackets: frame.missing,
    };
    const slots = this.#pool();
    writeFrameHeader(slots.header(frame.slot), header);
    this.#onEvent({ type: "frame", slot: frame.slot, header });
  }

  // ---- states --------------------------------------------------------------------------------------

  #step(event: PanelEvent): void {
    const before = this.#state;
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
          this.#deliver();
          break;
        case "discard":
          this.#counts.discarded++;
          break;
        case "finish-run":
          if (this.#armed !== null) this.#armed.finishing = true;
          break;
        case "end-integration":
          if (this.#armed?.request.trigger === "extBulb") this.#endBulb(this.#armed);
          break;
        case "drop-all":
          this.#dropAll(effect.reason);
          break;
        case "refuse":
          throw new DetectorError(effect.why);
      }
    if (!ACTIVE_STATES.includes(this.#state)) this.#idle(ACTIVE_STATES.includes(before));
  }

  #endBulb(armed: Armed): void {
    this.#integrated(armed);
    this.#command("TriggerSoftware").catch((error: unknown) => this.fail(messageOf(error)));
  }

  #dropAll(reason: string): void {
    const armed = this.#armed;
    if (armed === null) return;
    this.#link?.frames.expect(null);
    if (armed.slot !== null) this.#slots?.release(armed.slot);
    armed.slot = null;
    armed.cancelled.abort(reason);
    this.#armed = null;
  }

  #idle(wasActive: boolean): void {
    if (wasActive) {
      this.#timer?.cancel();
      this.#timer = null;
      this.#armed = null;
      const link = this.#link;
      if (link !== null) {
        link.frames.expect(null);
        link.wire.streaming(false);
        if (this.#state === "idle") this.#command("AcquisitionStop").catch(() => undefined);
      }
    }
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }

  /** Changes of the panel's settings, one after the other. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(work);
    this.#busy = done.catch(() => undefined);
    return done;
  }

  #needLink(): Link {
    if (this.#link === null) throw new DetectorError("the panel is not open; open it first");
    return this.#link;
  }

  #pool(): SlotPool {
    if (this.#slots === null) throw new DetectorError("the panel is not open; open it first");
    return this.#slots;
  }
}

interface Link {
  readonly wire: PanelWire;
  readonly control: ControlChannel;
  readonly frames: FrameAssembler;
}

interface Armed {
  readonly request: ArmRequest;
  readonly mode: DetectorMode;
  readonly modeIndex: number;
  readonly cancelled: AbortController;
  /** Frames read out so far. */
  read: number;
  /** Kept for a single image. */
  slot: number | null;
  format?: FrameFormat;
  finishing?: boolean;
  delivered?: boolean;
}

const bytesOf = (mode: DetectorMode): number => mode.columns * mode.rows * 2;

function addressWord(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function unknownMode(id: string, modes: readonly DetectorMode[]): string {
  return `the panel has no mode ${id}; it has ${modes.map((m) => m.id).join(", ")}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
