// Answers of worklist servers, proper and otherwise, to our record: every key of Table 4.2-30 that comes
// back is kept, and nothing a scheduler sends is an error.

import { describe, expect, test } from "bun:test";
import { rowPath } from "../../../src/dicom/ae/attribute-rows.ts";
import { WORKLIST_KEYS } from "../../../src/dicom/ae/worklist/keys.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import {
  itemsFromAnswer,
  type ReceivedItem,
} from "../../../src/services/worklist/item-from-answer.ts";
import { row } from "../../coverage.ts";
import { answerOf } from "./scheduler.ts";

const WANTED = { modality: "RF", scheduledStationAeTitle: "UDR10A" };

/** The one item of an answer after the way over the wire. */
function itemOf(answer: DataSet): ReceivedItem {
  const bytes = encodeDataSet(answer, { explicitVr: false, characterSet: "ISO_IR 192" });
  const [item, ...more] = itemsFromAnswer(
    decodeDataSet(bytes, { explicitVr: false }).dataSet,
    WANTED,
  );
  if (item === undefined || more.length > 0) throw new Error("one item");
  return item;
}

const code = (value: string) =>
  new DataSet()
    .text(Tag.CodeValue, "SH", value)
    .text(Tag.CodingSchemeDesignator, "SH", "99X")
    .text(Tag.CodingSchemeVersion, "SH", "2")
    .text(Tag.CodeMeaning, "LO", `Meaning of ${value}`);

const full = itemOf(
  answerOf({
    name: "Yamada^Tarou=山田^太郎",
    step: (step) =>
      step
        .text(Tag.ScheduledPerformingPhysicianName, "PN", "Suzuki^Hanako")
        .sequence(Tag.ScheduledProtocolCodeSequence, code("P1"), code("P2"))
        .text(Tag.ScheduledStationName, "SH", "ROOM-1"),
    more: (answer) =>
      answer
        .sequence(
          Tag.ReferencedStudySequence,
          new DataSet()
            .text(Tag.ReferencedSOPClassUID, "UI", "1.2.840.10008.3.1.2.3.1")
            .text(Tag.ReferencedSOPInstanceUID, "UI", "1.2.3.99"),
        )
        .text(Tag.ReferringPhysicianName, "PN", "Sato^Jiro")
        .text(Tag.PatientBirthDate, "DA", "19700131")
        .text(Tag.PatientSex, "CS", "F")
        .text(Tag.PatientComments, "LT", "Line one\r\nline two")
        .text(Tag.MedicalAlerts, "LO", "Pacemaker", "Diabetes")
        .text(Tag.Allergies, "LO", "Iodine", "Latex")
        .numbers(Tag.PregnancyStatus, "US", 4)
        .text(Tag.SpecialNeeds, "LO", "Wheelchair")
        .text(Tag.RequestingPhysician, "PN", "Ito^Keiko")
        .text(Tag.RequestingService, "LO", "Surgery")
        .text(Tag.PlacerOrderNumberImagingServiceRequest, "LO", "PL1")
        .text(Tag.FillerOrderNumberImagingServiceRequest, "LO", "FI1")
        .sequence(Tag.RequestedProcedureCodeSequence, code("R1")),
  }),
);

const KEPT: Readonly<Record<string, (item: ReceivedItem) => unknown>> = {
  "00400100": (i) => i.scheduledProcedureStepId !== "" && "a step",
  "00400100>00080060": (i) => i.modality,
  "00400100>00400001": (i) => i.scheduledStationAeTitle,
  "00400100>00400002": (i) => i.scheduledDate,
  "00400100>00400003": (i) => i.scheduledTime,
  "00400100>00400006": (i) => i.scheduledPerformingPhysician,
  "00400100>00400007": (i) => i.scheduledProcedureStepDescription,
  "00400100>00400008": (i) => i.scheduledProtocolCodes.length,
  "00400100>00400008>00080100": (i) => i.scheduledProtocolCodes.map((c) => c.value),
  "00400100>00400008>00080102": (i) => i.scheduledProtocolCodes[0]?.scheme,
  "00400100>00400008>00080103": (i) => i.scheduledProtocolCodes[0]?.schemeVersion,
  "00400100>00400008>00080104": (i) => i.scheduledProtocolCodes[1]?.meaning,
  "00400100>00400009": (i) => i.scheduledProcedureStepId,
  "00400100>00400010": (i) => i.scheduledStationName,
  "0020000D": (i) => i.studyInstanceUid,
  "00321060": (i) => i.requestedProcedureDescription,
  "00081110": (i) => i.referencedStudy.length,
  "00081110>00081150": (i) => i.referencedStudy[0]?.sopClassUid,
  "00081110>00081155": (i) => i.referencedStudy[0]?.sopInstanceUid,
  "00401001": (i) => i.requestedProcedureId,
  "00080050": (i) => i.accessionNumber,
  "00080090": (i) => i.referringPhysician,
  "00100010": (i) => i.patient.patientName,
  "00100020": (i) => i.patient.patientId,
  "00100030": (i) => i.patient.birthDate,
  "00100040": (i) => i.patient.sex,
  "00104000": (i) => i.patient.comments,
  "00102000": (i) => i.patient.medicalAlerts,
  "00102110": (i) => i.allergies,
  "001021C0": (i) => i.pregnancyStatus,
  "00380050": (i) => i.specialNeeds,
  "00321032": (i) => i.requestingPhysician,
  "00321033": (i) => i.requestingService,
  "00402016": (i) => i.placerOrderNumber,
  "00402017": (i) => i.fillerOrderNumber,
  "00321064": (i) => i.requestedProcedureCodes,
};
const VALUES: Readonly<Record<string, unknown>> = {
  "00400100": "a step",
  "00400100>00080060": "RF",
  "00400100>00400001": "UDR10A",
  "00400100>00400002": "20260105",
  "00400100>00400003": "090000",
  "00400100>00400006": "Suzuki^Hanako",
  "00400100>00400007": "Swallow",
  "00400100>00400008": 2,
  "00400100>00400008>00080100": ["P1", "P2"],
  "00400100>00400008>00080102": "99X",
  "00400100>00400008>00080103": "2",
  "00400100>00400008>00080104": "Meaning of P2",
  "00400100>00400009": "SPS1",
  "00400100>00400010": "ROOM-1",
  "0020000D": "1.2.3.77",
  "00321060": "Upper GI",
  "00081110": 1,
  "00081110>00081150": "1.2.840.10008.3.1.2.3.1",
  "00081110>00081155": "1.2.3.99",
  "00401001": "RP1",
  "00080050": "A1",
  "00080090": "Sato^Jiro",
  "00100010": "Yamada^Tarou=山田^太郎",
  "00100020": "P1",
  "00100030": "19700131",
  "00100040": "F",
  "00104000": "Line one\r\nline two",
  "00102000": ["Pacemaker", "Diabetes"],
  "00102110": ["Iodine", "Latex"],
  "001021C0": 4,
  "00380050": "Wheelchair",
  "00321032": "Ito^Keiko",
  "00321033": "Surgery",
  "00402016": "PL1",
  "00402017": "FI1",
  "00321064": [{ value: "R1", scheme: "99X", meaning: "Meaning of R1", schemeVersion: "2" }],
};

describe("what comes back is kept", () => {
  WORKLIST_KEYS.rows.forEach((_, index) => {
    const path = rowPath(WORKLIST_KEYS.rows, index);
    test(`${row("4.2-30", path)} in the item`, () => {
      expect(KEPT[path]?.(full)).toEqual(VALUES[path] ?? "no value");
    });
  });

  test("an item like this needs no remark", () => {
    expect(full.remarks).toEqual([]);
  });
});

describe("what schedulers send", () => {
  test("W6: sequences without items, and items without attributes", () => {
    const empty = itemOf(
      answerOf({
        step: (step) => step.sequence(Tag.ScheduledProtocolCodeSequence),
        more: (answer) => answer.sequence(Tag.ReferencedStudySequence),
      }),
    );
    const hollow = itemOf(
      answerOf({
        step: (step) => step.sequence(Tag.ScheduledProtocolCodeSequence, new DataSet()),
        more: (answer) =>
          answer
            .sequence(Tag.ReferencedStudySequence, new DataSet())
            .sequence(Tag.RequestedProcedureCodeSequence, new DataSet()),
      }),
    );
    for (const item of [empty, hollow]) {
      expect(item.scheduledProtocolCodes).toEqual([]);
      expect(item.referencedStudy).toEqual([]);
      expect(item.requestedProcedureCodes).toEqual([]);
    }
  });

  test("W6: an answer without a scheduled step still tells the patient", () => {
    for (const more of [
      (answer: DataSet) => answer.sequence(Tag.ScheduledProcedureStepSequence),
      (answer: DataSet) => {
        answer.delete(Tag.ScheduledProcedureStepSequence);
        return answer;
      },
    ]) {
      const item = itemOf(answerOf({ more }));
      expect(item).toMatchObject({ scheduledDate: "", modality: "", patient: { patientId: "P1" } });
    }
  });

  test("W9: unknown tags, private ones and values of VR UN are ignored", () => {
    const answer = answerOf({
      more: (a) =>
        a
          .set(0x00110010, { vr: "LO", values: ["PRIVATE"] })
          .set(0x00111001, { vr: "UN", bytes: new Uint8Array([1, 2, 3, 4]) })
          .set(Tag.RequestingService, { vr: "UN", bytes: new Uint8Array([255, 0]) })
          .set(0x7fdf0001, { vr: "UN", bytes: new Uint8Array(8) }),
    });
    const [item] = itemsFromAnswer(answer, WANTED);
    expect(item).toMatchObject({ patient: { patientName: "Doe^Jane" }, requestingService: "" });
  });

  test("W10: of several values the first counts, or the one asked for; all are shown", () => {
    const item = itemOf(
      answerOf({
        step: (step) =>
          step
            .text(Tag.Modality, "CS", "CT", "RF")
            .text(Tag.ScheduledStationAETitle, "AE", "ROOM2", "UDR10A"),
        more: (a) =>
          a
            .text(Tag.PatientName, "PN", "Doe^Jane", "Miller^Jane")
            .text(Tag.PatientID, "LO", "P1", "OLD7"),
      }),
    );
    expect(item).toMatchObject({ modality: "RF", scheduledStationAeTitle: "UDR10A" });
    expect(item.patient).toMatchObject({
      patientName: "Doe^Jane",
      patientId: "P1",
      otherPatientIds: ["P1", "OLD7"],
    });
    expect(item.remarks).toEqual([
      "patient id: the scheduler also gives OLD7",
      "patient name: the scheduler also gives Miller^Jane",
      "station: the scheduler also gives ROOM2",
      "modality: the scheduler also gives CT",
    ]);
  });

  test("W13: a query level in an answer means nothing here, whatever it says", () => {
    for (const level of ["IMAGE", "INSTANCE", ""]) {
      const item = itemOf(answerOf({ more: (a) => a.text(Tag.QueryRetrieveLevel, "CS", level) }));
      expect(item.remarks).toEqual([]);
    }
  });

  const dates: readonly (readonly [string, string, string, string])[] = [
    ["20260105", "093015", "20260105", "093015"],
    ["2026.01.05", "09:30", "20260105", "093000"],
    ["20260105-", "0930", "20260105", "093000"],
    ["20260105", "093015.1234567", "20260105", "093015"],
    ["", "", "", ""],
    ["20261399", "996060", "", ""],
    ["tomorrow", "noon", "", ""],
  ];
  for (const [date, time, expectedDate, expectedTime] of dates)
    test(`W14, D10: date "${date}" and time "${time}"`, () => {
      // As decoded: what is no date could not have been written by us.
      const [item] = itemsFromAnswer(answerOf({ date, time }), WANTED);
      expect([item?.scheduledDate, item?.scheduledTime]).toEqual([expectedDate, expectedTime]);
    });

  test("W14: nullified elements and absent ones are empty text", () => {
    const [item] = itemsFromAnswer(new DataSet(), WANTED);
    expect(item).toMatchObject({
      accessionNumber: "",
      scheduledDate: "",
      referringPhysician: "",
      patient: { patientId: "", patientName: "", birthDate: undefined, sex: undefined },
    });
  });

  const uids: readonly (readonly [string, string | undefined])[] = [
    ["1.2.3", "1.2.3"],
    ["1.02.003", "1.02.003"],
    ["1.2.3.", "1.2.3."],
    [`1.${"2".repeat(62)}`, `1.${"2".repeat(62)}`],
    [`1.${"2".repeat(63)}`, undefined],
    ["1.2.A", undefined],
    [".", undefined],
  ];
  for (const [uid, kept] of uids)
    test(`D9: Study Instance UID ${uid.slice(0, 20)} (${uid.length}) ${kept === undefined ? "cannot be used, which is said" : "is carried as it is"}`, () => {
      const [item] = itemsFromAnswer(answerOf({ studyUid: uid }), WANTED);
      expect(item?.studyInstanceUid).toBe(kept);
      expect(item?.remarks.length).toBe(kept === undefined ? 1 : 0);
    });

  test("D12: text longer than its VR is shown whole", () => {
    const long = "S".repeat(100);
    const answer = answerOf({ accessionNumber: long, name: long });
    const [item] = itemsFromAnswer(answer, WANTED);
    expect([item?.accessionNumber, item?.patient.patientName]).toEqual([long, long]);
  });

  test("several steps in one answer are several items of one patient", () => {
    const answer = answerOf();
    const [step = new DataSet()] = answer.items(Tag.ScheduledProcedureStepSequence);
    const second = new DataSet().text(Tag.ScheduledProcedureStepID, "SH", "SPS2");
    answer.sequence(Tag.ScheduledProcedureStepSequence, step, second);
    expect(itemsFromAnswer(answer, WANTED).map((i) => i.scheduledProcedureStepId)).toEqual([
      "SPS1",
      "SPS2",
    ]);
  });

  test("a sex the device does not know is left open", () => {
    const sexOf = (sex: string) =>
      itemsFromAnswer(answerOf({ more: (a) => a.text(Tag.PatientSex, "CS", sex) }), WANTED)[0]
        ?.patient.sex;
    expect(["m", "F", "O", "U", ""].map(sexOf)).toEqual(["M", "F", "O", undefined, undefined]);
  });
});
