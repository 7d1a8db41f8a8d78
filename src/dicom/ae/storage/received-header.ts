// The head of a data set that is arriving: collected until the attributes that identify the instance
// can be read, then checked. Pixels are never looked at, only counted.

import type { DataSet } from "../../data/data-set.ts";
import { type DecodedDataSet, decodeDataSet } from "../../data/decode.ts";
import { DecodeError } from "../../data/decode-error.ts";
import { Tag } from "../../dict/attributes.ts";

/** Bytes before Pixel Data beyond which a data set is taken for garbage. */
export const HEADER_BYTES_MAX = 16 * 1024 * 1024;
const FIRST_ATTEMPT_BYTES = 8 * 1024;

/** Where the pixels lie, counted from the start of the data set; none: 0 and 0. */
export interface ReceivedPixels {
  readonly offset: number;
  readonly bytes: number;
}

export type HeaderCheck =
  | { readonly kind: "ok"; readonly dataSet: DataSet; readonly pixels: ReceivedPixels }
  /** Answered C000. */
  | { readonly kind: "unparsable"; readonly reason: string }
  /** Answered A900. */
  | { readonly kind: "mismatch"; readonly reason: string };

export class ReceivedHeader {
  readonly #explicitVr: boolean;
  readonly #fallbackCharacterSet: string | undefined;
  #head = new Uint8Array(FIRST_ATTEMPT_BYTES * 2);
  #headBytes = 0;
  #totalBytes = 0;
  #nextAttempt = FIRST_ATTEMPT_BYTES;
  #decoded: DecodedDataSet | null = null;
  #fault: string | null = null;

  constructor(explicitVr: boolean, fallbackCharacterSet?: string) {
    this.#explicitVr = explicitVr;
    this.#fallbackCharacterSet = fallbackCharacterSet;
  }

  /** Bytes of the data set so far. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  push(bytes: Uint8Array): void {
    this.#totalBytes += bytes.byteLength;
    if (this.#decoded !== null || this.#fault !== null) return;
    this.#append(bytes);
    if (this.#headBytes < this.#nextAttempt) return;
    this.#attempt(false);
    if (this.#headBytes > HEADER_BYTES_MAX)
      this.#fault ??= `no pixel data within ${HEADER_BYTES_MAX} bytes`;
    this.#nextAttempt = this.#headBytes * 2;
  }

  /** The data set is complete: is it an instance of this class with this UID? */
  check(sopClassUid: string, sopInstanceUid: string): HeaderCheck {
    if (this.#decoded === null && this.#fault === null) this.#attempt(true);
    const decoded = this.#decoded;
    if (this.#fault !== null || decoded === null)
      return { kind: "unparsable", reason: this.#fault ?? "no data set" };
    const { stoppedAt, dataSet } = decoded;
    if (stoppedAt !== null && stoppedAt.length !== null) {
      const missing = stoppedAt.valueOffset + stoppedAt.length - this.#totalBytes;
      if (missing > 0) return { kind: "unparsable", reason: `${missing} bytes are missing` };
    }
    const wrong = mismatch(dataSet, sopClassUid, sopInstanceUid);
    if (wrong !== null) return { kind: "mismatch", reason: wrong };
    if (stoppedAt?.tag !== Tag.PixelData)
      return { kind: "ok", dataSet, pixels: { offset: 0, bytes: 0 } };
    // None of the transfer syntaxes accepted compresses (PS3.5 §A.4 alone has undefined lengths).
    if (stoppedAt.length === null)
      return { kind: "unparsable", reason: "pixel data of undefined length" };
    return {
      kind: "ok",
      dataSet,
      pixels: { offset: stoppedAt.valueOffset, bytes: stoppedAt.length },
    };
  }

  #append(bytes: Uint8Array): void {
    const need = this.#headBytes + bytes.byteLength;
    if (need > this.#head.byteLength) {
      const grown = new Uint8Array(Math.max(need, this.#head.byteLength * 2));
      grown.set(this.#head.subarray(0, this.#headBytes));
      this.#head = grown;
    }
    this.#head.set(bytes, this.#headBytes);
    this.#headBytes = need;
  }

  #attempt(complete: boolean): void {
    const bytes = this.#head.subarray(0, this.#headBytes);
    try {
      const decoded = decodeDataSet(bytes, {
        explicitVr: this.#explicitVr,
        fallbackCharacterSet: this.#fallbackCharacterSet,
        stopBefore: Tag.PixelData,
      });
      // Without Pixel Data in sight the bytes may just end between two elements.
      if (decoded.stoppedAt === null && !complete) return;
      this.#decoded = decoded;
      this.#head = new Uint8Array(0);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      if (error.kind === "truncated" && !complete) return;
      this.#fault = error.message;
    }
  }
}

/** Attributes without which an instance belongs nowhere (PS3.3 §C.12.1, §C.7.2.1, §C.7.3.1). */
const IDENTIFYING = [
  [Tag.StudyInstanceUID, "Study Instance UID"],
  [Tag.SeriesInstanceUID, "Series Instance UID"],
] as const;

function mismatch(dataSet: DataSet, sopClassUid: string, sopInstanceUid: string): string | null {
  if (dataSet.string(Tag.SOPClassUID) !== sopClassUid)
    return "SOP Class UID differs from the request's";
  if (dataSet.string(Tag.SOPInstanceUID) !== sopInstanceUid)
    return "SOP Instance UID differs from the request's";
  for (const [tag, name] of IDENTIFYING)
    if (dataSet.string(tag) === undefined) return `${name} is missing`;
  return null;
}
