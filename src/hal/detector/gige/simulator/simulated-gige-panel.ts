// The simulated panel as a device on the network: answers commands, renders the frames of an exposure
// ahead, sends them paced, sends again what it is asked for, and makes faults on request. Sockets are
// the caller's: what comes in is handed to `command`, what goes out to `PanelOutput`.

import type { Clock, Timer } from "../../../../core/clock.ts";
import type { Random } from "../../../../core/random.ts";
import { FRAME_KINDS } from "../../../../model/frame.ts";
import { type DetectorMode, PHANTOM_NAMES } from "../../detector.ts";
import type { FrameMaker } from "../../software-panel.ts";
import {
  ackOf,
  CAPABILITY_RESEND,
  Command,
  FLAG_ACK_REQUIRED,
  type GvcpCommand,
  GvcpStatus,
  MEMORY_BYTES_MAX,
  PENDING_ACK,
  Register,
  readCommand,
  readResend,
  words,
  writeAck,
} from "../gvcp.ts";
import {
  BLOCK_16_MAX,
  EXTENDED_HEAD_BYTES,
  leaderPacket,
  PacketKind,
  PIXEL_FORMAT_MONO16,
  payloadBytes,
  trailerPacket,
  writeHead,
} from "../gvsp.ts";
import {
  addressOf,
  CONTENTS,
  FEATURES,
  isReadOnly,
  panelXml,
  REGISTER_BYTES,
  XML_ADDRESS,
} from "./registers.ts";

/** Pictures of a run rendered ahead; it shows them again and again. */
export const RING_FRAMES_MAX = 16;
const RING_BYTES_MAX = 64 * 1024 * 1024;
/** Pictures of a run in which its lag still builds up are left out: the ring would come back to them. */
const BUILD_UP_FRAMES = 2;
/** Frames kept to send packets again. */
const KEPT_FRAMES = 16;
/** Packets sent between two looks at the clock. */
const SLICE_PACKETS = 64;
/** Between two slices of a paced frame, ms. */
const SLICE_MS = 1;
/** Less is none. */
const SLICE_MS_MIN = 0.01;
/** Time asked for to render frames, ms. */
const PENDING_MS = 20_000;
const DISCOVERY_BYTES = 248;
/** The panel's clock counts nanoseconds. */
const TICKS_PER_S = 1_000_000_000;
const LATE_TRAILER_MS = 12;
const HEARTBEAT_LOOK_MS = 500;
const PACKET_SIZE_MASK = 0xffff;
const FIRE_TEST = 0x8000_0000;

/** What may go wrong on request. */
export interface StreamFaults {
  /** Packets lost, per thousand. */
  lossPerMille: number;
  /** Packets that change places with the next one, per thousand. */
  reorderPerMille: number;
  lateTrailer: boolean;
  /** No command is answered any more. */
  deaf: boolean;
  /** Frames are told to be smaller than what was set. */
  wrongSize: boolean;
}

export const NO_FAULTS: StreamFaults = {
  lossPerMille: 0,
  reorderPerMille: 0,
  lateTrailer: false,
  deaf: false,
  wrongSize: false,
};

export interface PanelOutput {
  answer(datagram: Uint8Array, to: string): void;
  /** @returns how many of the packets went out */
  stream(packets: readonly Uint8Array[], address: number, port: number): number;
}

export interface SimulatedGigeOptions {
  readonly modes: readonly DetectorMode[];
  readonly maker: FrameMaker;
  readonly clock: Clock;
  readonly random: Random;
  readonly output: PanelOutput;
  readonly serial: string;
  /** Dotted, as told in the answer to a discovery. */
  readonly address: string;
  readonly extended?: boolean | undefined;
  /** Number of the first frame, 1 … 65535. */
  readonly firstBlock?: number | undefined;
}

interface Picture {
  readonly block: number;
  readonly bytes: Uint8Array;
  readonly columns: number;
  readonly rows: number;
  readonly timestamp: bigint;
}

export class SimulatedGigePanel {
  readonly faults: StreamFaults = { ...NO_FAULTS };
  /** Counted for tests and figures. */
  readonly counts = { packets: 0, dropped: 0, resendRequests: 0, frames: 0 };
  readonly #options: SimulatedGigeOptions;
  readonly #clock: Clock;
  readonly #memory = new DataView(new ArrayBuffer(REGISTER_BYTES));
  readonly #xml: Uint8Array;
  readonly #extended: boolean;
  #controller: string | null = null;
  #heardMs = 0;
  /** While pictures are made, commands wait; the heartbeat's too. */
  #rendering = 0;
  #block: number;
  #ring: Uint8Array[] = [];
  #acquiring = false;
  /** Changes with every start and stop: what belongs to an earlier one ends. */
  #acquisition = 0;
  #kept: Picture[] = [];
  #timers = new Set<Timer>();

  constructor(options: SimulatedGigeOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#extended = options.extended === true;
    this.#block = options.firstBlock ?? 1;
    this.#xml = new TextEncoder().encode(panelXml(options.modes));
    this.#text(Register.vendor, "Simulated");
    this.#text(Register.model, "SIM-4343G");
    this.#text(Register.version, "1.0");
    this.#text(Register.serial, options.serial);
    const { length } = this.#xml;
    this.#text(
      Register.xmlUrl,
      `Local:panel.xml;${XML_ADDRESS.toString(16)};${length.toString(16)}`,
    );
    const set = (address: number, value: number) => this.#memory.setUint32(address, value);
    set(0x0, 0x0002_0000);
    // Big endian, UTF-8.
    set(0x4, 0x8000_0001);
    set(
      0x24,
      options.address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0),
    );
    set(0x34, 0xff00_0000);
    set(0x600, 1);
    set(0x904, 1);
    set(Register.capabilities, CAPABILITY_RESEND | 1);
    set(Register.heartbeatMs, 3000);
    set(Register.tickFrequencyLow, TICKS_PER_S);
    for (const row of FEATURES) if ("initial" in row) set(row.address, row.initial);
    const [first] = options.modes;
    if (first !== undefined) {
      set(addressOf.SensorWidth, first.columns);
      set(addressOf.SensorHeight, first.rows);
      this.#setMode(0);
    }
    this.#lookAtHeartbeat();
  }

  get xml(): string {
    return new TextDecoder().decode(this.#xml);
  }

  /** One datagram that came to the control port. @param from address and port, told back */
  command(datagram: Uint8Array, from: string): void {
    if (this.faults.deaf) return;
    const command = readCommand(datagram);
    if (command === null) return;
    if (from === this.#controller) this.#heardMs = this.#clock.monotonicMs();
    const answer = (body: Uint8Array, status: number = GvcpStatus.success) => {
      if ((command.flags & FLAG_ACK_REQUIRED) !== 0 && !this.faults.deaf)
        this.#options.output.answer(
          writeAck(ackOf(command.command), command.id, body, status),
          from,
        );
    };
    switch (command.command) {
      case Command.discovery:
        answer(new Uint8Array(this.#memory.buffer, 0, DISCOVERY_BYTES));
        return;
      case Command.readRegister:
        this.#readRegisters(command, answer);
        return;
      case Command.readMemory:
        this.#readMemory(command, answer);
        return;
      case Command.writeRegister:
      case Command.writeMemory:
        void this.#write(command, from, answer);
        return;
      case Command.packetResend:
        this.#resend(command);
        return;
      default:
        answer(new Uint8Array(0), GvcpStatus.notImplemented);
    }
  }

  /** A frame nobody asked for. */
  strayFrame(): void {
    const mode = this.#mode();
    this.#send(this.#pictureOf(new Uint8Array(mode.columns * mode.rows * 2)), 0);
  }

  close(): void {
    this.#stop();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  // ---- commands ------------------------------------------------------------------------------------

  #readRegisters({ body }: GvcpCommand, answer: Answer): void {
    const values: number[] = [];
    for (let at = 0; at + 4 <= body.byteLength; at += 4) {
      const address = body.getUint32(at);
      values.push(address + 4 <= REGISTER_BYTES ? this.#memory.getUint32(address & ~3) : 0);
    }
    answer(words(...values));
  }

  #readMemory({ body }: GvcpCommand, answer: Answer): void {
    const address = body.byteLength >= 8 ? body.getUint32(0) : 0;
    const length = body.byteLength >= 8 ? body.getUint32(4) & 0xffff : 0;
    const isXml = address >= XML_ADDRESS;
    const source = isXml ? this.#xml : new Uint8Array(this.#memory.buffer);
    const from = isXml ? address - XML_ADDRESS : address;
    if (length === 0 || length > MEMORY_BYTES_MAX || from >= source.length) {
      answer(new Uint8Array(0), GvcpStatus.invalidAddress);
      return;
    }
    const out = new Uint8Array(4 + length);
    out.set(words(address));
    out.set(source.subarray(from, from + length), 4);
    answer(out);
  }

  async #write({ command, id, body }: GvcpCommand, from: string, answer: Answer): Promise<void> {
    const count = command === Command.writeMemory ? 1 : body.byteLength >> 3;
    for (let i = 0; i < count; i++) {
      if (body.byteLength < i * 8 + 8) break;
      const address = body.getUint32(i * 8);
      const value = body.getUint32(i * 8 + 4);
      const status = this.#refusal(address, value, from);
      if (status !== GvcpStatus.success) {
        answer(words(i), status);
        return;
      }
      const working = this.#effect(address, value, from);
      if (working === null) continue;
      this.#options.output.answer(writeAck(PENDING_ACK, id, words(PENDING_MS)), from);
      await working;
    }
    answer(words(count));
  }

  #refusal(address: number, value: number, from: string): number {
    if (address + 4 > REGISTER_BYTES) return GvcpStatus.invalidAddress;
    if (isReadOnly(address)) return GvcpStatus.writeProtected;
    if (this.#controller === from) return GvcpStatus.success;
    const takes = address === Register.controlPrivilege && this.#controller === null;
    return takes || (address === Register.controlPrivilege && value === 0)
      ? GvcpStatus.success
      : GvcpStatus.accessDenied;
  }

  /** @returns what has to be waited for, or null */
  #effect(address: number, value: number, from: string): Promise<void> | null {
    if (
      address === Register.controlPrivilege &&
      this.#controller !== null &&
      from !== this.#controller
    )
      return null;
    this.#memory.setUint32(address, value);
    switch (address) {
      case Register.controlPrivilege:
        this.#controller = value === 0 ? null : from;
        this.#heardMs = this.#clock.monotonicMs();
        if (value === 0) this.#stop();
        return null;
      case Register.packetSize:
        if ((value & FIRE_TEST) !== 0) this.#fireTest(value & PACKET_SIZE_MASK);
        return null;
      case addressOf.PanelMode:
        this.#setMode(value);
        return null;
      case addressOf.Width:
      case addressOf.Height:
        this.#ring = [];
        this.#memory.setUint32(addressOf.PayloadSize, this.#frameBytes());
        return null;
      case addressOf.FrameContent:
      case addressOf.BeamVolts:
      case addressOf.BeamMicroAmpereSeconds:
      case addressOf.BeamObject:
        this.#ring = [];
        return null;
      case addressOf.FramesPrepare:
        return this.#render();
      case addressOf.AcquisitionStart:
        if (value === 0) this.#stop();
        else this.#start();
        return null;
      case addressOf.TriggerSoftware:
        this.#trigger();
        return null;
      default:
        return null;
    }
  }

  #setMode(index: number): void {
    const mode = this.#options.modes[index];
    if (mode === undefined) return;
    this.#memory.setUint32(addressOf.PanelMode, index);
    this.#memory.setUint32(addressOf.Width, mode.columns);
    this.#memory.setUint32(addressOf.Height, mode.rows);
    this.#memory.setUint32(addressOf.PayloadSize, this.#frameBytes());
    this.#ring = [];
  }

  #fireTest(bytes: number): void {
    this.#out([new Uint8Array(Math.max(0, bytes - 28))]);
  }

  #lookAtHeartbeat(): void {
    this.#after(HEARTBEAT_LOOK_MS, () => {
      const silentMs = this.#clock.monotonicMs() - this.#heardMs;
      if (
        this.#controller !== null &&
        this.#rendering === 0 &&
        silentMs > this.#get(Register.heartbeatMs)
      ) {
        this.#controller = null;
        this.#memory.setUint32(Register.controlPrivilege, 0);
        this.#stop();
      }
      this.#lookAtHeartbeat();
    });
  }

  // ---- frames --------------------------------------------------------------------------------------

  /** The mode whose size is set; any other size shows a part of the largest. */
  #mode(): DetectorMode {
    const [columns, rows] = [this.#get(addressOf.Width), this.#get(addressOf.Height)];
    const { modes } = this.#options;
    const fits = modes.find((m) => m.columns === columns && m.rows === rows) ?? modes[0];
    if (fits === undefined) throw new RangeError("a panel has a mode");
    return fits;
  }

  #frameBytes(): number {
    return this.#get(addressOf.Width) * this.#get(addressOf.Height) * 2;
  }

  /** One picture at a time, so that commands are answered in between. */
  async #render(): Promise<void> {
    this.#rendering++;
    try {
      await this.#renderFrames();
    } finally {
      this.#rendering--;
      this.#heardMs = this.#clock.monotonicMs();
    }
  }

  async #renderFrames(): Promise<void> {
    // Whoever asked is told first that it takes its time.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const mode = this.#mode();
    const single = this.#get(addressOf.TriggerMode) === 1;
    const content = CONTENTS[this.#get(addressOf.FrameContent)] ?? "normal";
    const bytes = mode.columns * mode.rows * 2;
    const kind = FRAME_KINDS.find((k) => k === content);
    if (kind === undefined) {
      const map = this.#options.maker.maps(mode).find((m) => `${m.kind}Map` === content);
      this.#ring = map === undefined ? [] : [this.#cut(map.pixels, mode)];
      return;
    }
    this.#options.maker.prepare(
      {
        modeId: mode.id,
        trigger: "software",
        frames: single ? 1 : "continuous",
        fps: Math.min(mode.maxFps, 1e6 / this.#get(addressOf.AcquisitionFramePeriod)),
        kind,
        exposureEvent: 0,
        beam: {
          kv: this.#get(addressOf.BeamVolts) / 1000,
          mas: this.#get(addressOf.BeamMicroAmpereSeconds) / 1000,
          phantom: PHANTOM_NAMES[this.#get(addressOf.BeamObject)],
        },
      },
      mode,
    );
    const frames = single
      ? 1
      : Math.max(2, Math.min(RING_FRAMES_MAX, Math.floor(RING_BYTES_MAX / bytes)));
    const left = single ? 0 : BUILD_UP_FRAMES;
    const ring: Uint8Array[] = [];
    for (let i = 0; i < frames + left; i++) {
      const pixels = new Uint16Array(mode.columns * mode.rows);
      this.#options.maker.make(pixels, i);
      if (i >= left) ring.push(this.#cut(pixels, mode));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#ring = ring;
  }

  #cut(pixels: Uint16Array, mode: DetectorMode): Uint8Array {
    const [columns, rows] = [this.#get(addressOf.Width), this.#get(addressOf.Height)];
    if (columns === mode.columns && rows === mode.rows) return new Uint8Array(pixels.buffer);
    const part = new Uint16Array(columns * rows);
    for (let y = 0; y < Math.min(rows, mode.rows); y++)
      part.set(
        pixels.subarray(y * mode.columns, y * mode.columns + Math.min(columns, mode.columns)),
        y * columns,
      );
    return new Uint8Array(part.buffer);
  }

  #start(): void {
    this.#acquiring = true;
    const acquisition = ++this.#acquisition;
    if (this.#get(addressOf.TriggerMode) === 1) return;
    if (this.#ring.length > 0) this.#run(acquisition, this.#clock.monotonicMs(), 1);
    else void this.#render().then(() => this.#run(acquisition, this.#clock.monotonicMs(), 1));
  }

  #stop(): void {
    this.#acquiring = false;
    this.#acquisition++;
  }

  /** Frame `number` is read out at the end of its period. */
  #run(acquisition: number, startMs: number, number: number): void {
    if (acquisition !== this.#acquisition) return;
    const periodMs = this.#get(addressOf.AcquisitionFramePeriod) / 1000;
    const readoutMs = Math.min(this.#readoutMs(), periodMs);
    const dueMs = startMs + number * periodMs - readoutMs;
    this.#after(Math.max(0, dueMs - this.#clock.monotonicMs()), () => {
      if (acquisition !== this.#acquisition) return;
      const bytes = this.#ring[(number - 1) % this.#ring.length];
      if (bytes !== undefined) this.#send(this.#pictureOf(bytes), readoutMs);
      // A panel that was held up leaves out what it missed.
      const late = Math.floor((this.#clock.monotonicMs() - dueMs) / periodMs);
      this.#run(acquisition, startMs, number + 1 + Math.max(0, late - 1));
    });
  }

  #trigger(): void {
    if (!this.#acquiring) return;
    const acquisition = this.#acquisition;
    const isMap = this.#get(addressOf.FrameContent) >= FRAME_KINDS.length;
    const send = (readoutMs: number) => {
      const [bytes] = this.#ring;
      if (acquisition === this.#acquisition && bytes !== undefined)
        this.#send(this.#pictureOf(bytes), readoutMs);
    };
    if (isMap) void this.#render().then(() => send(0));
    else {
      const ready = this.#ring.length > 0 ? null : this.#render();
      this.#after(this.#get(addressOf.ExposureTimeUs) / 1000, () => {
        if (ready === null) send(this.#readoutMs());
        else void ready.then(() => send(this.#readoutMs()));
      });
    }
  }

  /** Packets times their distance, at least what the read-out of the mode takes. */
  #readoutMs(): number {
    const packets = Math.ceil(this.#frameBytes() / this.#payload());
    return (packets * this.#get(Register.packetDelay) * 1000) / TICKS_PER_S;
  }

  #payload(): number {
    return payloadBytes(this.#get(Register.packetSize) & PACKET_SIZE_MASK, this.#extended);
  }

  #pictureOf(bytes: Uint8Array): Picture {
    const block = this.#block;
    this.#block = !this.#extended && block >= BLOCK_16_MAX ? 1 : block + 1;
    this.counts.frames++;
    const picture = {
      block,
      bytes,
      columns: this.#get(addressOf.Width),
      rows: this.#get(addressOf.Height),
      timestamp: BigInt(Math.round(this.#clock.monotonicMs() * 1e6)),
    };
    this.#kept = [picture, ...this.#kept].slice(0, KEPT_FRAMES);
    return picture;
  }

  /** Sends a picture, its packets spread over `overMs`; 0: as fast as it goes. */
  #send(picture: Picture, overMs: number): void {
    const total = Math.ceil(picture.bytes.length / this.#payload()) + 2;
    const startMs = this.#clock.monotonicMs();
    let sent = 0;
    const slice = () => {
      const passedMs = this.#clock.monotonicMs() - startMs;
      const share = overMs - passedMs <= SLICE_MS_MIN ? 1 : passedMs / overMs;
      // The leader at once, the trailer when the time is over.
      const due = share >= 1 ? total : Math.max(1, Math.floor(share * (total - 1)));
      for (let slices = 0; sent < due && (overMs > 0 || slices === 0); slices++) {
        const until = Math.min(due, sent + SLICE_PACKETS);
        this.#sendPackets(picture, sent, until, total);
        sent = until;
      }
      if (sent >= total) return;
      if (overMs <= 0) setImmediate(slice);
      else {
        const leftMs = overMs - (this.#clock.monotonicMs() - startMs);
        this.#after(Math.min(SLICE_MS, Math.max(SLICE_MS_MIN, leftMs)), slice);
      }
    };
    slice();
  }

  #sendPackets(picture: Picture, from: number, until: number, total: number): void {
    const packets: Uint8Array[] = [];
    for (let i = from; i < until; i++) {
      if (i === total - 1 && this.faults.lateTrailer) {
        this.#after(LATE_TRAILER_MS, () => this.#out([this.#packet(picture, i, total)]));
        continue;
      }
      packets.push(this.#packet(picture, i, total));
    }
    const { reorderPerMille } = this.faults;
    if (reorderPerMille > 0)
      for (let i = 0; i + 1 < packets.length; i++)
        if (this.#options.random.chance(reorderPerMille / 1000))
          packets.splice(i, 2, packets[i + 1] as Uint8Array, packets[i] as Uint8Array);
    this.#out(packets);
  }

  #packet(picture: Picture, packet: number, total: number): Uint8Array {
    const { block, bytes, columns, rows, timestamp } = picture;
    if (packet === 0)
      return leaderPacket(block, this.#extended, {
        timestamp,
        pixelFormat: PIXEL_FORMAT_MONO16,
        columns: this.faults.wrongSize ? columns - 8 : columns,
        rows,
      });
    if (packet === total - 1) return trailerPacket(block, packet, this.#extended, rows);
    const each = this.#payload();
    const part = bytes.subarray((packet - 1) * each, packet * each);
    const out = new Uint8Array(EXTENDED_HEAD_BYTES + part.length);
    const head = writeHead(
      new DataView(out.buffer),
      PacketKind.payload,
      block,
      packet,
      this.#extended,
    );
    out.set(part, head);
    return out.subarray(0, head + part.length);
  }

  #resend(command: GvcpCommand): void {
    this.counts.resendRequests++;
    const request = readResend(command);
    const picture = this.#kept.find((p) => p.block === request?.block);
    if (request === null || picture === undefined) return;
    const total = Math.ceil(picture.bytes.length / this.#payload()) + 2;
    const packets: Uint8Array[] = [];
    for (let i = request.first; i <= Math.min(request.last, total - 1); i++)
      packets.push(this.#packet(picture, i, total));
    this.#out(packets);
  }

  #out(packets: readonly Uint8Array[]): void {
    const port = this.#get(Register.streamPort) & 0xffff;
    if (port === 0) return;
    const { lossPerMille } = this.faults;
    const left =
      lossPerMille === 0
        ? packets
        : packets.filter(() => !this.#options.random.chance(lossPerMille / 1000));
    this.counts.dropped += packets.length - left.length;
    this.counts.packets += packets.length;
    const sent = this.#options.output.stream(left, this.#get(Register.streamAddress), port);
    // What the network did not take now, it may take in a moment; else it is asked for again.
    if (sent < left.length && sent >= 0)
      this.#after(SLICE_MS, () =>
        this.#options.output.stream(left.slice(sent), this.#get(Register.streamAddress), port),
      );
  }

  #after(delayMs: number, fire: () => void): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      fire();
    });
    this.#timers.add(timer);
  }

  #get(address: number): number {
    return this.#memory.getUint32(address);
  }

  #text(address: number, text: string): void {
    new Uint8Array(this.#memory.buffer).set(new TextEncoder().encode(text), address);
  }
}

type Answer = (body: Uint8Array, status?: number) => void;
