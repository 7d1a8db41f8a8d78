// dcmjs as an oracle for data sets in the default repertoire: it reads what we write.

import { beforeAll, expect, test } from "bun:test";
import dcmjs from "dcmjs";
import { memorySource } from "../../../src/core/byte-source.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid, TransferSyntaxUid } from "../../../src/dicom/dict/uids.ts";
import { encodeObjectHeader, readObjectHeader } from "../../../src/dicom/io/object-header.ts";
import { plain } from "./plain.ts";

const { DicomMessage, DicomMetaDictionary } = dcmjs.data;

beforeAll(() => dcmjs.log.setLevel("error"));

const dataSet = new DataSet()
  .text(Tag.SOPClassUID, "UI", SopClassUid.SecondaryCaptureImageStorage)
  .text(Tag.SOPInstanceUID, "UI", "1.2.3")
  .text(Tag.ImageType, "CS", "DERIVED", "PRIMARY")
  .text(Tag.PatientComments, "LT", "two\r\nlines")
  .text(Tag.PixelSpacing, "DS", "0.139", "0.139")
  .text(Tag.InstanceNumber, "IS", "7")
  .numbers(Tag.Rows, "US", 512)
  .numbers(Tag.ReferencePixelX0, "SL", -3)
  .numbers(Tag.RealWorldValueSlope, "FD", 1.25)
  .sequence(
    Tag.RequestAttributesSequence,
    new DataSet().text(Tag.ScheduledProcedureStepID, "SH", "S1"),
    new DataSet().text(Tag.ScheduledProcedureStepID, "SH", "S2"),
  );

const file = (transferSyntaxUid: string) =>
  encodeObjectHeader({
    meta: {
      sopClassUid: SopClassUid.SecondaryCaptureImageStorage,
      sopInstanceUid: "1.2.3",
      transferSyntaxUid,
      implementationClassUid: "1.2.4",
    },
    dataSet,
    characterSet: "default-kanji",
  });

test.each([TransferSyntaxUid.ExplicitVrLittleEndian, TransferSyntaxUid.ImplicitVrLittleEndian])(
  "dcmjs reads what we write in %s",
  (transferSyntaxUid) => {
    const { dict } = DicomMessage.readFile(file(transferSyntaxUid).slice().buffer);
    const natural = DicomMetaDictionary.naturalizeDataset(dict);
    expect(natural).toMatchObject({
      SOPInstanceUID: "1.2.3",
      ImageType: ["DERIVED", "PRIMARY"],
      PatientComments: "two\r\nlines",
      PixelSpacing: [0.139, 0.139],
      InstanceNumber: 7,
      Rows: 512,
      ReferencePixelX0: -3,
      RealWorldValueSlope: 1.25,
      RequestAttributesSequence: [
        { ScheduledProcedureStepID: "S1" },
        { ScheduledProcedureStepID: "S2" },
      ],
    });
  },
);

test("we read what dcmjs writes", async () => {
  const bytes = file(TransferSyntaxUid.ExplicitVrLittleEndian);
  const written = DicomMessage.readFile(bytes.slice().buffer).write();
  const { dataSet: read } = await readObjectHeader(memorySource(new Uint8Array(written)));
  expect(plain(read)).toEqual(plain(dataSet));
});
