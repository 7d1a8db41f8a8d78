// What is told of a performed step: Table 4.2-39 attribute by attribute, the MPPS side of Table
// 8.1-39, and that step, images and dose report tell the same.

import { describe, expect, test } from "bun:test";
import { Random } from "../../../src/core/random.ts";
import { rowPath, type Send } from "../../../src/dicom/ae/attribute-rows.ts";
import { STEP_ATTRIBUTES } from "../../../src/dicom/ae/mpps/attributes.ts";
import type { DataSet, Element } from "../../../src/dicom/data/data-set.ts";
import { decodeDataSet } from "../../../src/dicom/data/decode.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { MAPPING, MAPPING_TABLE } from "../../../src/dicom/iod/mapping.ts";
import { buildDoseReport, buildImage } from "../../../src/dicom/iod/objects.ts";
import type { Exam } from "../../../src/model/exam.ts";
import {
  DISCONTINUATION_REASONS,
  discontinuationReason,
} from "../../../src/services/mpps/discontinuation-reasons.ts";
import { keptDocument, restoredDocument } from "../../../src/services/mpps/kept-document.ts";
import {
  createDocument,
  type EndedExam,
  type StepInstance,
  setDocument,
} from "../../../src/services/mpps/step-document.ts";
import { row } from "../../coverage.ts";
import {
  exam,
  imageFacts,
  reportFacts,
  START_MS,
  STUDY_UID,
  seriesOf,
  unscheduledExam,
  worklistItem,
} from "../../dicom/iod/variants.ts";

const STATION = { aeTitle: "UDR10A", stationName: "ROOM-1", timeZone: "Asia/Tokyo" };
const DX = "1.2.840.10008.5.1.4.1.1.1.1";
const RF = "1.2.840.10008.5.1.4.1.1.12.2";
const RDSR = "1.2.840.10008.5.1.4.1.1.88.67";

const item = {
  ...worklistItem,
  scheduledProcedureStepDescription: "胃透視",
  scheduledProtocolCodes: [
    { value: "UGI", scheme: "99CITY", schemeVersion: "3", meaning: "UPPER GI" },
  ],
};
const open: Exam = {
  ...exam,
  worklistItem: item,
  patient: { ...exam.patient, patientName: "NASU^TARO=那須^太郎" },
  series: [
    seriesOf("DX"),
    seriesOf("RF", {
      seriesInstanceUid: `${STUDY_UID}.2`,
      seriesNumber: 2,
      protocolName: "FLUORO",
    }),
    seriesOf("SR", { seriesInstanceUid: `${STUDY_UID}.9001`, seriesNumber: 9001 }),
    seriesOf("DX", { seriesInstanceUid: `${STUDY_UID}.3`, seriesNumber: 3 }),
  ],
};
const ended: EndedExam = {
  ...open,
  state: "discontinued",
  endedMs: START_MS + 600_000,
  discontinuationReason: "110514",
};
const instances: StepInstance[] = [
  { sopInstanceUid: "1.1", sopClassUid: DX, seriesInstanceUid: `${STUDY_UID}.1` },
  { sopInstanceUid: "1.2", sopClassUid: DX, seriesInstanceUid: `${STUDY_UID}.1` },
  { sopInstanceUid: "2.1", sopClassUid: RF, seriesInstanceUid: `${STUDY_UID}.2` },
  { sopInstanceUid: "9.1", sopClassUid: RDSR, seriesInstanceUid: `${STUDY_UID}.9001` },
];

/** As the server reads it. */
function received(dataSet: DataSet): DataSet {
  const bytes = encodeDataSet(dataSet, { explicitVr: false, characterSet: "default-kanji" });
  return decodeDataSet(bytes, { explicitVr: false }).dataSet;
}
const created = received(createDocument(open, STATION).dataSet);
const set = received(setDocument(ended, instances, STATION).dataSet);

/** The elements at a path, one of every item. */
function at(dataSet: DataSet, path: string): (Element | undefined)[] {
  const tags = path.split(">").map((hex) => Number.parseInt(hex, 16));
  const last = tags.pop() ?? 0;
  const levels = tags.reduce((all, tag) => all.flatMap((d) => [...d.items(tag)]), [dataSet]);
  return levels.map((d) => d.get(last));
}

function shown(element: Element | undefined): unknown {
  if (element === undefined) return "absent";
  if (element.vr === "SQ") return element.items.length;
  if (!("values" in element)) return "bytes";
  return element.values.join("\\");
}

/** Values at each path, one of every item: N-CREATE, N-SET. A number counts items. */
const EXPECTED: Readonly<Record<string, readonly [create: unknown[], set: unknown[]]>> = {
  "00080005": [["\\ISO 2022 IR 87"], ["\\ISO 2022 IR 87"]],
  "00080060": [["RF"], ["absent"]],
  "00081032": [[0], ["absent"]],
  "00081120": [[0], ["absent"]],
  "00081120>00081150": [[], []],
  "00081120>00081155": [[], []],
  "00100010": [["NASU^TARO=那須^太郎"], ["absent"]],
  "00100020": [["00000001"], ["absent"]],
  "00100030": [["20040103"], ["absent"]],
  "00100040": [["M"], ["absent"]],
  "00200010": [["1"], ["absent"]],
  "00400241": [["UDR10A"], ["absent"]],
  "00400242": [["ROOM-1"], ["absent"]],
  "00400243": [[""], ["absent"]],
  "00400244": [["20190129"], ["absent"]],
  "00400245": [["203615"], ["absent"]],
  "00400250": [[""], ["20190129"]],
  "00400251": [[""], ["204615"]],
  "00400252": [["IN PROGRESS"], ["DISCONTINUED"]],
  "00400281": [["absent"], [1]],
  "00400281>00080100": [[], ["110514"]],
  "00400281>00080102": [[], ["DCM"]],
  "00400281>00080104": [[], ["Incorrect worklist entry selected"]],
  "00400253": [["SPS0001"], ["absent"]],
  "00400254": [["胃透視"], ["胃透視"]],
  "00400255": [[""], [""]],
  "00400260": [[0], [1]],
  "00400260>00080100": [[], ["UGI"]],
  "00400260>00080102": [[], ["99CITY"]],
  "00400260>00080103": [[], ["3"]],
  "00400260>00080104": [[], ["UPPER GI"]],
  "00400270": [[1], ["absent"]],
  "00400270>00080050": [["20190129-01-0001"], []],
  "00400270>00081110": [[1], []],
  "00400270>00081110>00081150": [["1.2.840.10008.3.1.2.3.1"], []],
  "00400270>00081110>00081155": [["1.2.826.0.1.1"], []],
  "00400270>0020000D": [[STUDY_UID], []],
  "00400270>00321060": [["UPPER GI"], []],
  "00400270>00400007": [["胃透視"], []],
  "00400270>00400008": [[1], []],
  "00400270>00400008>00080100": [["UGI"], []],
  "00400270>00400008>00080102": [["99CITY"], []],
  "00400270>00400008>00080103": [["3"], []],
  "00400270>00400008>00080104": [["UPPER GI"], []],
  "00400270>00400009": [["SPS0001"], []],
  "00400270>00401001": [["RP0001"], []],
  "00400340": [[0], [3]],
  "00400340>00080054": [[], ["", "", ""]],
  "00400340>0008103E": [[], ["", "", ""]],
  "00400340>00081050": [[], ["SUZUKI^HANAKO", "SUZUKI^HANAKO", "SUZUKI^HANAKO"]],
  "00400340>00081070": [[], ["TANAKA^KEN", "TANAKA^KEN", "TANAKA^KEN"]],
  "00400340>00081140": [[], [2, 1, 0]],
  "00400340>00081140>00081150": [[], [DX, DX, RF]],
  "00400340>00081140>00081155": [[], ["1.1", "1.2", "2.1"]],
  "00400340>00181030": [[], ["UPPER GI", "FLUORO", "UPPER GI"]],
  "00400340>0020000E": [[], [`${STUDY_UID}.1`, `${STUDY_UID}.2`, `${STUDY_UID}.9001`]],
  "00400340>00400220": [[], [0, 0, 1]],
};

describe("attributes", () => {
  STEP_ATTRIBUTES.rows.forEach((line, index) => {
    const path = rowPath(STEP_ATTRIBUTES.rows, index);
    const words = (send: Send | null) => send ?? "nothing";
    test(`${row("4.2-39", path)} N-CREATE ${words(line.create)}, N-SET ${words(line.set)}`, () => {
      const [inCreate, inSet] = EXPECTED[path] ?? [["no such row"], []];
      expect(at(created, path).map(shown)).toEqual(inCreate);
      expect(at(set, path).map(shown)).toEqual(inSet);
    });
  });

  test("nothing is sent that the table does not have", () => {
    const paths = new Set(
      STEP_ATTRIBUTES.rows.map((_, index) => rowPath(STEP_ATTRIBUTES.rows, index)),
    );
    const walk = (dataSet: DataSet, outer: string): string[] =>
      dataSet.tags().flatMap((tag) => {
        const path = `${outer}${tag.toString(16).toUpperCase().padStart(8, "0")}`;
        return [path, ...dataSet.items(tag).flatMap((inner) => walk(inner, `${path}>`))];
      });
    for (const sent of [...walk(created, ""), ...walk(set, "")])
      expect([sent, paths.has(sent) || NESTED.has(sent)]).toEqual([sent, true]);
  });
  // The table gives the items of (0040,0220) no rows of their own; they are references as in (0008,1140).
  const NESTED = new Set(["00400340>00400220>00081150", "00400340>00400220>00081155"]);

  test("E26: the dose report has an item of its own, with the report and without images", () => {
    const [, , report] = set.items(Tag.PerformedSeriesSequence);
    expect(report?.items(Tag.ReferencedImageSequence)).toEqual([]);
    const [reference] = report?.items(Tag.ReferencedNonImageCompositeSOPInstanceSequence) ?? [];
    expect(reference?.string(Tag.ReferencedSOPInstanceUID)).toBe("9.1");
    expect(reference?.string(Tag.ReferencedSOPClassUID)).toBe(RDSR);
  });

  test("E100: a completed step has no reason; a discontinued one without a reason is unspecified", () => {
    const completed = setDocument({ ...ended, state: "completed" }, instances, STATION).dataSet;
    expect(completed.string(Tag.PerformedProcedureStepStatus)).toBe("COMPLETED");
    expect(completed.has(Tag.PerformedProcedureStepDiscontinuationReasonCodeSequence)).toBe(false);
    expect(discontinuationReason(undefined).value).toBe("110513");
    expect(discontinuationReason("nonsense").value).toBe("110513");
    for (const code of DISCONTINUATION_REASONS)
      expect(discontinuationReason(code.value)).toEqual(code);
  });
});

describe("worklist to step", () => {
  const expected: Readonly<Record<number, readonly unknown[]>> = {
    1: [STUDY_UID],
    2: ["20190129-01-0001"],
    3: ["RP0001"],
    4: ["UPPER GI"],
    6: ["胃透視"],
    7: ["胃透視"],
    9: ["SPS0001"],
    10: [1],
    11: ["SPS0001"],
    12: ["20190129"],
    13: ["203615"],
    16: ["SUZUKI^HANAKO", "SUZUKI^HANAKO", "SUZUKI^HANAKO"],
    18: ["NASU^TARO=那須^太郎"],
    19: ["00000001"],
    20: ["20040103"],
    21: ["M"],
    23: ["TANAKA^KEN", "TANAKA^KEN", "TANAKA^KEN"],
    25: [1],
    26: [1],
  };
  for (const { row: number, mpps } of MAPPING) {
    if (mpps === null) continue;
    test(`${row(MAPPING_TABLE, String(number))} ${mpps.tag} of the step`, () => {
      const path = [...(mpps.path ?? []), mpps.tag]
        .map((keyword) => Tag[keyword].toString(16).toUpperCase().padStart(8, "0"))
        .join(">");
      const inSet = number === 10 || number === 16 || number === 23;
      const values = at(inSet ? set : created, path).map(shown);
      expect(values).toEqual([...(expected[number] ?? ["no value"])]);
    });
  }
});

describe("without a worklist item (E28)", () => {
  const unscheduled: Exam = {
    ...unscheduledExam,
    performedProcedureStepId: "P20190129203615",
    accessionNumber: "A190129203615001",
    series: [seriesOf("DX")],
  };
  const create = createDocument(unscheduled, { ...STATION, stationName: "" }).dataSet;

  test("the step has an id of date and time, one item with the study's UID, and the rest empty", () => {
    expect(create.string(Tag.PerformedProcedureStepID)).toBe("P20190129203615");
    const [attributes, ...more] = create.items(Tag.ScheduledStepAttributesSequence);
    expect(more).toEqual([]);
    expect(attributes?.string(Tag.StudyInstanceUID)).toBe(STUDY_UID);
    expect(attributes?.string(Tag.AccessionNumber)).toBe("A190129203615001");
    for (const tag of [
      Tag.ReferencedStudySequence,
      Tag.RequestedProcedureDescription,
      Tag.ScheduledProcedureStepDescription,
      Tag.ScheduledProtocolCodeSequence,
      Tag.ScheduledProcedureStepID,
      Tag.RequestedProcedureID,
    ])
      expect(["", 0]).toContain(shown(attributes?.get(tag)) as string | number);
  });

  test("an id is made where the record has none", () => {
    const { dataSet } = createDocument({ ...unscheduled, performedProcedureStepId: "" }, STATION);
    expect(dataSet.string(Tag.PerformedProcedureStepID)).toBe("P20190129203615");
  });

  test("sex that nobody knows is O, as in the images", () => {
    expect(create.string(Tag.PatientSex)).toBe("O");
  });
});

describe("what schedulers send", () => {
  test("M3: every type 2 attribute is there, no type 1 attribute is empty, whatever is missing", () => {
    const bare: Exam = {
      ...unscheduledExam,
      patient: { patientId: "", patientName: "" },
      accessionNumber: "",
      studyId: "",
      performedProcedureStepId: "",
      operator: "",
      series: [seriesOf("DX", { protocolName: "" })],
    };
    const both = {
      create: createDocument(bare, { ...STATION, stationName: "" }).dataSet,
      set: setDocument({ ...bare, state: "completed" }, instances, STATION).dataSet,
    };
    STEP_ATTRIBUTES.rows.forEach((line, index) => {
      const path = rowPath(STEP_ATTRIBUTES.rows, index);
      for (const message of ["create", "set"] as const) {
        const type = line.types[message];
        if (line[message] === null || (type !== "1" && type !== "2")) continue;
        for (const element of at(both[message], path)) {
          expect(element).toBeDefined();
          if (type === "1") expect(["", 0]).not.toContain(shown(element) as string | number);
        }
      }
    });
    const [series] = both.set.items(Tag.PerformedSeriesSequence);
    expect(series?.string(Tag.ProtocolName)).toBe("UPPER GI SERIES");
  });

  test("D12: text longer than its VR is cut by characters, and said", () => {
    const long: Exam = {
      ...open,
      performedProcedureStepId: "STEP-0123456789-0123456789",
      worklistItem: { ...item, scheduledProcedureStepDescription: "胃".repeat(80) },
      patient: { ...open.patient, patientName: `${"N".repeat(70)}=${"那".repeat(70)}` },
    };
    const { dataSet, truncated } = createDocument(long, STATION);
    expect(dataSet.string(Tag.PerformedProcedureStepID)).toBe("STEP-0123456789-");
    expect(dataSet.string(Tag.PerformedProcedureStepDescription)).toBe("胃".repeat(64));
    expect(dataSet.string(Tag.PatientName)).toBe(`${"N".repeat(63)}=${"那".repeat(63)}`);
    expect(new Set(truncated)).toEqual(
      new Set([
        Tag.PerformedProcedureStepID,
        Tag.PerformedProcedureStepDescription,
        Tag.PatientName,
        Tag.ScheduledProcedureStepDescription,
      ]),
    );
    expect(createDocument(open, STATION).truncated).toEqual([]);
  });
});

test("M9: an appended step is one of its own: own UID, own start, same study", () => {
  const appended: Exam = {
    ...open,
    startedMs: START_MS + 3_600_000,
    stepNumber: 2,
    performedProcedureStepId: "P20190129213615",
    mppsSopInstanceUid: "1.2.3",
  };
  const { dataSet } = createDocument(appended, STATION);
  expect(dataSet.string(Tag.PerformedProcedureStepStartTime)).toBe("213615");
  expect(dataSet.string(Tag.PerformedProcedureStepID)).toBe("P20190129213615");
  const [attributes] = dataSet.items(Tag.ScheduledStepAttributesSequence);
  expect(attributes?.string(Tag.StudyInstanceUID)).toBe(STUDY_UID);
});

test("M6: a document comes back from the database as it was built", () => {
  for (const { dataSet } of [
    createDocument(open, STATION),
    setDocument(ended, instances, STATION),
  ]) {
    const kept: unknown = JSON.parse(JSON.stringify(keptDocument(dataSet)));
    const options = { explicitVr: true, characterSet: "default-kanji" } as const;
    const again = restoredDocument(kept as ReturnType<typeof keptDocument>);
    expect(encodeDataSet(again, options)).toEqual(encodeDataSet(dataSet, options));
  }
});

test("step, image and dose report of random exams tell the same", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const startedMs = START_MS + random.int(0, 300 * 86_400_000);
    const word = () => random.pick(["UPPER GI", "胸部", "KNEE^LEFT", "SATO^JIRO=佐藤^次郎", "X"]);
    const name = `${word()}^${word()}`.slice(0, 20);
    const scheduled = random.chance(0.6);
    const own: Exam = {
      ...(scheduled ? exam : unscheduledExam),
      startedMs,
      studyStartedMs: startedMs,
      endedMs: startedMs + random.int(1, 3_600_000),
      state: random.chance(0.7) ? "completed" : "discontinued",
      patient: {
        patientId: `P${random.int(1, 1e9)}`,
        patientName: name,
        sex: random.pick(["M", "F", "O", undefined] as const),
        birthDate: random.chance(0.5) ? "19701231" : undefined,
      },
      accessionNumber: `A${random.int(1, 1e9)}`,
      studyId: String(random.int(1, 99_999)),
      operator: name,
      performingPhysician: random.chance(0.5) ? name : "",
      series: [seriesOf("DX", { protocolName: word() })],
    };
    if (!isEnded(own)) throw new Error("it has ended");
    const [series = seriesOf("DX")] = own.series;
    const image = buildImage("DX", imageFacts("DX", "radiography", { exam: own, series }));
    const report = buildDoseReport(reportFacts({ exam: own }));
    const sr = seriesOf("SR", { seriesInstanceUid: `${STUDY_UID}.9001`, seriesNumber: 9001 });
    const ofStep = received(createDocument(own, STATION).dataSet);
    const end = received(
      setDocument(
        { ...own, series: [series, sr] },
        [
          { ...image, seriesInstanceUid: series.seriesInstanceUid },
          { ...report, seriesInstanceUid: sr.seriesInstanceUid },
        ],
        STATION,
      ).dataSet,
    );
    const [attributes] = ofStep.items(Tag.ScheduledStepAttributesSequence);
    const performed = end.items(Tag.PerformedSeriesSequence);
    for (const object of [image, report].map((o) => received(o.dataSet))) {
      for (const tag of [
        Tag.PatientName,
        Tag.PatientID,
        Tag.PatientBirthDate,
        Tag.PatientSex,
        Tag.StudyID,
      ])
        expect([seed, object.string(tag)]).toEqual([seed, ofStep.string(tag)]);
      for (const tag of [Tag.StudyInstanceUID, Tag.AccessionNumber])
        expect(object.string(tag)).toBe(attributes?.string(tag));
      expect(object.string(Tag.StudyDate)).toBe(ofStep.string(Tag.PerformedProcedureStepStartDate));
      expect(object.string(Tag.StudyTime)).toBe(ofStep.string(Tag.PerformedProcedureStepStartTime));
      // Each object is told by exactly one series item, its own.
      const uid = object.string(Tag.SOPInstanceUID);
      const told = performed.filter((p) =>
        [
          ...p.items(Tag.ReferencedImageSequence),
          ...p.items(Tag.ReferencedNonImageCompositeSOPInstanceSequence),
        ].some((r) => r.string(Tag.ReferencedSOPInstanceUID) === uid),
      );
      expect(told.map((p) => p.string(Tag.SeriesInstanceUID))).toEqual([
        object.string(Tag.SeriesInstanceUID),
      ]);
      const [step] = object.items(Tag.ReferencedPerformedProcedureStepSequence);
      expect(step?.string(Tag.ReferencedSOPInstanceUID)).toBe(own.mppsSopInstanceUid);
    }
    const [ofImage] = performed;
    const dx = received(image.dataSet);
    for (const tag of [Tag.OperatorsName, Tag.PerformingPhysicianName, Tag.ProtocolName])
      expect(ofImage?.string(tag)).toBe(dx.string(tag));
  }
});

function isEnded(of: Exam): of is EndedExam {
  return of.state !== "open";
}
