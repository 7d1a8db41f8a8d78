// A stored object is a header and pixel bytes (PS3.10 §7). The header — preamble, File Meta and the
// data set up to and with the element header of Pixel Data — is encoded and read here; the pixel
// bytes behind it are never touched, they travel as a reference.

import type { ByteSource } from "../../core/byte-source.ts";
import type { OutputCharacterSet, Substitution } from "../data/charset/output-character-set.ts";
import type { DataSet, Vr } from "../data/data-set.ts";
import { type DecodedDataSet, decodeDataSet } from "../data/decode.ts";
import { DecodeError } from "../data/decode-error.ts";
import { encodeDataSet } from "../data/encode.ts";
import { Tag } from "../dict/attributes.ts";
import {
  decodeFileMeta,
  encodeFileMeta,
  type FileMeta,
  PREAMBLE_BYTES,
  PREFIX_END,
} from "./file-meta.ts";
import { readableTransferSyntax, type TransferSyntax } from "./transfer-syntaxes.ts";

export interface ObjectHeaderInput {
  /** The transfer syntax named here is the one written. */
  readonly meta: FileMeta;
  /** Without Pixel Data and without any element behind it. */
  readonly dataSet: DataSet;
  readonly characterSet: OutputCharacterSet;
  /** Receives each character that was written as another one. */
  readonly substitutions?: Substitution[] | undefined;
  /** Native pixel data that follow: even length. */
  readonly pixel?: { readonly vr: "OW" | "OB"; readonly byteLength: number } | undefined;
}

export interface ObjectHeader {
  readonly meta: FileMeta;
  /** Everything in front of Pixel Data; of an object without, everything. */
  readonly dataSet: DataSet;
  readonly transferSyntax: TransferSyntax;
  /** Byte offset of the data set in the file. */
  readonly dataSetOffset: number;
  /** The data set as it stands in the file, up to and with the header of Pixel Data. */
  readonly dataSetHeader: Uint8Array;
  readonly pixel: PixelReference | null;
  readonly warnings: readonly string[];
}

export interface PixelReference {
  readonly vr: Vr;
  /** Byte offset of the value in the file. */
  readonly offset: number;
  /** null: undefined length, fragments follow (encapsulated). */
  readonly byteLength: number | null;
}

/** Read at once in the hope that it holds the header. */
const READ_STEP_BYTES = 64 * 1024;
/** A header beyond this is none. */
export const HEADER_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Preamble, "DICM", File Meta, data set and the header of Pixel Data; the object is this and the
 * pixel bytes behind it.
 * @throws FileFormatError for a transfer syntax that is not written; EncodeError
 */
export function encodeObjectHeader(input: ObjectHeaderInput): Uint8Array {
  const { pixel, dataSet, characterSet, substitutions } = input;
  const { explicitVr } = readableTransferSyntax(input.meta.transferSyntaxUid);
  const meta = encodeFileMeta(input.meta);
  const body = encodeDataSet(dataSet, {
    explicitVr,
    characterSet,
    substitutions,
    trailing: pixel && { tag: Tag.PixelData, ...pixel },
  });
  const bytes = new Uint8Array(PREFIX_END + meta.byteLength + body.byteLength);
  bytes.set([0x44, 0x49, 0x43, 0x4d], PREAMBLE_BYTES); // "DICM"
  bytes.set(meta, PREFIX_END);
  bytes.set(body, PREFIX_END + meta.byteLength);
  return bytes;
}

/**
 * Reads as much of a file as its header takes, never the pixel data.
 * @throws FileFormatError when it is no DICOM file or its transfer syntax is not read; DecodeError
 */
export async function readObjectHeader(
  source: ByteSource,
  options: { readonly fallbackCharacterSet?: string | undefined } = {},
): Promise<ObjectHeader> {
  let wanted = Math.min(READ_STEP_BYTES, source.byteLength);
  for (;;) {
    const bytes = await firstBytes(source, wanted);
    const isAll = wanted === source.byteLength;
    const header = tryHeader(bytes, isAll, options.fallbackCharacterSet);
    if (header !== null) return header;
    if (wanted >= HEADER_BYTES_MAX)
      throw new DecodeError("limit", Tag.PixelData, wanted, `no Pixel Data in ${wanted} bytes`);
    wanted = Math.min(wanted * 2, source.byteLength, HEADER_BYTES_MAX);
  }
}

async function firstBytes(source: ByteSource, count: number): Promise<Uint8Array> {
  if (source.bytes !== undefined) return source.bytes.subarray(0, count);
  const bytes = new Uint8Array(count);
  await source.readInto([bytes], 0);
  return bytes;
}

/** Null when more bytes are needed. */
function tryHeader(
  bytes: Uint8Array,
  isAll: boolean,
  fallbackCharacterSet: string | undefined,
): ObjectHeader | null {
  try {
    const { meta, end } = decodeFileMeta(bytes);
    const transferSyntax = readableTransferSyntax(meta.transferSyntaxUid);
    const body = bytes.subarray(end);
    const decoded = decodeDataSet(body, {
      explicitVr: transferSyntax.explicitVr,
      fallbackCharacterSet,
      stopBefore: Tag.PixelData,
    });
    if (decoded.stoppedAt === null && !isAll) return null;
    return headerOf(meta, transferSyntax, end, body, decoded);
  } catch (error) {
    if (!isAll && error instanceof DecodeError && error.kind === "truncated") return null;
    throw error;
  }
}

function headerOf(
  meta: FileMeta,
  transferSyntax: TransferSyntax,
  dataSetOffset: number,
  body: Uint8Array,
  decoded: DecodedDataSet,
): ObjectHeader {
  const { dataSet, stoppedAt, warnings } = decoded;
  // What stands behind the place of Pixel Data without Pixel Data is no part of an image's header.
  const isPixel = stoppedAt?.tag === Tag.PixelData;
  const headerEnd = isPixel ? stoppedAt.valueOffset : decoded.end;
  return {
    meta,
    dataSet,
    transferSyntax,
    dataSetOffset,
    dataSetHeader: body.subarray(0, headerEnd),
    pixel: isPixel
      ? {
          vr: stoppedAt.vr,
          offset: dataSetOffset + stoppedAt.valueOffset,
          byteLength: stoppedAt.length,
        }
      : null,
    warnings,
  };
}
