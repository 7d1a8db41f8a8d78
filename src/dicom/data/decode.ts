// skeleton
import type { DataSet, Tag, Vr } from "./data-set.ts";
import type { DecodeLimits } from "./decode-error.ts";

export interface DecodeOptions {
  readonly explicitVr: boolean;
  /** Defined term of the set that 8-bit text without a declared set is read as. */
  readonly fallbackCharacterSet?: string | undefined;
  readonly limits?: Partial<DecodeLimits> | undefined;
  /** Reading ends before the first element of the outermost level with this or a higher tag. */
  readonly stopBefore?: Tag | undefined;
}

export interface StoppedAt {
  readonly tag: Tag;
  readonly vr: Vr;
  readonly headerOffset: number;
  readonly valueOffset: number;
  /** Bytes; null for undefined length (encapsulated pixel data). */
  readonly length: number | null;
}

export interface DecodedDataSet {
  readonly dataSet: DataSet;
  /** Offset behind the last byte read. */
  readonly end: number;
  /** The element that `stopBefore` stopped at, or null when the data set ended before. */
  readonly stoppedAt: StoppedAt | null;
  readonly warnings: readonly string[];
}

export function decodeDataSet(_bytes: Uint8Array, _options: DecodeOptions): DecodedDataSet {
  throw new Error("not built yet");
}
