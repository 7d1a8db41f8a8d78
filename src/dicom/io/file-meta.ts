// File Meta Information (PS3.10 §7.1): preamble, prefix and group 0002, always Explicit VR Little
// Endian. What this product writes is the eight elements of its own statement; others are read past.

import { DataSet } from "../data/data-set.ts";
import { decodeDataSet } from "../data/decode.ts";
import { DecodeError } from "../data/decode-error.ts";
import { encodeDataSet } from "../data/encode.ts";
import { vrOfBytes } from "../data/vr.ts";
import { Tag } from "../dict/attributes.ts";
import { FileFormatError } from "./transfer-syntaxes.ts";

export interface FileMeta {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly implementationClassUid: string;
  readonly implementationVersionName?: string | undefined;
  readonly sourceAeTitle?: string | undefined;
}

export const PREAMBLE_BYTES = 128;
/** Preamble and "DICM". */
export const PREFIX_END = PREAMBLE_BYTES + 4;
const VERSION = new Uint8Array([0, 1]);

/** Group 0002 with its group length, without preamble. */
export function encodeFileMeta(meta: FileMeta): Uint8Array {
  const group = new DataSet()
    .set(Tag.FileMetaInformationVersion, { vr: "OB", bytes: VERSION })
    .text(Tag.MediaStorageSOPClassUID, "UI", meta.sopClassUid)
    .text(Tag.MediaStorageSOPInstanceUID, "UI", meta.sopInstanceUid)
    .text(Tag.TransferSyntaxUID, "UI", meta.transferSyntaxUid)
    .text(Tag.ImplementationClassUID, "UI", meta.implementationClassUid);
  if (meta.implementationVersionName !== undefined)
    group.text(Tag.ImplementationVersionName, "SH", meta.implementationVersionName);
  if (meta.sourceAeTitle !== undefined)
    group.text(Tag.SourceApplicationEntityTitle, "AE", meta.sourceAeTitle);
  return encodeDataSet(group, { explicitVr: true, characterSet: "default-kanji" });
}

/**
 * Reads preamble, prefix and group 0002 from the start of a file.
 * @param bytes the file or its start.
 * @returns the elements and the offset of the data set behind them.
 * @throws FileFormatError when these are not the first bytes of a DICOM file.
 * @throws DecodeError, of kind "truncated" when more bytes are needed.
 */
export function decodeFileMeta(bytes: Uint8Array): { meta: FileMeta; end: number } {
  const prefix = String.fromCharCode(...bytes.subarray(PREAMBLE_BYTES, PREFIX_END));
  if (prefix !== "DICM")
    throw new FileFormatError(
      'the file has no "DICM" behind its first 128 bytes; it is no DICOM file',
    );
  // The data set behind group 0002 may be implicit: it is kept out of the explicit decoder's sight.
  const group = decodeDataSet(bytes.subarray(PREFIX_END, endOfGroup2(bytes)), { explicitVr: true });
  const transferSyntaxUid = group.dataSet.string(Tag.TransferSyntaxUID);
  if (transferSyntaxUid === undefined)
    throw new FileFormatError("the file names no transfer syntax in (0002,0010)");
  return {
    meta: {
      sopClassUid: group.dataSet.string(Tag.MediaStorageSOPClassUID) ?? "",
      sopInstanceUid: group.dataSet.string(Tag.MediaStorageSOPInstanceUID) ?? "",
      transferSyntaxUid,
      implementationClassUid: group.dataSet.string(Tag.ImplementationClassUID) ?? "",
      implementationVersionName: group.dataSet.string(Tag.ImplementationVersionName),
      sourceAeTitle: group.dataSet.string(Tag.SourceApplicationEntityTitle),
    },
    end: PREFIX_END + group.end,
  };
}

/**
 * Offset behind the last element of group 0002, found without its group length, which may be wrong.
 * @throws DecodeError "truncated" when the bytes end before
 */
function endOfGroup2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = PREFIX_END;
  while (at + 8 <= bytes.byteLength) {
    if (view.getUint16(at, true) !== 0x0002) return at;
    const isLong = vrOfBytes(bytes[at + 4] ?? 0, bytes[at + 5] ?? 0)?.longForm ?? false;
    if (isLong && at + 12 > bytes.byteLength) break;
    at += isLong ? 12 + view.getUint32(at + 8, true) : 8 + view.getUint16(at + 6, true);
  }
  if (at === bytes.byteLength) return at;
  throw new DecodeError("truncated", 0x00020000, at, "the bytes end within File Meta");
}
