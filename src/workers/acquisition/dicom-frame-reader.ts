// Uncompressed grey DICOM images as frames to replay: CR, DX, XA, RF and whatever else has one sample
// of 8 or 16 bits (PS3.3 C.7.6.3). Intensity relationship and photometric interpretation tell what
// the values mean.

import { closeSync, openSync, statSync } from "node:fs";
import type { DataSet } from "../../dicom/data/data-set.ts";
import { Tag } from "../../dicom/dict/attributes.ts";
import { type ObjectHeader, readObjectHeader } from "../../dicom/io/object-header.ts";
import { DetectorError } from "../../hal/detector/detector.ts";
import type {
  FrameReader,
  PixelMeaning,
  SourceImage,
} from "../../hal/detector/replay/frame-source.ts";
import { readFully } from "../../hal/detector/replay/raw-frames.ts";
import { fileSource } from "../../store/file-source.ts";

const PREFIX_AT = 128;
/** "DICM" */
const PREFIX = [0x44, 0x49, 0x43, 0x4d];

export const dicomFrameReader: FrameReader = {
  claims: (path, head) =>
    !path.endsWith("DICOMDIR") &&
    (PREFIX.every((byte, i) => head[PREFIX_AT + i] === byte) || /\.dcm$/i.test(path)),
  open: openImage,
};

async function openImage(path: string): Promise<SourceImage> {
  const source = fileSource(path, 0, statSync(path).size);
  let header: ObjectHeader;
  try {
    header = await readObjectHeader(source);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DetectorError(`${path} is no readable DICOM image: ${why}`, { cause: error });
  } finally {
    await source.close();
  }
  return frames(path, header, source.byteLength);
}

function frames(path: string, header: ObjectHeader, fileBytes: number): SourceImage {
  const { dataSet, pixel } = header;
  const wrong = (what: string) => new DetectorError(`${path}: ${what}`);
  if (pixel === null) throw wrong("it holds no picture; take it out of the folder");
  if (pixel.byteLength === null || header.transferSyntax.encapsulated)
    throw wrong(
      `its picture is compressed (${header.transferSyntax.name}); decompress it first, ` +
        "for instance with dcmdjpeg, dcmdjpls or gdcmconv --raw",
    );
  const columns = dataSet.number(Tag.Columns) ?? 0;
  const rows = dataSet.number(Tag.Rows) ?? 0;
  const bitsAllocated = dataSet.number(Tag.BitsAllocated) ?? 0;
  const bitsStored = dataSet.number(Tag.BitsStored) ?? bitsAllocated;
  const count = dataSet.number(Tag.NumberOfFrames) ?? 1;
  if (columns < 1 || rows < 1 || count < 1) throw wrong("rows or columns are missing");
  if ((dataSet.number(Tag.SamplesPerPixel) ?? 1) !== 1)
    throw wrong("it is a colour picture; a panel delivers grey ones");
  if (bitsAllocated !== 8 && bitsAllocated !== 16)
    throw wrong(`${bitsAllocated} bits a pixel can't be replayed; 8 and 16 can`);
  const frameBytes = (columns * rows * bitsAllocated) / 8;
  if (pixel.offset + frameBytes * count > fileBytes || frameBytes * count > pixel.byteLength)
    throw wrong("it ends before its last frame; copy the file again");

  const shift = Math.max(0, (dataSet.number(Tag.HighBit) ?? bitsStored - 1) + 1 - bitsStored);
  const mask = 2 ** bitsStored - 1;
  // Two's complement becomes unsigned by turning the sign bit over.
  const flip = dataSet.number(Tag.PixelRepresentation) === 1 ? 2 ** (bitsStored - 1) : 0;
  const file = openSync(path, "r");
  return {
    path,
    columns,
    rows,
    frames: count,
    meaning: { ...meaningOf(dataSet), fullScale: mask },
    readFrame(frame) {
      const values = new Uint16Array(columns * rows);
      const bytes = bitsAllocated === 8 ? new Uint8Array(values.length) : null;
      readFully(
        file,
        bytes ?? new Uint8Array(values.buffer),
        pixel.offset + frame * frameBytes,
        path,
      );
      if (bytes !== null) values.set(bytes);
      for (let i = 0; i < values.length; i++)
        values[i] = (((values[i] as number) >> shift) & mask) ^ flip;
      return values;
    },
    close: () => closeSync(file),
  };
}

/**
 * PS3.3 C.8.11.3.1.2 and C.8.7.1.1.2: LIN is proportional to the beam, everything else is treated as
 * logarithmic; the sign says which way values run. Without a sign, MONOCHROME1 shows large values dark,
 * as film shows much dose, MONOCHROME2 the other way round.
 */
function meaningOf(dataSet: DataSet): PixelMeaning {
  const sign = dataSet.number(Tag.PixelIntensityRelationshipSign);
  const dark = dataSet.string(Tag.PhotometricInterpretation)?.trim() === "MONOCHROME1";
  return {
    scale:
      dataSet.string(Tag.PixelIntensityRelationship)?.trim() === "LIN" ? "linear" : "logarithmic",
    risesWithDose: sign === undefined ? dark : sign > 0,
  };
}
