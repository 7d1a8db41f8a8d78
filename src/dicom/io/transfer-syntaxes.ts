// The transfer syntaxes (PS3.5 annex A) and what this product can do with each: read the data set or
// carry it on unread.

import { TransferSyntaxUid } from "../dict/uids.ts";

export interface TransferSyntax {
  readonly uid: string;
  readonly name: string;
  readonly explicitVr: boolean;
  /** Whether pixel data come in fragments (PS3.5 §A.4). */
  readonly encapsulated: boolean;
  /** Whether data sets in it are read and written; otherwise the reason. */
  readonly unsupported?: string | undefined;
}

const row = (
  uid: string,
  name: string,
  explicitVr: boolean,
  encapsulated: boolean,
  unsupported?: string,
): TransferSyntax => ({ uid, name, explicitVr, encapsulated, unsupported });

const BIG_ENDIAN =
  "big endian data sets are retired and not read; ask the sender for little endian";
const DEFLATED = "deflated data sets are not read; ask the sender for an uncompressed data set";
const T = TransferSyntaxUid;

// biome-ignore format: one row a line
export const TRANSFER_SYNTAXES: readonly TransferSyntax[] = [
  //  uid                               name                                       explicit encapsulated
  row(T.ImplicitVrLittleEndian,         "Implicit VR Little Endian",               false,   false),
  row(T.ExplicitVrLittleEndian,         "Explicit VR Little Endian",               true,    false),
  row(T.DeflatedExplicitVrLittleEndian, "Deflated Explicit VR Little Endian",      true,    false, DEFLATED),
  row(T.ExplicitVrBigEndian,            "Explicit VR Big Endian",                  true,    false, BIG_ENDIAN),
  row(T.JpegBaseline8Bit,               "JPEG Baseline (Process 1)",               true,    true),
  row(T.JpegExtended12Bit,              "JPEG Extended (Process 2 & 4)",           true,    true),
  row(T.JpegLossless,                   "JPEG Lossless (Process 14)",              true,    true),
  row(T.JpegLosslessSv1,                "JPEG Lossless (Process 14, SV1)",         true,    true),
  row(T.JpegLsLossless,                 "JPEG-LS Lossless",                        true,    true),
  row(T.JpegLsNearLossless,             "JPEG-LS Near-lossless",                   true,    true),
  row(T.Jpeg2000Lossless,               "JPEG 2000 Lossless",                      true,    true),
  row(T.Jpeg2000,                       "JPEG 2000",                               true,    true),
  row(T.RleLossless,                    "RLE Lossless",                            true,    true),
];

const byUid = new Map(TRANSFER_SYNTAXES.map((syntax) => [syntax.uid, syntax]));

/** A file or data set that is not in a form this product reads; the message says what to do. */
export class FileFormatError extends Error {
  override readonly name = "FileFormatError";
}

/** The row of a UID; undefined when the table has none. */
export function transferSyntaxOf(uid: string): TransferSyntax | undefined {
  return byUid.get(uid);
}

/** @throws FileFormatError when data sets of this transfer syntax are not read. */
export function readableTransferSyntax(uid: string): TransferSyntax {
  const syntax = byUid.get(uid);
  if (syntax === undefined)
    throw new FileFormatError(
      `transfer syntax ${uid} is not known; ask for Explicit VR Little Endian`,
    );
  if (syntax.unsupported !== undefined)
    throw new FileFormatError(`${syntax.name}: ${syntax.unsupported}`);
  return syntax;
}
