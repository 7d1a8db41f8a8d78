// Commands to a panel and their answers: one at a time, repeated when none comes, with more patience
// when the panel asks for it (PENDING_ACK).

import type { Clock, Timer } from "../../../core/clock.ts";
import { DetectorError } from "../detector.ts";
import {
  ackOf,
  Command,
  GvcpStatus,
  MEMORY_BYTES_MAX,
  PENDING_ACK,
  readAck,
  statusWords,
  textOf,
  words,
  writeCommand,
} from "./gvcp.ts";

/** Wait for an answer before the command is sent again, ms. */
const ANSWER_MS = 300;
const ATTEMPTS = 4;
/** Longest wait a panel may ask for, ms. */
const PENDING_MS_MAX = 30_000;
const ID_MAX = 0xffff;

interface Waiting {
  readonly id: number;
  readonly datagram: Uint8Array;
  readonly ack: number;
  readonly resolve: (body: DataView) => void;
  readonly reject: (error: DetectorError) => void;
  attempts: number;
  timer: Timer | null;
}

export class ControlChannel {
  readonly #clock: Clock;
  readonly #send: (datagram: Uint8Array) => void;
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Waiting | null = null;
  #id = 0;
  #closed = false;
  #answeredMs: number;

  constructor(clock: Clock, send: (datagram: Uint8Array) => void) {
    this.#clock = clock;
    this.#send = send;
    this.#answeredMs = clock.monotonicMs();
  }

  /** Monotonic ms of the last answer. */
  get answeredMs(): number {
    return this.#answeredMs;
  }

  nextId(): number {
    this.#id = this.#id >= ID_MAX ? 1 : this.#id + 1;
    return this.#id;
  }

  /** @throws DetectorError */
  async readRegister(address: number): Promise<number> {
    const body = await this.#request(Command.readRegister, words(address));
    if (body.byteLength < 4) throw new DetectorError("the panel's answer to a register is cut off");
    return body.getUint32(0);
  }

  /** @throws DetectorError */
  async writeRegister(address: number, value: number): Promise<void> {
    await this.#request(Command.writeRegister, words(address, value));
  }

  /** @throws DetectorError */
  async readMemory(address: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += MEMORY_BYTES_MAX) {
      const part = Math.min(MEMORY_BYTES_MAX, (length - at + 3) & ~3);
      const body = await this.#request(Command.readMemory, words(address + at, part));
      if (body.byteLength < 4 + part)
        throw new DetectorError(
          `the panel's answer to memory 0x${address.toString(16)} is cut off`,
        );
      bytes.set(new Uint8Array(body.buffer, body.byteOffset + 4, Math.min(part, length - at)), at);
    }
    return bytes;
  }

  /** @throws DetectorError */
  async readText(address: number, length: number): Promise<string> {
    return textOf(await this.readMemory(address, length));
  }

  heard(datagram: Uint8Array): void {
    const ack = readAck(datagram);
    const waiting = this.#waiting;
    if (ack === null || waiting === null || ack.id !== waiting.id) return;
    this.#answeredMs = this.#clock.monotonicMs();
    if (ack.command === PENDING_ACK) {
      const askedMs = ack.body.byteLength >= 4 ? ack.body.getUint16(2) : ANSWER_MS;
      waiting.timer?.cancel();
      waiting.timer = this.#clock.after(Math.min(PENDING_MS_MAX, askedMs), () =>
        this.#again(waiting),
      );
      return;
    }
    if (ack.command !== waiting.ack) return;
    this.#end(waiting);
    if (ack.status === GvcpStatus.success) waiting.resolve(ack.body);
    else waiting.reject(new DetectorError(statusWords(ack.status)));
  }

  /** Whoever waits learns `why`, and whoever asks later. */
  close(why: string): void {
    this.#closed = true;
    const waiting = this.#waiting;
    if (waiting === null) return;
    this.#end(waiting);
    waiting.reject(new DetectorError(why));
  }

  #request(command: number, body: Uint8Array): Promise<DataView> {
    const asked = this.#last.then(
      () =>
        new Promise<DataView>((resolve, reject) => {
          if (this.#closed)
            return reject(new DetectorError("the panel is not open; open it first"));
          const id = this.nextId();
          const datagram = writeCommand(command, id, body);
          const ack = ackOf(command);
          const waiting: Waiting = { id, datagram, ack, resolve, reject, attempts: 0, timer: null };
          this.#waiting = waiting;
          this.#again(waiting);
        }),
    );
    this.#last = asked.catch(() => undefined);
    return asked;
  }

  #again(waiting: Waiting): void {
    if (this.#waiting !== waiting) return;
    if (waiting.attempts++ >= ATTEMPTS) {
      this.#end(waiting);
      waiting.reject(
        new DetectorError("the panel does not answer; check its power, its cable and its address"),
      );
      return;
    }
    waiting.timer = this.#clock.after(ANSWER_MS, () => this.#again(waiting));
    this.#send(waiting.datagram);
  }

  #end(waiting: Waiting): void {
    waiting.timer?.cancel();
    this.#waiting = null;
  }
}
