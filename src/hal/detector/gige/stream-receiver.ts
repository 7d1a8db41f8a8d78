// Receives stream packets with recvmmsg: the kernel writes the pixels to where they belong in the
// frame's slot, as long as packets come in order; one that doesn't is moved there afterwards. Polled,
// so that the thread stays free for commands; the socket's buffer holds what comes in between.
//
// The kernel gets bare addresses that keep nothing alive: this object holds every buffer it named.

import { dlopen, FFIType, ptr } from "bun:ffi";
import { DetectorError } from "../detector.ts";
import type { FrameAssembler, OpenFrame } from "./frame-assembler.ts";
import { EXTENDED_HEAD_BYTES, HEAD_BYTES, readHead } from "./gvsp.ts";

/** Packets fetched with one call. */
const BATCH = 64;
/** Calls of one poll; a sender that never pauses must not hold the thread. */
const CALLS_MAX = 128;
/** Room for a packet that is not where it was expected, bytes. */
const OVERFLOW_BYTES = 9216;
/** Wished for; what the kernel grants is read back. */
const RECEIVE_BUFFER_BYTES = 64 * 1024 * 1024;

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const MSG_DONTWAIT = 0x40;
/** struct mmsghdr of 64-bit Linux: bytes, and where its fields lie. */
const MMSGHDR_BYTES = 64;
const IOV_AT = 16;
const IOV_COUNT_AT = 24;
const LENGTH_AT = 56;
/** Head, pixels, and what is too much. */
const IOVECS = 3;
const SOCKADDR_BYTES = 16;

const libc = () =>
  dlopen("libc.so.6", {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    bind: { args: [FFIType.i32, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
    connect: { args: [FFIType.i32, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
    getsockname: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
    setsockopt: {
      args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.i32],
      returns: FFIType.i32,
    },
    getsockopt: {
      args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.ptr],
      returns: FFIType.i32,
    },
    recvmmsg: {
      args: [FFIType.i32, FFIType.ptr, FFIType.u32, FFIType.i32, FFIType.ptr],
      returns: FFIType.i32,
    },
    close: { args: [FFIType.i32], returns: FFIType.i32 },
  }).symbols;

export class StreamReceiver {
  readonly port: number;
  /** As the kernel counts: its own records included. */
  readonly receiveBufferBytes: number;
  readonly #libc: ReturnType<typeof libc>;
  readonly #socket: number;
  readonly #messages = new Uint8Array(BATCH * MMSGHDR_BYTES);
  readonly #messageView = new DataView(this.#messages.buffer);
  readonly #iovecs = new BigUint64Array(BATCH * IOVECS * 2);
  readonly #heads = new Uint8Array(BATCH * EXTENDED_HEAD_BYTES);
  readonly #overflow = new Uint8Array(BATCH * OVERFLOW_BYTES);
  readonly #headsAt = ptr(this.#heads);
  readonly #overflowAt = ptr(this.#overflow);
  /** Memories that pixels go to, and their addresses; they never grow. */
  readonly #held = new Map<ArrayBufferLike, number>();
  readonly #headViews: DataView[] = [];
  /** Packet expected in each message of the batch. */
  readonly #expected = new Int32Array(BATCH);
  #closed = false;

  /**
   * @param address of this machine, dotted
   * @param panel the only address that packets are taken from, dotted
   * @throws DetectorError
   */
  constructor(address: string, panel: string) {
    this.#libc = libc();
    this.#socket = this.#libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
    if (this.#socket < 0)
      throw new DetectorError("no socket for the panel's stream; close other programs");
    const name = socketAddress(address);
    // Which port of its own a panel streams from is not known beforehand. Port 0 leaves that open; the
    // kernel turns away whatever comes from another address before it could reach a slot (udp(7)).
    const isBound =
      this.#libc.bind(this.#socket, ptr(name), SOCKADDR_BYTES) === 0 &&
      this.#libc.connect(this.#socket, ptr(socketAddress(panel)), SOCKADDR_BYTES) === 0;
    if (!isBound) {
      this.#libc.close(this.#socket);
      throw new DetectorError(
        `the stream of ${panel} can't be received at ${address}; check the network card`,
      );
    }
    const length = new Int32Array([SOCKADDR_BYTES]);
    this.#libc.getsockname(this.#socket, ptr(name), ptr(length));
    this.port = new DataView(name.buffer).getUint16(2);
    this.receiveBufferBytes = this.#enlarge();
    const messagesAt = ptr(this.#iovecs);
    for (let i = 0; i < BATCH; i++) {
      const at = i * MMSGHDR_BYTES;
      const iovecAt = messagesAt + i * IOVECS * 16;
      this.#messageView.setBigUint64(at + IOV_AT, BigInt(iovecAt), true);
      this.#messageView.setBigUint64(at + IOV_COUNT_AT, BigInt(IOVECS), true);
      this.#headViews.push(
        new DataView(this.#heads.buffer, i * EXTENDED_HEAD_BYTES, EXTENDED_HEAD_BYTES),
      );
    }
  }

  /** Fetches what has come. */
  poll(frames: FrameAssembler): void {
    for (let call = 0; call < CALLS_MAX && !this.#closed; call++) if (!this.#fetch(frames)) return;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#libc.close(this.#socket);
    this.#held.clear();
  }

  /** @returns whether there may be more */
  #fetch(frames: FrameAssembler): boolean {
    const frame = frames.target();
    const headBytes = frames.format?.extended ? EXTENDED_HEAD_BYTES : HEAD_BYTES;
    const wanted = this.#aim(frames, frame, headBytes);
    const got = this.#libc.recvmmsg(this.#socket, ptr(this.#messages), wanted, MSG_DONTWAIT, null);
    if (got <= 0) return false;
    let i = 0;
    if (frame !== null)
      for (; i < got; i++) if (!this.#isInPlace(frames, frame, i, headBytes)) break;
    // From the first one that is elsewhere on, all are taken out before any is put where it belongs.
    const others: Uint8Array[] = [];
    for (; i < got; i++) others.push(this.#datagram(frames, frame, i, headBytes));
    for (const datagram of others) frames.packet(datagram);
    return got === wanted || frame !== null;
  }

  /** Points the messages at the next places of the frame that nothing is in yet. */
  #aim(frames: FrameAssembler, frame: OpenFrame | null, headBytes: number): number {
    const base = frame === null ? 0 : this.#addressOf(frame.place.bytes);
    let packet = frame?.next ?? 0;
    let count = 0;
    for (; count < BATCH; count++) {
      let from = 0;
      let to = 0;
      if (frame !== null) {
        if (packet >= frames.packetsPerFrame) break;
        [from, to] = frames.payloadRange(packet);
      }
      this.#expected[count] = packet++;
      const at = count * IOVECS * 2;
      this.#iovecs[at] = BigInt(this.#headsAt + count * EXTENDED_HEAD_BYTES);
      this.#iovecs[at + 1] = BigInt(headBytes);
      this.#iovecs[at + 2] = BigInt(base + from);
      this.#iovecs[at + 3] = BigInt(to - from);
      this.#iovecs[at + 4] = BigInt(this.#overflowAt + count * OVERFLOW_BYTES);
      this.#iovecs[at + 5] = BigInt(OVERFLOW_BYTES);
    }
    return count;
  }

  #isInPlace(frames: FrameAssembler, frame: OpenFrame, i: number, headBytes: number): boolean {
    const length = this.#lengthOf(i);
    if (length < headBytes) return false;
    const head = readHead(this.#headViews[i] as DataView);
    const packet = this.#expected[i] as number;
    if (head === null || head.headBytes !== headBytes) return false;
    const [from, to] = frames.payloadRange(packet);
    if (length < headBytes + to - from) return false;
    const rest =
      packet === 0
        ? new DataView(this.#overflow.buffer, i * OVERFLOW_BYTES, length - headBytes)
        : null;
    return frames.inPlace(frame, head, packet, rest);
  }

  /** A copy of a whole packet, wherever its parts lie. */
  #datagram(
    frames: FrameAssembler,
    frame: OpenFrame | null,
    i: number,
    headBytes: number,
  ): Uint8Array {
    const length = Math.min(this.#lengthOf(i), headBytes + OVERFLOW_BYTES);
    const datagram = new Uint8Array(length);
    const headAt = i * EXTENDED_HEAD_BYTES;
    datagram.set(this.#heads.subarray(headAt, headAt + Math.min(headBytes, length)));
    let at = Math.min(headBytes, length);
    if (frame !== null) {
      const [from, to] = frames.payloadRange(this.#expected[i] as number);
      const part = Math.min(to - from, length - at);
      datagram.set(frame.place.bytes.subarray(from, from + part), at);
      at += part;
    }
    datagram.set(this.#overflow.subarray(i * OVERFLOW_BYTES, i * OVERFLOW_BYTES + length - at), at);
    return datagram;
  }

  #lengthOf(i: number): number {
    return this.#messageView.getUint32(i * MMSGHDR_BYTES + LENGTH_AT, true);
  }

  #addressOf(bytes: Uint8Array): number {
    let address = this.#held.get(bytes.buffer);
    if (address === undefined) {
      address = Number(ptr(new Uint8Array(bytes.buffer)));
      this.#held.set(bytes.buffer, address);
    }
    return address + bytes.byteOffset;
  }

  #enlarge(): number {
    const size = new Int32Array([RECEIVE_BUFFER_BYTES]);
    const set = this.#libc.setsockopt;
    // As much as one may without and, where this process may, with force.
    set(this.#socket, SOL_SOCKET, SO_RCVBUF, ptr(size), 4);
    set(this.#socket, SOL_SOCKET, SO_RCVBUFFORCE, ptr(size), 4);
    const length = new Int32Array([4]);
    this.#libc.getsockopt(this.#socket, SOL_SOCKET, SO_RCVBUF, ptr(size), ptr(length));
    return size[0] ?? 0;
  }
}

/** struct sockaddr_in with port 0. */
function socketAddress(dotted: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOCKADDR_BYTES);
  new DataView(bytes.buffer).setUint16(0, AF_INET, true);
  bytes.set(dotted.split(".").map(Number), 4);
  return bytes;
}
