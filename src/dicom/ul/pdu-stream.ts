// The byte stream of a connection, cut into PDUs (PS3.8 §9.3). P-DATA-TF PDUs are never put
// together: the pieces of a PDV are handed out as views of the packets they came in. Other PDUs
// are short and collected, within their bounds.

import { assert } from "../../core/assert.ts";
import type { Pdv } from "./association.ts";
import { ASSOCIATE_PDU_BYTES_MAX, FIXED_PDU_BYTES_MAX, P_DATA_SLACK_BYTES } from "./limits.ts";
import { ABORT_REASON, PDU_HEADER_BYTES, PDU_TYPE, PDV_HEADER_BYTES, type Pdu } from "./pdu.ts";
import { MalformedPdu, readPdu } from "./read-pdu.ts";

export type StreamItem =
  /** Any PDU but P-DATA-TF. */
  | { readonly kind: "pdu"; readonly pdu: Pdu }
  | { readonly kind: "pdv"; readonly pdv: Pdv }
  /** A P-DATA-TF PDU longer than announced, which is read all the same; told once (C11). */
  | { readonly kind: "oversize"; readonly bytes: number }
  /** Nothing after this can be read. */
  | { readonly kind: "malformed"; readonly error: MalformedPdu };

/** Bytes in, items out; never throws. */
export class PduStream {
  /** What we announced; 0: no limit. */
  readonly #maxPduLength: number;
  #chunks: Uint8Array[] = [];
  #queuedBytes = 0;
  /** Read position in the first chunk. */
  #at = 0;
  /** Header or short PDU being collected. */
  #collected: Uint8Array[] = [];
  #collectedBytes = 0;
  #mode: "pdu-header" | "short-pdu" | "pdv-header" | "pdv-bytes" | "broken" = "pdu-header";
  #pduType = 0;
  /** Bytes of the PDU not yet read. */
  #pduLeft = 0;
  #pdvLeft = 0;
  #contextId = 0;
  #command = false;
  #last = false;
  #oversizeTold = false;

  constructor(maxPduLength: number) {
    this.#maxPduLength = maxPduLength;
  }

  /** The chunk belongs to the stream from now on. */
  push(chunk: Uint8Array): void {
    if (this.#mode === "broken" || chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.byteLength;
  }

  /** Bytes pushed and not yet read. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** A PDU has begun and not ended. */
  get insidePdu(): boolean {
    return this.#mode !== "pdu-header" || this.#collectedBytes > 0;
  }

  /** The next item, or null when more bytes are needed. */
  next(): StreamItem | null {
    for (;;) {
      switch (this.#mode) {
        case "broken":
          return null;
        case "pdu-header": {
          // the type alone tells rubbish, without waiting for a length
          const type = this.#collected[0]?.[0] ?? this.#peek();
          if (type !== undefined && (type < 1 || type > PDU_TYPE.abort))
            return this.#break(type, ABORT_REASON.unrecognizedPdu, `PDU type ${type} is unknown`);
          const header = this.#collect(PDU_HEADER_BYTES);
          if (header === null) return null;
          const item = this.#begin(header);
          if (item !== null) return item;
          break;
        }
        case "short-pdu": {
          const body = this.#collect(this.#pduLeft);
          if (body === null) return null;
          this.#mode = "pdu-header";
          try {
            return { kind: "pdu", pdu: readPdu(this.#pduType, body) };
          } catch (error) {
            assert(error instanceof MalformedPdu, `reading a PDU failed: ${String(error)}`);
            this.#drop();
            return { kind: "malformed", error };
          }
        }
        case "pdv-header": {
          const header = this.#collect(PDV_HEADER_BYTES);
          if (header === null) return null;
          const broken = this.#beginPdv(header);
          if (broken !== null) return broken;
          break;
        }
        case "pdv-bytes": {
          const bytes = this.#take(this.#pdvLeft);
          if (bytes === null) return null;
          return { kind: "pdv", pdv: this.#piece(bytes) };
        }
      }
    }
  }

  #begin(header: Uint8Array): StreamItem | null {
    const type = header[0] ?? 0;
    const length = uint32(header, 2);
    this.#pduType = type;
    this.#pduLeft = length;
    if (type === PDU_TYPE["p-data"]) return this.#beginData(length);
    const associate = type === PDU_TYPE["associate-rq"] || type === PDU_TYPE["associate-ac"];
    const max = associate ? ASSOCIATE_PDU_BYTES_MAX : FIXED_PDU_BYTES_MAX;
    if (length > max)
      return this.#break(
        type,
        ABORT_REASON.invalidPduParameterValue,
        `PDU type ${type} of ${length} bytes; at most ${max} are read`,
      );
    this.#mode = "short-pdu";
    return null;
  }

  #beginData(length: number): StreamItem | null {
    const announced = this.#maxPduLength;
    if (announced !== 0 && length > announced + P_DATA_SLACK_BYTES)
      return this.#break(
        PDU_TYPE["p-data"],
        ABORT_REASON.invalidPduParameterValue,
        `P-DATA-TF of ${length} bytes; ${announced} were announced`,
      );
    if (length < PDV_HEADER_BYTES)
      return this.#break(
        PDU_TYPE["p-data"],
        ABORT_REASON.invalidPduParameterValue,
        `P-DATA-TF of ${length} bytes holds no value`,
      );
    this.#mode = "pdv-header";
    if (announced === 0 || length <= announced || this.#oversizeTold) return null;
    this.#oversizeTold = true;
    return { kind: "oversize", bytes: length };
  }

  #beginPdv(header: Uint8Array): StreamItem | null {
    const length = uint32(header, 0);
    const control = header[5] ?? 0;
    if (length < 2 || length + 4 > this.#pduLeft)
      return this.#break(
        PDU_TYPE["p-data"],
        ABORT_REASON.invalidPduParameterValue,
        `PDV of ${length} bytes in the ${this.#pduLeft} that are left of its PDU`,
      );
    this.#pduLeft -= 4 + length;
    if (this.#pduLeft > 0 && this.#pduLeft < PDV_HEADER_BYTES)
      return this.#break(
        PDU_TYPE["p-data"],
        ABORT_REASON.invalidPduParameterValue,
        `${this.#pduLeft} bytes after the last PDV`,
      );
    this.#pdvLeft = length - 2;
    this.#contextId = header[4] ?? 0;
    this.#command = (control & 1) !== 0;
    this.#last = (control & 2) !== 0;
    this.#mode = "pdv-bytes";
    return null;
  }

  #piece(bytes: Uint8Array): Pdv {
    this.#pdvLeft -= bytes.byteLength;
    const whole = this.#pdvLeft === 0;
    if (whole) this.#mode = this.#pduLeft > 0 ? "pdv-header" : "pdu-header";
    return {
      contextId: this.#contextId,
      command: this.#command,
      last: whole && this.#last,
      bytes,
    };
  }

  #break(pduType: number, reason: number, message: string): StreamItem {
    this.#drop();
    return { kind: "malformed", error: new MalformedPdu(pduType, reason, message) };
  }

  #drop(): void {
    this.#mode = "broken";
    this.#chunks = [];
    this.#collected = [];
    this.#queuedBytes = 0;
  }

  #peek(): number | undefined {
    return this.#chunks[0]?.[this.#at];
  }

  /** Up to `max` bytes of the first chunk (none are needed for an empty piece), or null. */
  #take(max: number): Uint8Array | null {
    const chunk = this.#chunks[0];
    if (max === 0) return EMPTY;
    if (chunk === undefined) return null;
    const bytes = chunk.subarray(this.#at, this.#at + max);
    this.#at += bytes.byteLength;
    this.#queuedBytes -= bytes.byteLength;
    if (this.#at === chunk.byteLength) {
      this.#chunks.shift();
      this.#at = 0;
    }
    return bytes;
  }

  /** Exactly `count` bytes once they are there, else null. Grows with what came, not with `count`. */
  #collect(count: number): Uint8Array | null {
    while (this.#collectedBytes < count) {
      const bytes = this.#take(count - this.#collectedBytes);
      if (bytes === null) return null;
      this.#collected.push(bytes);
      this.#collectedBytes += bytes.byteLength;
      if (this.#collected.length > PIECES_MAX) this.#collected = [joined(this.#collected)];
    }
    const whole = joined(this.#collected);
    this.#collected = [];
    this.#collectedBytes = 0;
    return whole;
  }
}

const EMPTY = new Uint8Array(0);
/** A PDU that comes byte by byte is put together now and then, so that views don't pile up. */
const PIECES_MAX = 256;

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first === undefined) return EMPTY;
  if (pieces.length === 1) return first;
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

function uint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)) >>>
    0
  );
}
