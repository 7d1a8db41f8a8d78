// One message part → P-DATA-TF PDUs of one PDV each (PS3.8 §9.3.5, annex E). The body is read
// straight into the gaps between the PDU headers of a batch of about a megabyte; while one batch is
// on its way the next is read. Copying into batches beats handing out many views: the runtime's
// socket joins or writes them one by one (measured on loopback: 2.7 GB/s against 2.2).

import { assert } from "../../core/assert.ts";
import type { ByteSource } from "../../core/byte-source.ts";
import { FRAGMENT_BYTES_MIN, SEND_BATCH_BYTES, SEND_PDU_BYTES_MAX } from "./limits.ts";
import { PDU_HEADER_BYTES, PDV_HEADER_BYTES } from "./pdu.ts";
import { putSinglePdvHeader } from "./write-pdu.ts";

const HEADER_BYTES = PDU_HEADER_BYTES + PDV_HEADER_BYTES;

/** Batches up to this size get a buffer of their own instead of a kept one. */
const SMALL_BATCH_BYTES = 64 * 1024;

/**
 * Bytes of a message that go into one PDU.
 * @param peerMaxPduLength What the peer announced (PS3.8 D.1), bytes; 0: no limit.
 */
export function fragmentBytes(peerMaxPduLength: number): number {
  const max =
    peerMaxPduLength === 0 ? SEND_PDU_BYTES_MAX : Math.min(peerMaxPduLength, SEND_PDU_BYTES_MAX);
  // even, so that every fragment but the last has an even length
  return Math.max(FRAGMENT_BYTES_MIN, (max - PDV_HEADER_BYTES) & ~1);
}

export type BodyPart = Uint8Array | ByteSource;

/** Cuts message parts for one peer. Keeps its two buffers from message to message. */
export class MessageSender {
  readonly #fragmentBytes: number;
  readonly #pdusPerBatch: number;
  readonly #write: (chunk: Uint8Array) => Promise<void>;
  #buffers: [Uint8Array | null, Uint8Array | null] = [null, null];

  /** `write` resolves when the chunk may be overwritten. */
  constructor(peerMaxPduLength: number, write: (chunk: Uint8Array) => Promise<void>) {
    this.#fragmentBytes = fragmentBytes(peerMaxPduLength);
    this.#pdusPerBatch = Math.max(1, Math.floor(SEND_BATCH_BYTES / this.#fragmentBytes));
    this.#write = write;
  }

  /** Resolves when the last batch is written; rejects with what reading or writing threw. */
  async send(contextId: number, command: boolean, body: readonly BodyPart[]): Promise<void> {
    const totalBytes = body.reduce((sum, part) => sum + part.byteLength, 0);
    const reader = new BodyReader(body);
    let sentBytes = 0;
    let writing: Promise<void> = Promise.resolve();
    let turn: 0 | 1 = 0;
    do {
      const dataBytes = Math.min(totalBytes - sentBytes, this.#pdusPerBatch * this.#fragmentBytes);
      // an empty body still makes one PDU, which says that it is the last
      const pdus = Math.max(1, Math.ceil(dataBytes / this.#fragmentBytes));
      const batch = this.#buffer(turn, dataBytes + pdus * HEADER_BYTES);
      const gaps: Uint8Array[] = [];
      for (let pdu = 0, at = 0; pdu < pdus; pdu++) {
        const bytes = Math.min(this.#fragmentBytes, dataBytes - pdu * this.#fragmentBytes);
        const last = pdu === pdus - 1 && sentBytes + dataBytes === totalBytes;
        putSinglePdvHeader(batch, at, bytes, { contextId, command, last });
        gaps.push(batch.subarray(at + HEADER_BYTES, at + HEADER_BYTES + bytes));
        at += HEADER_BYTES + bytes;
      }
      await reader.fill(gaps, dataBytes);
      await writing;
      writing = this.#write(batch);
      // awaited below or in the next round; a failure in between must not count as unhandled
      writing.catch(() => {});
      sentBytes += dataBytes;
      turn = turn === 0 ? 1 : 0;
    } while (sentBytes < totalBytes);
    await writing;
  }

  #buffer(turn: 0 | 1, bytes: number): Uint8Array {
    if (bytes <= SMALL_BATCH_BYTES) return new Uint8Array(bytes);
    let buffer = this.#buffers[turn];
    if (buffer === null || buffer.byteLength < bytes) {
      buffer = new Uint8Array(
        Math.max(bytes, this.#pdusPerBatch * (this.#fragmentBytes + HEADER_BYTES)),
      );
      this.#buffers[turn] = buffer;
    }
    return buffer.subarray(0, bytes);
  }
}

/** Reads the parts of a body one after the other. */
class BodyReader {
  readonly #parts: readonly BodyPart[];
  #part = 0;
  #offset = 0;

  constructor(parts: readonly BodyPart[]) {
    this.#parts = parts;
  }

  /** Fills the gaps, `bytes` in all, in order. */
  async fill(gaps: readonly Uint8Array[], bytes: number): Promise<void> {
    let open = gaps;
    let left = bytes;
    while (left > 0) {
      const part = this.#parts[this.#part];
      assert(part !== undefined, "a message body is shorter than the sum of its parts");
      const take = Math.min(left, part.byteLength - this.#offset);
      const { front, back } = splitGaps(open, take);
      const memory = part instanceof Uint8Array ? part : part.bytes;
      if (memory !== undefined) copy(memory.subarray(this.#offset, this.#offset + take), front);
      else if (take > 0) await (part as ByteSource).readInto(front, this.#offset);
      open = back;
      left -= take;
      this.#offset += take;
      if (this.#offset === part.byteLength) {
        this.#part++;
        this.#offset = 0;
      }
    }
  }
}

/** The first `bytes` of the gaps, and what remains of them. */
function splitGaps(
  gaps: readonly Uint8Array[],
  bytes: number,
): { front: Uint8Array[]; back: Uint8Array[] } {
  const front: Uint8Array[] = [];
  const back: Uint8Array[] = [];
  let left = bytes;
  for (const gap of gaps) {
    const here = Math.min(left, gap.byteLength);
    if (here > 0) front.push(here === gap.byteLength ? gap : gap.subarray(0, here));
    if (here < gap.byteLength) back.push(here === 0 ? gap : gap.subarray(here));
    left -= here;
  }
  return { front, back };
}

function copy(bytes: Uint8Array, gaps: readonly Uint8Array[]): void {
  let at = 0;
  for (const gap of gaps) {
    gap.set(bytes.subarray(at, at + gap.byteLength));
    at += gap.byteLength;
  }
}
