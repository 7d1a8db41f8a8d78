// The bytes of an exported file: new File Meta Information (Table 5.2-2), then the data set as it was
// stored. Only an implicit data set is given explicit headers; values are never touched.

import type { ByteSource } from "../core/byte-source.ts";
import { DecodeError } from "../dicom/data/decode-error.ts";
import {
  decodeFileMeta,
  encodeFileMeta,
  PREAMBLE_BYTES,
  PREFIX_END,
} from "../dicom/io/file-meta.ts";
import { readObjectHeader } from "../dicom/io/object-header.ts";
import { recodeHeader } from "../dicom/io/recode-header.ts";
import { FileFormatError, readableTransferSyntax } from "../dicom/io/transfer-syntaxes.ts";
import type { ExportObject } from "./export-object.ts";
import { exportedMeta, type MediaIdentity } from "./media-profiles.ts";
import { SourceError, type SourceFile } from "./source-files.ts";

/** What a file on the medium is made of: `prefix`, then the source's bytes from `from` to its end. */
export interface ExportedFile {
  readonly prefix: Uint8Array;
  readonly from: number;
  readonly byteLength: number;
}

const META_READ_BYTES = 4 * 1024;
const META_READ_BYTES_MAX = 1024 * 1024;

/** @throws SourceError when the object cannot be exported */
export async function exportedFile(
  source: SourceFile,
  object: ExportObject,
  identity: MediaIdentity,
): Promise<ExportedFile> {
  try {
    const { transferSyntaxUid, end } = readMeta(source);
    const syntax = readableTransferSyntax(transferSyntaxUid);
    if (syntax.encapsulated)
      throw new SourceError(
        `${object.sopInstanceUid} is compressed (${syntax.name}); only uncompressed objects are exported`,
      );
    const meta = encodeFileMeta(exportedMeta(object, identity));
    if (syntax.explicitVr) return assembled(meta, new Uint8Array(0), end, source.byteLength);
    const header = await readObjectHeader(byteSource(source));
    const recoded = recodeHeader(header.dataSetHeader, syntax, { explicitVr: true });
    return assembled(meta, recoded, header.pixel?.offset ?? source.byteLength, source.byteLength);
  } catch (cause) {
    if (!(cause instanceof FileFormatError) && !(cause instanceof DecodeError)) throw cause;
    throw new SourceError(`${object.sopInstanceUid} cannot be exported: ${cause.message}`, {
      cause,
    });
  }
}

/** The source's bytes, for readers of headers. */
export function byteSource(source: SourceFile): ByteSource {
  return {
    byteLength: source.byteLength,
    async readInto(into, offset) {
      let at = offset;
      for (const view of into) {
        source.read(view, at);
        at += view.byteLength;
      }
    },
    async close() {},
  };
}

function readMeta(source: SourceFile): { transferSyntaxUid: string; end: number } {
  for (let wanted = META_READ_BYTES; ; wanted *= 8) {
    const bytes = new Uint8Array(Math.min(wanted, source.byteLength));
    source.read(bytes, 0);
    try {
      const { meta, end } = decodeFileMeta(bytes);
      return { transferSyntaxUid: meta.transferSyntaxUid, end };
    } catch (error) {
      const more = wanted < META_READ_BYTES_MAX && bytes.byteLength < source.byteLength;
      if (!more || !(error instanceof DecodeError) || error.kind !== "truncated") throw error;
    }
  }
}

function assembled(
  meta: Uint8Array,
  header: Uint8Array,
  from: number,
  sourceBytes: number,
): ExportedFile {
  const prefix = new Uint8Array(PREFIX_END + meta.byteLength + header.byteLength);
  prefix.set(new TextEncoder().encode("DICM"), PREAMBLE_BYTES);
  prefix.set(meta, PREFIX_END);
  prefix.set(header, PREFIX_END + meta.byteLength);
  return { prefix, from, byteLength: prefix.byteLength + sourceBytes - from };
}

/** Bytes of an object's file on a medium at most, for the check of the space before anything is read. */
export function exportedBytesMax({ fileBytes }: Pick<ExportObject, "fileBytes">): number {
  return fileBytes + 4096 + (fileBytes < 1024 * 1024 ? fileBytes : 1024 * 1024);
}
