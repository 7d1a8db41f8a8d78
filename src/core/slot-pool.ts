// Fixed slots in the one shared memory, each with one owner at a time. What travels between threads
// is a slot's number; the pixels stay where they are. A slot's state is one Int32, changed by
// compare-and-swap, so any thread may take or give back a slot.

import { assert } from "./assert.ts";

const FREE = 0;
const TAKEN = 1;
/** Int32 state words lie a cache line apart, so that threads don't fight over one line. */
const STATE_STRIDE_BYTES = 64;
/** Room in front of each slot's bytes for a small fixed record (a frame header). */
export const SLOT_HEADER_BYTES = 128;

/** Plain data: goes to workers by postMessage. Offsets in bytes from the memory's start. */
export interface SlotPoolLayout {
  readonly name: string;
  readonly base: number;
  readonly slots: number;
  readonly slotBytes: number;
}

/** Bytes that a pool takes in the memory. */
export function slotPoolBytes(slots: number, slotBytes: number): number {
  return slots * (STATE_STRIDE_BYTES + SLOT_HEADER_BYTES + align(slotBytes));
}

function align(bytes: number): number {
  return (bytes + 63) & ~63;
}

/** One thread's view of a pool. The layout is the same in every thread; the state is shared. */
export class SlotPool {
  readonly layout: SlotPoolLayout;
  readonly #buffer: ArrayBufferLike;
  readonly #states: Int32Array;

  /** `buffer` is the shared memory's buffer, which never grows. */
  constructor(buffer: ArrayBufferLike, layout: SlotPoolLayout) {
    assert(layout.base % 64 === 0, "a slot pool starts on a 64-byte border");
    this.#buffer = buffer;
    this.layout = layout;
    this.#states = new Int32Array(buffer, layout.base, (layout.slots * STATE_STRIDE_BYTES) / 4);
  }

  /** Takes a free slot, or null when every slot is in use (the caller counts an overrun). */
  take(): number | null {
    for (let slot = 0; slot < this.layout.slots; slot++) {
      const at = (slot * STATE_STRIDE_BYTES) / 4;
      if (Atomics.compareExchange(this.#states, at, FREE, TAKEN) === FREE) return slot;
    }
    return null;
  }

  /** Gives a slot back. Giving back a free slot is a defect and ends the process. */
  release(slot: number): void {
    const was = Atomics.exchange(this.#states, (slot * STATE_STRIDE_BYTES) / 4, FREE);
    assert(was === TAKEN, `slot ${slot} of ${this.layout.name} released twice`);
  }

  inUse(): number {
    let count = 0;
    for (let slot = 0; slot < this.layout.slots; slot++)
      if (Atomics.load(this.#states, (slot * STATE_STRIDE_BYTES) / 4) === TAKEN) count++;
    return count;
  }

  /** Byte offset in the memory of the slot's pixels, for kernels. */
  offset(slot: number): number {
    assert(slot >= 0 && slot < this.layout.slots, `slot ${slot} of ${this.layout.name}`);
    return (
      this.#headersBase() +
      this.layout.slots * SLOT_HEADER_BYTES +
      slot * align(this.layout.slotBytes)
    );
  }

  bytes(slot: number, length = this.layout.slotBytes): Uint8Array {
    assert(length <= this.layout.slotBytes, "view larger than its slot");
    return new Uint8Array(this.#buffer, this.offset(slot), length);
  }

  uint16(slot: number, count = this.layout.slotBytes >> 1): Uint16Array {
    assert(count * 2 <= this.layout.slotBytes, "view larger than its slot");
    return new Uint16Array(this.#buffer, this.offset(slot), count);
  }

  /** The slot's record area. */
  header(slot: number): DataView {
    return new DataView(
      this.#buffer,
      this.#headersBase() + slot * SLOT_HEADER_BYTES,
      SLOT_HEADER_BYTES,
    );
  }

  #headersBase(): number {
    return this.layout.base + this.layout.slots * STATE_STRIDE_BYTES;
  }
}
