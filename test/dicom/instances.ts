// Small valid instances for tests of storage: a data set with what archives look at, and some pixels.

import { type ByteSource, memorySource } from "../../src/core/byte-source.ts";
import {
  openInstanceFile,
  type StorableInstance,
} from "../../src/dicom/ae/storage/instance-body.ts";
import { DataSet } from "../../src/dicom/data/data-set.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { SopClassUid, TransferSyntaxUid } from "../../src/dicom/dict/uids.ts";
import { encodeObjectHeader } from "../../src/dicom/io/object-header.ts";

export interface InstanceOptions {
  readonly sopClassUid?: string;
  readonly sopInstanceUid?: string;
  readonly studyInstanceUid?: string;
  readonly seriesInstanceUid?: string;
  readonly transferSyntaxUid?: string;
  readonly patientName?: string;
  readonly patientId?: string;
  readonly modality?: string;
  readonly rows?: number;
  readonly columns?: number;
}

let counter = 0;

/** A UID that no other call of this process gets. */
export function testUid(): string {
  return `1.2.826.0.1.3680043.9.1${process.pid}.${++counter}`;
}

export interface TestInstance extends StorableInstance {
  /** The Part 10 file. */
  readonly file: Uint8Array;
  readonly dataSet: DataSet;
  readonly transferSyntaxUid: string;
  readonly pixels: Uint8Array;
}

/** An image of `rows` × `columns` 16-bit pixels. */
export function testInstance(options: InstanceOptions = {}): TestInstance {
  const sopClassUid = options.sopClassUid ?? SopClassUid.SecondaryCaptureImageStorage;
  const sopInstanceUid = options.sopInstanceUid ?? testUid();
  const transferSyntaxUid = options.transferSyntaxUid ?? TransferSyntaxUid.ExplicitVrLittleEndian;
  const rows = options.rows ?? 8;
  const columns = options.columns ?? 8;
  const pixels = new Uint8Array(rows * columns * 2).map((_, i) => i & 0x7f);
  const dataSet = new DataSet()
    .text(Tag.SOPClassUID, "UI", sopClassUid)
    .text(Tag.SOPInstanceUID, "UI", sopInstanceUid)
    .text(Tag.StudyDate, "DA", "20260105")
    .text(Tag.StudyTime, "TM", "080000")
    .text(Tag.AccessionNumber, "SH", "A1")
    .text(Tag.Modality, "CS", options.modality ?? "OT")
    .text(Tag.ConversionType, "CS", "WSD")
    .text(Tag.ReferringPhysicianName, "PN")
    .text(Tag.PatientName, "PN", options.patientName ?? "Test^Patient")
    .text(Tag.PatientID, "LO", options.patientId ?? "P1")
    .text(Tag.PatientBirthDate, "DA", "19700101")
    .text(Tag.PatientSex, "CS", "O")
    .text(Tag.StudyInstanceUID, "UI", options.studyInstanceUid ?? testUid())
    .text(Tag.SeriesInstanceUID, "UI", options.seriesInstanceUid ?? testUid())
    .text(Tag.StudyID, "SH", "S1")
    .text(Tag.SeriesNumber, "IS", "1")
    .text(Tag.InstanceNumber, "IS", "1")
    .numbers(Tag.SamplesPerPixel, "US", 1)
    .text(Tag.PhotometricInterpretation, "CS", "MONOCHROME2")
    .numbers(Tag.Rows, "US", rows)
    .numbers(Tag.Columns, "US", columns)
    .numbers(Tag.BitsAllocated, "US", 16)
    .numbers(Tag.BitsStored, "US", 16)
    .numbers(Tag.HighBit, "US", 15)
    .numbers(Tag.PixelRepresentation, "US", 0);
  const header = encodeObjectHeader({
    meta: {
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid,
      implementationClassUid: "1.2.3.4",
    },
    dataSet,
    characterSet: "default-kanji",
    pixel: { vr: "OW", byteLength: pixels.byteLength },
  });
  const file = new Uint8Array(header.byteLength + pixels.byteLength);
  file.set(header);
  file.set(pixels, header.byteLength);
  return {
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid,
    dataSet,
    pixels,
    file,
    open: () => openInstanceFile(memorySource(file)),
  };
}

/** The same bytes as a source that can only be read, as from a disk. */
export function readOnlySource(bytes: Uint8Array): ByteSource {
  const { byteLength, readInto, close } = memorySource(bytes);
  return { byteLength, readInto, close };
}
