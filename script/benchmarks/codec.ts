// The data-set codec: header of a radiograph encoded and decoded, worklist answers decoded, beside
// dcmjs on the same data set in the same run.

import dcmjs from "dcmjs";
import { DataSet } from "../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../src/dicom/data/encode.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { attributeOf } from "../../src/dicom/dict/dictionary.ts";
import { SopClassUid, TransferSyntaxUid } from "../../src/dicom/dict/uids.ts";
import { encodeObjectHeader } from "../../src/dicom/io/object-header.ts";
import { recodeHeader } from "../../src/dicom/io/recode-header.ts";
import { type BenchTable, median } from "./table.ts";

const RUNS = 400;
const WARM_UP_RUNS = 200;
const ANSWERS = 1000;
const ELEMENTS = 100;
const PIXEL_BYTES = 2688 * 2688 * 2;

const name = "YAMADA^TARO=山田^太郎=やまだ^たろう";
const code = (value: string, meaning: string) =>
  new DataSet()
    .text(Tag.CodeValue, "SH", value)
    .text(Tag.CodingSchemeDesignator, "SH", "SRT")
    .text(Tag.CodeMeaning, "LO", meaning);

/** A data set of about `count` elements, with names in Kanji and a few sequences. */
function radiograph(count: number): DataSet {
  const dataSet = new DataSet()
    .text(Tag.SOPClassUID, "UI", SopClassUid.DigitalXRayImageStorageForPresentation)
    .text(Tag.SOPInstanceUID, "UI", "1.2.392.200036.9116.32.1.1.4711.20260105080000.000001")
    .text(Tag.PatientName, "PN", name)
    .text(Tag.InstitutionName, "LO", "中央病院")
    .sequence(Tag.ViewCodeSequence, code("R-10206", "antero-posterior"))
    .sequence(Tag.AnatomicRegionSequence, code("T-D3000", "Chest"));
  for (const tag of Object.values(Tag)) {
    const attribute = attributeOf(tag);
    const isSimple = tag > 0x00080020 && attribute?.vrs.length === 1 && attribute.vm === "1";
    if (!isSimple || dataSet.has(tag) || (tag >>> 16) % 2 === 1) continue;
    if (dataSet.size >= count) break;
    if (attribute.vr === "DS") dataSet.text(tag, "DS", "12.345");
    else if (attribute.vr === "LO") dataSet.text(tag, "LO", "some text of usual length");
    else if (attribute.vr === "CS") dataSet.text(tag, "CS", "ORIGINAL");
    else if (attribute.vr === "DA") dataSet.text(tag, "DA", "20260105");
    else if (attribute.vr === "UI") dataSet.text(tag, "UI", "1.2.392.200036.9116.32.1.1");
    else if (attribute.vr === "US") dataSet.numbers(tag, "US", 2688);
  }
  return dataSet;
}

/** Attributes of a worklist answer with its one scheduled step. */
function worklistAnswer(): DataSet {
  return new DataSet()
    .text(Tag.AccessionNumber, "SH", "A12345")
    .text(Tag.ReferringPhysicianName, "PN", "SUZUKI^HANAKO")
    .text(Tag.PatientName, "PN", name)
    .text(Tag.PatientID, "LO", "0000123456")
    .text(Tag.PatientBirthDate, "DA", "19600229")
    .text(Tag.PatientSex, "CS", "M")
    .text(Tag.StudyInstanceUID, "UI", "1.2.392.200036.9116.32.1.1.4711")
    .text(Tag.RequestedProcedureID, "SH", "RP1")
    .text(Tag.RequestedProcedureDescription, "LO", "胸部")
    .sequence(
      Tag.ScheduledProcedureStepSequence,
      new DataSet()
        .text(Tag.Modality, "CS", "DX")
        .text(Tag.ScheduledStationAETitle, "AE", "UDR10A")
        .text(Tag.ScheduledProcedureStepStartDate, "DA", "20260105")
        .text(Tag.ScheduledProcedureStepStartTime, "TM", "0830")
        .text(Tag.ScheduledProcedureStepDescription, "LO", "胸部正面")
        .sequence(Tag.ScheduledProtocolCodeSequence, code("P1", "Chest PA"))
        .text(Tag.ScheduledProcedureStepID, "SH", "S1"),
    );
}

/** Median and 99th percentile of `work` in milliseconds, as text. */
function timed(work: () => unknown): { median: number; p99: number } {
  for (let i = 0; i < WARM_UP_RUNS; i++) work();
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const startMs = performance.now();
    work();
    times.push(performance.now() - startMs);
  }
  const sorted = [...times].sort((a, b) => a - b);
  return { median: median(times), p99: sorted[Math.floor(RUNS * 0.99)] ?? Number.NaN };
}

export async function run(): Promise<BenchTable> {
  dcmjs.log.setLevel("error");
  const dataSet = radiograph(ELEMENTS);
  const file = (pixel: boolean, characterSet: "default-kanji" | "ISO_IR 192") =>
    encodeObjectHeader({
      meta: {
        sopClassUid: SopClassUid.DigitalXRayImageStorageForPresentation,
        sopInstanceUid: "1.2.3",
        transferSyntaxUid: TransferSyntaxUid.ExplicitVrLittleEndian,
        implementationClassUid: "1.2.4",
      },
      dataSet,
      characterSet,
      pixel: pixel ? { vr: "OW", byteLength: PIXEL_BYTES } : undefined,
    });
  const explicit = encodeDataSet(dataSet, { explicitVr: true, characterSet: "default-kanji" });
  // dcmjs throws on code extension, so it gets the same data set in UTF-8.
  const utf8File = file(false, "ISO_IR 192").slice().buffer;
  const dicomDict = dcmjs.data.DicomMessage.readFile(utf8File);
  const answers = Array.from({ length: ANSWERS }, () =>
    encodeDataSet(worklistAnswer(), { explicitVr: false, characterSet: "default-kanji" }),
  );
  const cases: readonly (readonly [string, () => unknown])[] = [
    ["encode object header, Kanji", () => file(true, "default-kanji")],
    ["encode object header, UTF-8", () => file(true, "ISO_IR 192")],
    ["dcmjs: write, UTF-8, no pixels", () => dicomDict.write()],
    ["decode header, Kanji", () => decodeDataSet(explicit, { explicitVr: true })],
    ["dcmjs: read, UTF-8, no pixels", () => dcmjs.data.DicomMessage.readFile(utf8File)],
    [
      "recode header to implicit VR",
      () => recodeHeader(explicit, { explicitVr: true }, { explicitVr: false }),
    ],
    [
      `decode ${ANSWERS} worklist answers, Kanji`,
      () => answers.map((bytes) => decodeDataSet(bytes, { explicitVr: false })),
    ],
  ];
  return {
    title: "Data-set codec",
    note: `\`script/bench codec\`: ${dataSet.size} elements, ${explicit.byteLength} bytes, ${RUNS} runs after ${WARM_UP_RUNS} to warm up, one thread. Goal: header encoded in ≤ 0.3 ms (median).`,
    columns: ["what", "median ms", "p99 ms"],
    rows: cases.map(([what, work]) => {
      const result = timed(work);
      return [what, result.median.toFixed(3), result.p99.toFixed(3)];
    }),
  };
}
