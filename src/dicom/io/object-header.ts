// skeleton
import type { ByteSource } from "../../core/byte-source.ts";
import type { OutputCharacterSet, Substitution } from "../data/charset/output-character-set.ts";
import type { DataSet, Vr } from "../data/data-set.ts";
import type { FileMeta } from "./file-meta.ts";
import type { TransferSyntax } from "./transfer-syntaxes.ts";

export interface ObjectHeaderInput {
  readonly meta: FileMeta;
  readonly dataSet: DataSet;
  readonly characterSet: OutputCharacterSet;
  readonly substitutions?: Substitution[] | undefined;
  readonly pixel?: { readonly vr: "OW" | "OB"; readonly byteLength: number } | undefined;
}
export interface ObjectHeader {
  readonly meta: FileMeta;
  readonly dataSet: DataSet;
  readonly transferSyntax: TransferSyntax;
  /** Offset of the data set in the file. */
  readonly dataSetOffset: number;
  /** The encoded data set up to and with the header of Pixel Data. */
  readonly dataSetHeader: Uint8Array;
  readonly pixel: {
    readonly vr: Vr;
    readonly offset: number;
    readonly byteLength: number | null;
  } | null;
  readonly warnings: readonly string[];
}
/** Preamble, "DICM", File Meta and data set up to and with the header of Pixel Data, whose bytes follow. */
export function encodeObjectHeader(_input: ObjectHeaderInput): Uint8Array {
  throw new Error("not built yet");
}
export function readObjectHeader(
  _source: ByteSource,
  _options?: { readonly fallbackCharacterSet?: string | undefined },
): Promise<ObjectHeader> {
  throw new Error("not built yet");
}
