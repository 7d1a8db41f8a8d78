// Images to put on films: a made-up hand-sized phantom with edges, fine bars and a ramp, as an object
// that DCMTK reads too.

import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid, TransferSyntaxUid } from "../../../src/dicom/dict/uids.ts";
import { encodeObjectHeader } from "../../../src/dicom/io/object-header.ts";
import type { ObjectWrite } from "../../../src/store/object-writer.ts";
import { CREATOR_UID, rowsOf } from "../../store/objects.ts";

export interface ImageOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly bitsStored?: number;
  readonly photometric?: "MONOCHROME1" | "MONOCHROME2" | "RGB";
  readonly window?: readonly [center: number, width: number] | undefined;
  /** Imager Pixel Spacing, mm. */
  readonly spacingMm?: number | undefined;
  readonly frames?: number;
  readonly name?: string;
  /** More elements. */
  readonly more?: (dataSet: DataSet) => void;
}

/** Values of a phantom of `bits`: the same figure at every size. */
export function phantom(columns: number, rows: number, bits: number, seed = 0): Uint16Array {
  const top = 2 ** bits - 1;
  const pixels = new Uint16Array(columns * rows);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const x = c / columns;
      const y = r / rows;
      const d = Math.hypot(x - 0.5, (y - 0.45) * 1.1);
      // A body with a ramp across, a bright disc, a dark one, and bars that get finer.
      let value = 0.12 + 0.1 * y;
      if (d < 0.42) value = 0.35 + 0.35 * x + 0.12 * Math.cos(d * 14);
      if (Math.hypot(x - 0.36, y - 0.4) < 0.1) value = 0.9;
      if (Math.hypot(x - 0.66, y - 0.52) < 0.08) value = 0.18;
      if (y > 0.86 && y < 0.93) value = 0.5 + 0.4 * Math.sign(Math.sin(40 * (x + 0.2) ** 2 * 3));
      // The lead letter in a corner tells sides and turns.
      if (x > 0.06 && x < 0.09 && y > 0.06 && y < 0.2) value = 1;
      if (x > 0.06 && x < 0.16 && y > 0.17 && y < 0.2) value = 1;
      pixels[r * columns + c] = Math.min(top, Math.max(0, Math.round(value * top + seed)));
    }
  return pixels;
}

export function imageObject(sop: string, options: ImageOptions = {}): ObjectWrite {
  const columns = options.columns ?? 300;
  const rows = options.rows ?? 360;
  const bitsStored = options.bitsStored ?? 14;
  const photometric = options.photometric ?? "MONOCHROME2";
  const frames = options.frames ?? 1;
  const colour = photometric === "RGB";
  const bits = colour ? 8 : 16;
  const one = phantom(columns, rows, colour ? 8 : bitsStored);
  const bytes = colour
    ? Uint8Array.from({ length: columns * rows * 3 }, (_, i) => {
        const value = one[Math.floor(i / 3)] ?? 0;
        return i % 3 === 0 ? value : i % 3 === 1 ? 255 - value : value >> 1;
      })
    : new Uint8Array(columns * rows * 2 * frames);
  if (!colour)
    for (let f = 0; f < frames; f++)
      bytes.set(
        new Uint8Array(phantom(columns, rows, bitsStored, f * 100).buffer),
        f * columns * rows * 2,
      );
  const base = rowsOf(sop, { frames });
  const instance = { ...base.instance, columns, rows };
  const dataSet = new DataSet()
    .text(Tag.SOPClassUID, "UI", SopClassUid.DigitalXRayImageStorageForPresentation)
    .text(Tag.SOPInstanceUID, "UI", sop)
    .text(Tag.StudyDate, "DA", "20260105")
    .text(Tag.AcquisitionDate, "DA", "20260105")
    .text(Tag.StudyTime, "TM", "093000")
    .text(Tag.AcquisitionTime, "TM", "093012.5")
    .text(Tag.Modality, "CS", "DX")
    .text(Tag.InstitutionName, "LO", "City Hospital")
    .text(Tag.StudyDescription, "LO", "Hand & wrist")
    .text(Tag.PatientName, "PN", options.name ?? "Doe^Jane")
    .text(Tag.PatientID, "LO", "P-0815")
    .text(Tag.PatientBirthDate, "DA", "19711102")
    .text(Tag.PatientSex, "CS", "F")
    .text(Tag.StudyInstanceUID, "UI", "1.2.3")
    .text(Tag.SeriesInstanceUID, "UI", "1.2.3.1")
    .text(Tag.ViewPosition, "CS", "PA")
    .text(Tag.ImageLaterality, "CS", "R")
    .text(Tag.InstanceNumber, "IS", "1")
    .numbers(Tag.SamplesPerPixel, "US", colour ? 3 : 1)
    .text(Tag.PhotometricInterpretation, "CS", photometric)
    .numbers(Tag.Rows, "US", rows)
    .numbers(Tag.Columns, "US", columns)
    .numbers(Tag.BitsAllocated, "US", bits)
    .numbers(Tag.BitsStored, "US", colour ? 8 : bitsStored)
    .numbers(Tag.HighBit, "US", (colour ? 8 : bitsStored) - 1)
    .numbers(Tag.PixelRepresentation, "US", 0);
  if (colour) dataSet.numbers(Tag.PlanarConfiguration, "US", 0);
  if (frames > 1) dataSet.text(Tag.NumberOfFrames, "IS", String(frames));
  if (options.window !== undefined)
    dataSet
      .text(Tag.WindowCenter, "DS", String(options.window[0]))
      .text(Tag.WindowWidth, "DS", String(options.window[1]));
  if (options.spacingMm !== undefined)
    dataSet.text(
      Tag.ImagerPixelSpacing,
      "DS",
      String(options.spacingMm),
      String(options.spacingMm),
    );
  options.more?.(dataSet);
  const header = encodeObjectHeader({
    meta: {
      sopClassUid: instance.sopClassUid,
      sopInstanceUid: sop,
      transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
      implementationClassUid: CREATOR_UID,
    },
    dataSet,
    characterSet: "default-kanji",
    pixel: { vr: "OW", byteLength: bytes.byteLength },
  });
  return { ...base, instance, header, pixels: { kind: "bytes", bytes } };
}

/** The object as a file. */
export function fileOf(object: ObjectWrite): Uint8Array {
  const bytes = object.pixels.kind === "bytes" ? object.pixels.bytes : new Uint8Array();
  const whole = new Uint8Array(object.header.byteLength + bytes.byteLength);
  whole.set(object.header);
  whole.set(bytes, object.header.byteLength);
  return whole;
}

/** Peak signal to noise ratio of two 8-bit pictures, dB; infinite where they are the same. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} and ${b.length} pixels`);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.length));
}

/** The greatest difference of two pictures. */
export function worst(a: Uint8Array, b: Uint8Array): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs((a[i] ?? 0) - (b[i] ?? 0)));
  return most;
}
