// Ten random examinations in the room: whatever was scheduled, typed and prepared is in every object, and
// the dose report adds up to the last digit.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { dicomDateTime } from "../../src/core/clock.ts";
import { Random } from "../../src/core/random.ts";
import type { DataSet } from "../../src/dicom/data/data-set.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { dGyCm2Text, doseTotals, gyM2Text, gyText } from "../../src/model/dose.ts";
import type { Exam } from "../../src/model/exam.ts";
import type { Exposure } from "../../src/model/exposure.ts";
import { millimetres } from "../../src/model/units.ts";
import type { WorklistItem } from "../../src/model/worklist-item.ts";
import { worklistItem } from "../dicom/iod/variants.ts";
import { figuresOf } from "./dose-report.ts";
import { granted, openRoom, type Room } from "./room.ts";
import { problemsOf } from "./validated.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

const ZONE = "Asia/Tokyo";
const NAMES = ["NASU^TARO", "Yamada^Hanako=山田^花子", "VAN DER BERG^J", "O'NEIL^MARY ANN^B"];
const SETUPS = [
  { protocolId: "chest-pa", kind: "radiography" },
  { protocolId: "knee-ap", kind: "radiography" },
  { protocolId: "hand-pa", kind: "radiography" },
  { protocolId: "upper-gi", kind: "serial" },
  { protocolId: "dsa-abdomen", kind: "serial" },
  { protocolId: "fluoroscopy", kind: "fluoroscopy" },
] as const;

const digits = (random: Random, count: number) =>
  Array.from({ length: count }, () => random.int(1, 9)).join("");

function randomItem(random: Random): WorklistItem {
  return {
    ...worklistItem,
    id: "item",
    modality: "RF",
    patient: {
      patientId: `P${digits(random, 9)}`,
      patientName: random.pick(NAMES),
      birthDate: `19${random.int(20, 99)}0${random.int(1, 9)}${random.int(10, 28)}`,
      sex: random.pick(["M", "F", "O"] as const),
    },
    studyInstanceUid: `1.2.840.${digits(random, 8)}.1`,
    accessionNumber: `A${digits(random, 15)}`,
    referringPhysician: random.pick(NAMES),
    requestedProcedureId: `RP${digits(random, 6)}`,
    scheduledPerformingPhysician: random.pick(NAMES),
  };
}

async function openRandom(room: Room, random: Random): Promise<Exam> {
  const operator = random.pick(NAMES);
  if (random.chance(0.4))
    return granted(
      await room.exams.open({
        patient: {
          name: random.pick(NAMES),
          id: random.chance(0.5) ? `P${digits(random, 6)}` : undefined,
          birthDate: random.chance(0.5) ? "19700131" : undefined,
          sex: random.chance(0.5) ? "F" : undefined,
        },
        operator,
      }),
    );
  await room.storage.saveWorklist([randomItem(random)], 0);
  return granted(await room.exams.open({ worklistItemId: "item", operator }));
}

async function exposeRandom(room: Room, random: Random, examId: string): Promise<Exposure> {
  const { protocolId, kind } = random.pick(SETUPS);
  const order = {
    protocolId,
    technique: kind === "radiography" ? { kv: random.int(50, 120), ms: random.int(4, 20) } : {},
    laterality: random.chance(0.5) ? random.pick(["R", "L"] as const) : undefined,
    geometry: { sourceToDetectorMm: millimetres(random.int(1000, 1800)) },
  };
  granted(await room.exams.prepare(examId, order));
  return granted(
    await room.exams.expose({
      kind,
      frames: random.int(2, 4),
      save: kind === "fluoroscopy" ? random.chance(0.6) : undefined,
    }),
  );
}

/** What every object of the exam says. */
function checkCommon(dataSet: DataSet, exam: Exam): void {
  const study = dicomDateTime(exam.studyStartedMs, ZONE);
  const { patient } = exam;
  expect({
    name: dataSet.string(Tag.PatientName),
    id: dataSet.string(Tag.PatientID),
    birth: dataSet.string(Tag.PatientBirthDate),
    sex: dataSet.string(Tag.PatientSex),
    uid: dataSet.string(Tag.StudyInstanceUID),
    date: dataSet.string(Tag.StudyDate),
    time: dataSet.string(Tag.StudyTime),
    accession: dataSet.string(Tag.AccessionNumber),
    referring: dataSet.string(Tag.ReferringPhysicianName) ?? "",
  }).toEqual({
    name: patient.patientName,
    id: patient.patientId,
    birth: patient.birthDate,
    sex: patient.sex ?? "O",
    uid: exam.studyInstanceUid,
    date: study.date,
    time: study.time,
    accession: exam.accessionNumber,
    referring: exam.referringPhysician,
  });
  const [step] = dataSet.items(Tag.ReferencedPerformedProcedureStepSequence);
  // XA, RF and CR need not refer to the step (E82); those that do refer to the exam's.
  if (["DX", "SR"].includes(dataSet.string(Tag.Modality) ?? "")) expect(step).toBeDefined();
  expect(step?.string(Tag.ReferencedSOPInstanceUID) ?? exam.mppsSopInstanceUid).toBe(
    exam.mppsSopInstanceUid,
  );
}

function checkImage(dataSet: DataSet, exam: Exam, exposure: Exposure): void {
  const { report } = exposure;
  const started = dicomDateTime(report.startMs, ZONE);
  expect(dataSet.string(Tag.OperatorsName)).toBe(exam.operator);
  expect(dataSet.string(Tag.PerformingPhysicianName) ?? "").toBe(exam.performingPhysician);
  expect(dataSet.number(Tag.KVP)).toBe(report.kv);
  expect(dataSet.number(Tag.XRayTubeCurrent)).toBe(Math.round(report.ma));
  expect(dataSet.number(Tag.ExposureTime)).toBe(Math.round(report.exposureTimeMs));
  expect(dataSet.number(Tag.DistanceSourceToDetector)).toBe(exposure.geometry.sourceToDetectorMm);
  expect(dataSet.string(Tag.AcquisitionDate)).toBe(started.date);
  expect(dataSet.string(Tag.AcquisitionTime)).toBe(started.time);
  expect(dataSet.number(Tag.NumberOfFrames) ?? 1).toBe(exposure.frames);
  const dap = dataSet.string(Tag.ImageAndFluoroscopyAreaDoseProduct);
  if (dap !== undefined) expect(dap).toBe(dGyCm2Text(report.dap));
}

describe("a random examination", () => {
  for (let seed = 1; seed <= 10; seed++)
    test(`of seed ${seed} says in every object what was entered, and its report adds up`, async () => {
      const random = new Random(seed);
      await using room = await openRoom({
        seed,
        configuration: {
          device: { timeZone: ZONE },
          // A server for the performed step, so that objects refer to it; nobody calls it here.
          remotes: [{ id: "ris", aeTitle: "RIS", host: "127.0.0.1", port: 1, services: ["mpps"] }],
        },
      });
      const opened = await openRandom(room, random);
      const exposures: Exposure[] = [];
      for (let n = random.int(2, 4); n > 0; n--)
        exposures.push(await exposeRandom(room, random, opened.id));
      const state = random.chance(0.3) ? "discontinued" : "completed";
      const exam = granted(await room.exams.end(opened.id, state, "110513"));
      expect(exam.exposures.map((e) => e.exposureId)).toEqual(exposures.map((e) => e.exposureId));
      expect(exam.notices).toEqual([]);

      const made = room.instances(exam);
      const images = made.filter((i) => i.modality !== "SR");
      const kept = exposures.filter((e) => e.saved);
      expect(images.map((i) => i.irradiationEventUid).sort()).toEqual(
        kept.map((e) => e.irradiationEventUid).sort(),
      );
      for (const image of images) {
        const exposure = exposures.find((e) => e.irradiationEventUid === image.irradiationEventUid);
        if (exposure === undefined) throw new Error("an image of no exposure");
        const dataSet = await room.dataSet(image);
        checkCommon(dataSet, exam);
        checkImage(dataSet, exam, exposure);
        expect(await problemsOf(room.bytes(image), image.modality)).toEqual([]);
      }

      const report = made.find((i) => i.modality === "SR");
      if (report === undefined) throw new Error("no report");
      const dataSet = await room.dataSet(report);
      checkCommon(dataSet, exam);
      expect(await problemsOf(room.bytes(report), "RDSR")).toEqual([]);
      const figures = figuresOf(dataSet);
      expect(figures.sums.filter((s) => s.total !== s.sum)).toEqual([]);
      expect(
        figures.events.map((event) => [
          figures.value(event, "113769"),
          figures.value(event, "122130"),
          figures.value(event, "113738"),
        ]),
      ).toEqual(
        exposures.map((e) => [
          e.irradiationEventUid,
          gyM2Text(e.report.dap),
          gyText(e.report.doseRp),
        ]),
      );
      const { radiographicFrames } = doseTotals(exposures);
      if (radiographicFrames > 0) expect(figures.frames).toBe(String(radiographicFrames));
    });
});
