// What is sent of one instance: its encoded data set up to the pixels, and the pixels by reference.
// Recoding to another transfer syntax touches the header only.

import type { ByteSource } from "../../../core/byte-source.ts";
import { TransferSyntaxUid } from "../../dict/uids.ts";
import type { Body } from "../../dimse/message.ts";
import { readObjectHeader } from "../../io/object-header.ts";
import { recodeHeader } from "../../io/recode-header.ts";

/** Elements behind the pixels (padding, signatures) longer than this are not sent. */
const TRAILING_BYTES_MAX = 1024 * 1024;

export interface InstanceBody {
  readonly transferSyntaxUid: string;
  /** The data set up to and with the header of Pixel Data; all of it where there are no pixels. */
  readonly header: Uint8Array;
  /** What follows: the pixels, wherever they are. */
  readonly pixels: ByteSource | null;
  /** Encoded elements after the pixels; of received objects only. */
  readonly trailing?: Uint8Array | undefined;
  close(): Promise<void>;
}

/** An instance of a job: what is known from the database, and a way to its bytes. */
export interface StorableInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  open(): Promise<InstanceBody>;
}

/**
 * The body of a Part 10 file; closing it closes the file.
 * @throws FileFormatError, DecodeError, Error of the source when the file cannot be read
 */
export async function openInstanceFile(file: ByteSource): Promise<InstanceBody> {
  const { dataSetHeader, pixel, transferSyntax } = await readObjectHeader(file);
  const common = {
    transferSyntaxUid: transferSyntax.uid,
    header: dataSetHeader,
    close: () => file.close(),
  };
  if (pixel === null) return { ...common, pixels: null };
  const end = pixel.byteLength === null ? file.byteLength : pixel.offset + pixel.byteLength;
  const pixels = range(file, pixel.offset, end - pixel.offset);
  const trailingBytes = file.byteLength - end;
  if (trailingBytes === 0) return { ...common, pixels };
  if (trailingBytes > TRAILING_BYTES_MAX)
    throw new RangeError(`${trailingBytes} bytes follow the pixel data; the file is damaged`);
  const trailing = new Uint8Array(trailingBytes);
  await file.readInto([trailing], end);
  return { ...common, pixels, trailing };
}

/** The body in the accepted transfer syntax, or null where it cannot be brought into it. */
export function bodyIn(body: InstanceBody, transferSyntaxUid: string): Body | null {
  const from = explicitOf(body.transferSyntaxUid);
  const to = explicitOf(transferSyntaxUid);
  const same = body.transferSyntaxUid === transferSyntaxUid;
  if (!same && (from === null || to === null)) return null;
  const recode = (bytes: Uint8Array) =>
    same || from === null || to === null
      ? bytes
      : recodeHeader(bytes, { explicitVr: from }, { explicitVr: to });
  const parts: (Uint8Array | ByteSource)[] = [recode(body.header)];
  if (body.pixels !== null) parts.push(body.pixels);
  if (body.trailing !== undefined) parts.push(recode(body.trailing));
  return parts;
}

/** Whether an uncompressed little endian syntax is explicit; null for every other. */
function explicitOf(transferSyntaxUid: string): boolean | null {
  if (transferSyntaxUid === TransferSyntaxUid.ExplicitVrLittleEndian) return true;
  if (transferSyntaxUid === TransferSyntaxUid.ImplicitVrLittleEndian) return false;
  return null;
}

/** A part of a source; closing it leaves the source open. */
function range(source: ByteSource, start: number, byteLength: number): ByteSource {
  return {
    byteLength,
    bytes: source.bytes?.subarray(start, start + byteLength),
    readInto: (into, offset) => source.readInto(into, start + offset),
    close: async () => {},
  };
}
