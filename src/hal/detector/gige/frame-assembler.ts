// Frames out of stream packets: where each packet belongs, what is missing, what is asked for again
// and when a frame is given up. Frames leave in the order the panel sent them.

import {
  BLOCK_16_MAX,
  type Leader,
  PacketKind,
  payloadBytes,
  readHead,
  readLeader,
  type StreamHead,
} from "./gvsp.ts";

/** Silence within a frame after which its gaps are asked for, ms. */
const PACKET_SILENCE_MS = 5;
/** A packet that was asked for and didn't come is asked for again after this, ms. */
const ASK_AGAIN_MS = 15;
/** A frame that is not whole this long after its gaps were first asked for is given up, ms. */
const GIVE_UP_MS = 500;
/** Frames under way at once; each holds a slot. */
const FRAMES_MAX = 6;
/** Blocks remembered as finished, so that a late packet does not begin them again. */
const DONE_MAX = 16;
/** Gaps of one frame asked for in one go. */
const REQUESTS_MAX = 64;

export interface FrameFormat {
  readonly columns: number;
  readonly rows: number;
  readonly pixelFormat: number;
  /** Of the stream, network heads included. */
  readonly packetBytes: number;
  readonly extended: boolean;
}

/** Where a frame's bytes go. Slot null: nowhere, it is received and dropped. */
export interface FramePlace {
  readonly slot: number | null;
  readonly bytes: Uint8Array;
}

export interface AssembledFrame {
  readonly slot: number | null;
  /** Counted on over the wrap of 16-bit numbers. */
  readonly deviceFrameId: number;
  readonly timestamp: bigint;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Packets that came only when asked for. */
  readonly resent: number;
  /** Packets that never came. */
  readonly missing: number;
  /** Where those would be: byte ranges. */
  readonly holes: readonly (readonly [number, number])[];
}

/** What a frame assembler needs of the driver. */
export interface FrameSink {
  /** Room for the next frame, or null. */
  place(): FramePlace | null;
  giveBack(slot: number): void;
  /** The first packet of a frame is there. */
  began(): void;
  frame(frame: AssembledFrame): void;
  /** Frames of which nothing came. */
  skipped(frames: number): void;
  /** A frame nobody expects. */
  stray(): void;
  resend(block: number, first: number, last: number, extended: boolean): void;
  /** The stream is not what was agreed on. */
  wrong(reason: string): void;
}

/** A frame under way. Packet 0 is the leader, the last one the trailer. */
export interface OpenFrame {
  /** 0: no packet of it is there yet. */
  block: number;
  place: FramePlace;
  readonly have: Uint8Array;
  /** Leader and payload packets that are not there. */
  missing: number;
  /** One more than the highest packet that is there. */
  next: number;
  leader: Leader | null;
  firstMs: number;
  lastMs: number;
  askedMs: number;
  firstAskedMs: number;
  resent: number;
  givenUp: boolean;
}

export class FrameAssembler {
  readonly #sink: FrameSink;
  readonly #nowMs: () => number;
  #format: FrameFormat | null = null;
  #payloads = 0;
  #payloadBytes = 0;
  #frameBytes = 0;
  #spare: Uint8Array = new Uint8Array(0);
  /** In the order of their blocks; the last one may have no packet yet. */
  #open: OpenFrame[] = [];
  #done: number[] = [];
  #lastBlock = 0;
  #deviceFrameId = 0;
  packets = 0;

  constructor(sink: FrameSink, nowMs: () => number) {
    this.#sink = sink;
    this.#nowMs = nowMs;
  }

  get format(): FrameFormat | null {
    return this.#format;
  }

  /** Frames of this format are expected from now on; null: none. What was under way is dropped. */
  expect(format: FrameFormat | null): void {
    for (const { place } of this.#open) if (place.slot !== null) this.#sink.giveBack(place.slot);
    this.#open = [];
    this.#done = [];
    this.#lastBlock = 0;
    this.#format = format;
    if (format === null) return;
    this.#frameBytes = format.columns * format.rows * 2;
    this.#payloadBytes = payloadBytes(format.packetBytes, format.extended);
    this.#payloads = Math.ceil(this.#frameBytes / this.#payloadBytes);
    if (this.#spare.length !== this.#frameBytes)
      this.#spare = new Uint8Array(new SharedArrayBuffer(this.#frameBytes));
  }

  /** The frame whose packets are most likely to come next; null: none is expected. */
  target(): OpenFrame | null {
    if (this.#format === null) return null;
    const last = this.#open.at(-1);
    if (last !== undefined && last.next < this.#payloads + 2) {
      // Nothing of it is there, and it had no room: there may be some by now.
      if (last.block === 0 && last.place.slot === null) last.place = this.#room();
      return last;
    }
    if (this.#open.length >= FRAMES_MAX) return null;
    return this.#begin(0);
  }

  /** Where the pixels of a packet belong; leader and trailer have none. */
  payloadRange(packet: number): readonly [number, number] {
    const each = this.#payloadBytes;
    if (packet < 1 || packet > this.#payloads) return [0, 0];
    return [(packet - 1) * each, Math.min(packet * each, this.#frameBytes)];
  }

  /** The last frame that had no slot, as long as no other one came. */
  get spare(): Uint8Array {
    return this.#spare;
  }

  get packetsPerFrame(): number {
    return this.#payloads + 2;
  }

  /**
   * A packet whose pixels already lie where they belong. False: they don't, or it is another one;
   * the caller hands it to `packet` then.
   */
  inPlace(frame: OpenFrame, head: StreamHead, packet: number, payload: DataView | null): boolean {
    if (head.packet !== packet || head.extended !== this.#format?.extended) return false;
    if (head.kind !== kindOf(packet, this.#payloads)) return false;
    if (frame.block === 0) {
      if (head.block === 0 || this.#knows(head.block) || !this.#follows(head.block)) return false;
      this.#start(frame, head.block);
    } else if (frame.block !== head.block) return false;
    if (frame.have[packet] === 1) return false;
    this.packets++;
    if (packet === 0 && payload !== null && !this.#lead(frame, payload)) return true;
    this.#mark(frame, packet);
    return true;
  }

  /** One datagram of the stream, whose pixels are copied where they belong. */
  packet(datagram: Uint8Array): void {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const head = readHead(view);
    if (head === null) return;
    this.packets++;
    const format = this.#format;
    if (format === null) {
      if (head.kind === PacketKind.leader) this.#sink.stray();
      return;
    }
    // The panel numbers its blocks in the other way: its packets hold less, or more.
    if (head.extended !== format.extended) this.expect({ ...format, extended: head.extended });
    if (head.packet >= this.packetsPerFrame) {
      this.#sink.wrong(
        `the panel sends more than the ${format.columns} × ${format.rows} pixels it was set to; start it again`,
      );
      return;
    }
    const frame = this.#frameOf(head.block);
    if (frame === null || frame.have[head.packet] === 1) return;
    if (head.kind !== kindOf(head.packet, this.#payloads)) return;
    const body = datagram.subarray(head.headBytes);
    if (head.kind === PacketKind.leader) {
      if (!this.#lead(frame, new DataView(body.buffer, body.byteOffset, body.byteLength))) return;
    } else if (head.kind === PacketKind.payload) {
      const [from, to] = this.payloadRange(head.packet);
      if (body.length < to - from) return;
      frame.place.bytes.set(body.subarray(0, to - from), from);
    }
    if (frame.askedMs > 0 && head.packet < frame.next) frame.resent++;
    this.#mark(frame, head.packet);
  }

  /** Asks for what is missing, gives up what does not come. To be called every few milliseconds. */
  check(): void {
    const nowMs = this.#nowMs();
    for (const [i, frame] of this.#open.entries()) {
      if (frame.block === 0 || frame.missing === 0) continue;
      const over = frame.next > this.#payloads + 1 || this.#open[i + 1]?.block !== undefined;
      const silent = nowMs - frame.lastMs >= PACKET_SILENCE_MS;
      if (frame.firstAskedMs > 0 && nowMs - frame.firstAskedMs >= GIVE_UP_MS) frame.givenUp = true;
      else if ((over || silent) && (frame.askedMs === 0 || nowMs - frame.askedMs >= ASK_AGAIN_MS))
        this.#ask(frame, nowMs);
    }
    this.#leave();
  }

  #room(): FramePlace {
    return this.#sink.place() ?? { slot: null, bytes: this.#spare };
  }

  #begin(block: number): OpenFrame {
    const frame: OpenFrame = {
      block: 0,
      place: this.#room(),
      have: new Uint8Array(this.#payloads + 2),
      missing: this.#payloads + 1,
      next: 0,
      leader: null,
      firstMs: 0,
      lastMs: 0,
      askedMs: 0,
      firstAskedMs: 0,
      resent: 0,
      givenUp: false,
    };
    this.#open.push(frame);
    if (block !== 0) this.#start(frame, block);
    return frame;
  }

  #start(frame: OpenFrame, block: number): void {
    frame.block = block;
    frame.firstMs = this.#nowMs();
    frame.lastMs = frame.firstMs;
    this.#sink.began();
  }

  #frameOf(block: number): OpenFrame | null {
    const known = this.#open.find((f) => f.block === block);
    if (known !== undefined) return known;
    if (block === 0 || this.#done.includes(block) || !this.#follows(block)) return null;
    const last = this.#open.at(-1);
    if (last?.block === 0) {
      this.#start(last, block);
      return last;
    }
    if (this.#open.length >= FRAMES_MAX) {
      // The oldest had its time.
      const [oldest] = this.#open;
      if (oldest !== undefined) oldest.givenUp = true;
      this.#leave();
    }
    return this.#open.length >= FRAMES_MAX ? null : this.#begin(block);
  }

  #knows(block: number): boolean {
    return this.#done.includes(block) || this.#open.some((f) => f.block === block);
  }

  /** Whether a block is newer than all that are under way or left. */
  #follows(block: number): boolean {
    const newest = this.#open.findLast((f) => f.block !== 0)?.block ?? this.#lastBlock;
    return newest === 0 || this.#ahead(newest, block) > 0;
  }

  /** How many blocks `block` lies after `from`; negative: before. */
  #ahead(from: number, block: number): number {
    if (this.#format?.extended) return block - from;
    const steps = (block - from + BLOCK_16_MAX) % BLOCK_16_MAX;
    return steps > BLOCK_16_MAX / 2 ? steps - BLOCK_16_MAX : steps;
  }

  #lead(frame: OpenFrame, body: DataView): boolean {
    const leader = readLeader(body);
    const format = this.#format;
    if (format === null) return false;
    if (leader === null) {
      this.#sink.wrong("the panel sends something else than images; set it to plain images");
      return false;
    }
    if (leader.columns !== format.columns || leader.rows !== format.rows) {
      this.#sink.wrong(
        `the panel sends ${leader.columns} × ${leader.rows} pixels where ${format.columns} × ${format.rows} were set; start it again`,
      );
      return false;
    }
    if (leader.pixelFormat !== format.pixelFormat) {
      this.#sink.wrong(
        `the panel sends pixel format 0x${leader.pixelFormat.toString(16)} where 0x${format.pixelFormat.toString(16)} was set; start it again`,
      );
      return false;
    }
    frame.leader = leader;
    return true;
  }

  #mark(frame: OpenFrame, packet: number): void {
    frame.have[packet] = 1;
    if (packet <= this.#payloads) frame.missing--;
    if (packet >= frame.next) frame.next = packet + 1;
    frame.lastMs = this.#nowMs();
    if (frame.missing === 0) this.#leave();
    else if (packet === this.#payloads + 1 && frame.askedMs === 0) this.#ask(frame, frame.lastMs);
  }

  #ask(frame: OpenFrame, nowMs: number): void {
    frame.askedMs = nowMs;
    if (frame.firstAskedMs === 0) frame.firstAskedMs = nowMs;
    let requests = 0;
    const end = this.#payloads + 1;
    for (let at = 0; at < end && requests < REQUESTS_MAX; ) {
      if (frame.have[at] === 1) {
        at++;
        continue;
      }
      const first = at;
      while (at < end && frame.have[at] !== 1) at++;
      this.#sink.resend(frame.block, first, at - 1, this.#format?.extended === true);
      requests++;
    }
  }

  /** Whole and given-up frames leave, the oldest first; one that is waited for holds up the rest. */
  #leave(): void {
    for (;;) {
      const [frame] = this.#open;
      if (frame === undefined || frame.block === 0) return;
      if (frame.missing > 0 && !frame.givenUp) return;
      this.#open.shift();
      this.#done = [frame.block, ...this.#done].slice(0, DONE_MAX);
      const steps = this.#lastBlock === 0 ? 1 : this.#ahead(this.#lastBlock, frame.block);
      if (steps > 1) this.#sink.skipped(steps - 1);
      this.#deviceFrameId += steps;
      this.#lastBlock = frame.block;
      this.#sink.frame({
        slot: frame.place.slot,
        deviceFrameId: this.#deviceFrameId,
        timestamp: frame.leader?.timestamp ?? 0n,
        firstMs: frame.firstMs,
        lastMs: frame.lastMs,
        resent: frame.resent,
        missing: frame.missing,
        holes: this.#holes(frame),
      });
    }
  }

  #holes(frame: OpenFrame): (readonly [number, number])[] {
    if (frame.missing === 0) return [];
    const holes: (readonly [number, number])[] = [];
    for (let packet = 1; packet <= this.#payloads; packet++)
      if (frame.have[packet] !== 1) holes.push(this.payloadRange(packet));
    return holes;
  }
}

function kindOf(packet: number, payloads: number): number {
  if (packet === 0) return PacketKind.leader;
  return packet > payloads ? PacketKind.trailer : PacketKind.payload;
}
