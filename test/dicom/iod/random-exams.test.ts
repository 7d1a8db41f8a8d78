// Ten random examinations: written as files and read again, every object says what was entered, and
// the report's totals are the sum of its events to the last digit.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memorySource } from "../../../src/core/byte-source.ts";
import { dicomDateTime } from "../../../src/core/clock.ts";
import { Random } from "../../../src/core/random.ts";
import type { DataSet } from "../../../src/dicom/data/data-set.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { readObjectHeader } from "../../../src/dicom/io/object-header.ts";
import type { ImageFacts } from "../../../src/dicom/iod/facts.ts";
import { takenFromWorklist } from "../../../src/dicom/iod/mapping.ts";
import { buildDoseReport, buildImage, buildScImage } from "../../../src/dicom/iod/objects.ts";
import { BODY_PART_CODES, BODY_PART_TERMS } from "../../../src/model/body-parts.ts";
import type { Exam } from "../../../src/model/exam.ts";
import type { Exposure } from "../../../src/model/exposure.ts";
import type { ExposureKind, ImageObject } from "../../../src/model/protocol.ts";
import {
  gy,
  gyM2,
  kiloVolts,
  milliAmpereSeconds,
  milliAmperes,
  millimetres,
  milliseconds,
} from "../../../src/model/units.ts";
import type { WorklistItem } from "../../../src/model/worklist-item.ts";
import { childrenOf, type Node, nodeOf } from "./content-items.ts";
import { findings } from "./dciodvfy.ts";
import {
  exam as baseExam,
  captureFacts,
  exposureOf,
  geometry,
  imageFacts,
  protocolOf,
  ROOT,
  reportFacts,
  START_MS,
  seriesOf,
  type Variant,
  worklistItem,
} from "./variants.ts";
import { isInstalled, objectBytes, writeObject } from "./write-object.ts";

const ZONE = "Asia/Tokyo";
const DAP_PLACES = 12;
const DOSE_PLACES = 9;
const TIME_PLACES = 6;

const FAMILY = ["NASU", "SATO", "YAMADA=山田", "VAN DER BERG", "O'NEIL"];
const GIVEN = ["TARO", "HANAKO", "MARY ANN", "J."];
const WORDS = ["上部消化管", "UPPER GI", "胸部", "KNEE AP", "follow-up"];
const OBJECTS: readonly (readonly [ImageObject, ExposureKind])[] = [
  ["DX", "radiography"],
  ["CR", "radiography"],
  ["XA", "serial"],
  ["RF", "serial"],
  ["RF", "fluoroscopy"],
  ["XA", "radiography"],
];

const digits = (random: Random, count: number) =>
  Array.from({ length: count }, () => random.int(0, 9)).join("");

function randomName(random: Random): string {
  const [latin = "", kanji] = random.pick(FAMILY).split("=");
  const given = random.pick(GIVEN);
  return kanji === undefined ? `${latin}^${given}` : `${latin}^${given}=${kanji}^太郎`;
}

function randomItem(random: Random): WorklistItem {
  return {
    ...worklistItem,
    patient: {
      patientId: `P${digits(random, random.int(1, 12))}`,
      patientName: randomName(random),
      birthDate: `19${random.int(20, 99)}${random.int(10, 12)}${random.int(10, 28)}`,
      sex: random.pick(["M", "F", "O"] as const),
      comments: random.chance(0.5) ? random.pick(WORDS) : undefined,
      medicalAlerts: random.chance(0.5) ? ["IODINE", "LATEX"] : undefined,
    },
    studyInstanceUid: `1.2.840.${digits(random, 8).replace(/^0+/, "1")}.1`,
    accessionNumber: `A${digits(random, 15)}`,
    requestingService: random.chance(0.5) ? random.pick(WORDS) : "",
    referringPhysician: random.chance(0.7) ? randomName(random) : "",
    requestingPhysician: randomName(random),
    scheduledPerformingPhysician: random.chance(0.7) ? randomName(random) : "",
  };
}

function randomExam(random: Random): Exam {
  const startedMs = START_MS + random.int(0, 200 * 86_400_000);
  const common = {
    ...baseExam,
    studyStartedMs: startedMs,
    startedMs,
    studyId: String(random.int(1, 99_999)),
    studyDescription: random.pick(WORDS),
    operator: randomName(random),
  };
  if (random.chance(0.3))
    return {
      ...common,
      worklistItem: undefined,
      patient: { patientId: `E${digits(random, 10)}`, patientName: randomName(random) },
    };
  const item = randomItem(random);
  const taken = takenFromWorklist(item, {
    referringPhysicianFrom: random.pick(["referring", "requesting"] as const),
    performingPhysicianFrom: random.pick(["scheduled", "none"] as const),
  });
  return { ...common, ...taken, worklistItem: item };
}

function randomExposure(
  random: Random,
  kind: ExposureKind,
  startMs: number,
  number: number,
): Exposure {
  const run = kind !== "radiography";
  const frames = run ? random.int(2, 60) : 1;
  const pulseMs = random.int(10, 200) / 10;
  return exposureOf(
    kind,
    {
      exposureId: `x${number}`,
      irradiationEventUid: `${ROOT}.1.1.1.20190129203615.${100_100 + number}`,
      frames,
      saved: kind !== "fluoroscopy" || random.chance(0.5),
      geometry: { ...geometry, sourceToDetectorMm: millimetres(random.int(900, 1800)) },
    },
    {
      startMs,
      durationMs: milliseconds(random.int(1, 60_000) + random.int(0, 999) / 1000),
      kv: kiloVolts(random.int(400, 1500) / 10),
      ma: milliAmperes(random.int(1, 6300) / 10),
      exposureTimeMs: milliseconds(frames * pulseMs),
      mas: milliAmpereSeconds(random.int(1, 5000) / 10),
      pulses: frames,
      pulseMs: milliseconds(pulseMs),
      pulseRate: run ? random.pick([7.5, 15, 30]) : 0,
      // Full doubles: the sums must not depend on how round the values are.
      dap: gyM2(random.next() * 1e-3),
      doseRp: gy(random.next() * 0.05),
    },
  );
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "exams-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The object as it is read from its file, which a validator, where there is one, has nothing against. */
async function readBack(variant: Variant): Promise<DataSet> {
  if (isInstalled("dciodvfy"))
    expect(findings(await writeObject(folder, "object", variant), variant.iod)).toEqual([]);
  return (await readObjectHeader(memorySource(objectBytes(variant)))).dataSet;
}

/** What every object of an exam says of patient, study and series. */
function checkCommon(dataSet: DataSet, facts: Variant["facts"]): void {
  const { exam, series } = facts;
  const { patient } = exam;
  const study = dicomDateTime(exam.studyStartedMs, ZONE);
  const expected: readonly (readonly [number, string | undefined])[] = [
    [Tag.PatientName, patient.patientName],
    [Tag.PatientID, patient.patientId],
    [Tag.PatientBirthDate, patient.birthDate],
    [Tag.PatientSex, patient.sex ?? "O"],
    [Tag.PatientComments, patient.comments],
    [Tag.MedicalAlerts, patient.medicalAlerts?.[0]],
    [Tag.StudyInstanceUID, exam.studyInstanceUid],
    [Tag.StudyDate, study.date],
    [Tag.StudyTime, study.time],
    [Tag.StudyID, exam.studyId],
    [Tag.StudyDescription, exam.studyDescription],
    [Tag.AccessionNumber, exam.accessionNumber],
    [Tag.ReferringPhysicianName, exam.referringPhysician],
    [Tag.RequestingService, exam.worklistItem?.requestingService],
    [Tag.SeriesInstanceUID, series.seriesInstanceUid],
    [Tag.SeriesNumber, String(series.seriesNumber)],
    [Tag.ProtocolName, series.protocolName],
    [Tag.SOPInstanceUID, facts.sopInstanceUid],
  ];
  for (const [tag, value] of expected)
    expect([tag, dataSet.string(tag)]).toEqual([tag, value === "" ? undefined : value]);
}

function checkImage(dataSet: DataSet, object: ImageObject, facts: ImageFacts): void {
  const { report, geometry: where } = facts.exposure;
  expect(dataSet.string(Tag.Modality)).toBe(object);
  expect(dataSet.string(Tag.OperatorsName)).toBe(facts.exam.operator);
  expect(dataSet.string(Tag.BodyPartExamined)).toBe(facts.series.bodyPart);
  expect(dataSet.string(Tag.IrradiationEventUID)).toBe(facts.exposure.irradiationEventUid);
  expect(dataSet.number(Tag.KVP)).toBe(report.kv);
  expect(dataSet.number(Tag.XRayTubeCurrent)).toBe(Math.round(report.ma));
  expect(dataSet.number(Tag.ExposureTime)).toBe(Math.round(report.exposureTimeMs));
  expect(dataSet.number(Tag.DistanceSourceToDetector)).toBe(where.sourceToDetectorMm);
  expect(dataSet.number(Tag.WindowCenter)).toBe(facts.window?.center);
  expect(dataSet.number(Tag.BitsStored)).toBe(facts.pixels.bitsStored);
  expect(dataSet.number(Tag.NumberOfFrames) ?? 1).toBe(facts.frames);
  const acquired = dicomDateTime(facts.acquisitionMs, ZONE);
  expect(dataSet.string(Tag.AcquisitionDate)).toBe(acquired.date);
  expect(dataSet.string(Tag.AcquisitionTime)).toBe(acquired.time);
}

/** A decimal text as a whole number of steps of 10^-places. */
function inSteps(text: string | undefined, places: number): bigint {
  const [whole = "", fraction = ""] = (text ?? "none").split(".");
  expect(fraction.length).toBeLessThanOrEqual(places);
  return BigInt(whole + fraction.padEnd(places, "0"));
}

function checkTotals(root: Node): void {
  const value = (node: Node | undefined, code: string) => node && childrenOf(node, code)[0]?.text;
  const events = childrenOf(root, "113706");
  const [accumulated] = childrenOf(root, "113702");
  const isFluoroscopy = (event: Node) => childrenOf(event, "113721")[0]?.code?.value === "44491008";
  const sum = (list: readonly Node[], code: string, places: number) =>
    list.reduce((total, event) => total + inSteps(value(event, code), places), 0n);
  const fluoroscopy = events.filter(isFluoroscopy);
  const acquisition = events.filter((event) => !isFluoroscopy(event));
  // Quantity of the event, places, and its totals: fluoroscopy, acquisition, both.
  const table = [
    ["122130", DAP_PLACES, "113726", "113727", "113722"],
    ["113738", DOSE_PLACES, "113728", "113729", "113725"],
    ["113742", TIME_PLACES, "113730", "113855", null],
  ] as const;
  for (const [event, places, fluoro, acquired, all] of table) {
    if (fluoroscopy.length > 0)
      expect(inSteps(value(accumulated, fluoro), places)).toBe(sum(fluoroscopy, event, places));
    else expect(value(accumulated, fluoro)).toBeUndefined();
    expect(inSteps(value(accumulated, acquired), places)).toBe(sum(acquisition, event, places));
    if (all !== null)
      expect(inSteps(value(accumulated, all), places)).toBe(sum(events, event, places));
  }
}

describe("a random examination", () => {
  for (let seed = 1; seed <= 10; seed++)
    test(`of seed ${seed} is written as it was entered, and its report adds up`, async () => {
      const random = new Random(seed);
      const exam = randomExam(random);
      const exposures: Exposure[] = [];
      const evidence: { seriesInstanceUid: string; sopClassUid: string; sopInstanceUid: string }[] =
        [];
      let atMs = exam.startedMs;
      const bodyPart = random.pick(BODY_PART_TERMS);

      const count = random.int(3, 12);
      for (let number = 1; number <= count; number++) {
        const [object, kind] = random.pick(OBJECTS);
        atMs += random.int(1_000, 120_000);
        const exposure = randomExposure(random, kind, atMs, number);
        exposures.push(exposure);
        if (!exposure.saved) continue;
        const bitsStored = random.pick([10, 12, 16]);
        const base = imageFacts(object, kind);
        const facts: ImageFacts = {
          ...base,
          exam,
          exposure,
          protocol: protocolOf(object, kind, { bodyPart }),
          series: seriesOf(object, {
            bodyPart,
            laterality: random.pick(["R", "L"]),
            protocolName: random.pick(["UPPER GI", "KNEE AP"]),
            seriesNumber: number,
            seriesInstanceUid: `${ROOT}.7.${seed}.${number}`,
          }),
          sopInstanceUid: `${ROOT}.8.${seed}.${number}`,
          acquisitionMs: atMs,
          irradiationEventUids: [exposure.irradiationEventUid],
          frames: exposure.frames,
          frameTimeMs: milliseconds(1000 / 15),
          pixels: { ...base.pixels, bitsStored },
          window: {
            center: random.int(1, 2 ** bitsStored - 1),
            width: random.int(1, 2 ** bitsStored),
          },
        };
        const variant: Variant = { iod: object, facts, built: buildImage(object, facts) };
        const dataSet = await readBack(variant);
        checkCommon(dataSet, facts);
        checkImage(dataSet, object, facts);
        const dapText = dataSet.string(Tag.ImageAndFluoroscopyAreaDoseProduct);
        if (dapText !== undefined)
          expect(inSteps(dapText, DAP_PLACES - 5)).toBe(
            BigInt(Math.round(exposure.report.dap * 10 ** DAP_PLACES)),
          );
        evidence.push({
          seriesInstanceUid: facts.series.seriesInstanceUid,
          sopClassUid: variant.built.sopClassUid,
          sopInstanceUid: facts.sopInstanceUid,
        });
      }

      const capture = { ...captureFacts("RGB"), exam };
      const page: Variant = { iod: "SC", facts: capture, built: buildScImage(capture) };
      checkCommon(await readBack(page), capture);

      const facts = reportFacts({
        exam,
        evidence,
        events: exposures.map((exposure) => ({ exposure, protocolName: "P", bodyPart })),
      });
      const report: Variant = { iod: "RDSR", facts, built: buildDoseReport(facts) };
      const dataSet = await readBack(report);
      checkCommon(dataSet, facts);
      const root = nodeOf(dataSet);
      checkTotals(root);
      const events = childrenOf(root, "113706");
      expect(events.map((e) => childrenOf(e, "113769")[0]?.text)).toEqual(
        exposures.map((e) => e.irradiationEventUid),
      );
      for (const event of events)
        expect(childrenOf(event, "123014")[0]?.code?.value).toBe(BODY_PART_CODES[bodyPart].value);
      const listed = dataSet
        .items(Tag.CurrentRequestedProcedureEvidenceSequence)
        .flatMap((study) => study.items(Tag.ReferencedSeriesSequence))
        .flatMap((series) => series.items(Tag.ReferencedSOPSequence))
        .map((item) => item.string(Tag.ReferencedSOPInstanceUID));
      expect(listed).toEqual(evidence.map((e) => e.sopInstanceUid));
    });
});
