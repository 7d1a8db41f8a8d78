// From the device's records to the API's words.

import { expect, test } from "bun:test";
import { parseByteRange } from "../../src/api/byte-range.ts";
import { examSchema, instanceSchema, jobSchema } from "../../src/api/contract.ts";
import { examView, instanceView, isoDate, jobView, patientView } from "../../src/api/views.ts";
import type { Exam } from "../../src/model/exam.ts";
import type { InstanceRecord } from "../../src/model/instance.ts";
import type { Job } from "../../src/model/job.ts";

const atMs = Date.UTC(2026, 0, 5, 8, 0, 0, 250);
const record: InstanceRecord = {
  sopInstanceUid: "1.2.1",
  sopClassUid: "1.2.840.10008.5.1.4.1.1.1.1",
  transferSyntaxUid: "1.2.840.10008.1.2.1",
  studyInstanceUid: "1.2",
  seriesInstanceUid: "1.2.9",
  modality: "DX",
  seriesNumber: 1,
  instanceNumber: 1,
  numberOfFrames: 1,
  rows: 10,
  columns: 20,
  path: "a/b.dcm",
  fileBytes: 900,
  pixelOffset: 500,
  pixelBytes: 400,
  createdMs: atMs,
  examId: "e1",
  irradiationEventUid: null,
  local: true,
};

test("dates become ISO dates, and what is no date is left out", () => {
  expect(isoDate("19700131")).toBe("1970-01-31");
  expect([isoDate(""), isoDate(undefined), isoDate("1970")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const view = patientView({ patientId: "P", patientName: "N", birthDate: "", sex: "O" });
  expect(view).toEqual({ id: "P", name: "N", sex: "O" });
});

test("a job's times and target are shown, and its file paths are not", () => {
  const job: Job = {
    id: "j1",
    type: "export",
    state: "waiting",
    createdMs: atMs,
    progress: { done: 1, total: 3 },
    attempts: 2,
    nextAttemptMs: atMs + 60_000,
    reason: "The stick is full.",
    log: [{ atMs, text: "begun" }],
    parameters: {
      type: "export",
      target: { kind: "usb", device: "/dev/sdb1" },
      sopInstanceUids: ["1.2.1"],
    },
  };
  const view = jobView(job);
  expect(view).toEqual({
    id: "j1",
    type: "export",
    state: "waiting",
    progress: { done: 1, total: 3 },
    attempts: 2,
    nextAttemptAt: "2026-01-05T08:01:00.250Z",
    reason: "The stick is full.",
    log: [{ at: "2026-01-05T08:00:00.250Z", text: "begun" }],
    createdAt: "2026-01-05T08:00:00.250Z",
    target: "/dev/sdb1",
  });
  expect(jobSchema.parse(view)).toEqual(view);
});

test("an instance and an exam are shown as the contract has them", () => {
  const instance = instanceView(record, { send: [], commit: [], print: [], export: [] });
  expect(instanceSchema.parse(instance)).toEqual(instance);
  expect(instance).not.toHaveProperty("path");
  expect(instance).not.toHaveProperty("irradiationEventUid");
  const exam: Exam = {
    id: "e1",
    state: "discontinued",
    patient: { patientId: "P", patientName: "Doe^Jane" },
    studyInstanceUid: "1.2",
    studyId: "1",
    accessionNumber: "",
    studyDescription: "Chest",
    studyStartedMs: atMs,
    startedMs: atMs,
    endedMs: atMs + 1000,
    modality: "DX",
    protocolId: "chest-pa",
    operator: "",
    performingPhysician: "",
    referringPhysician: "",
    mppsSopInstanceUid: "1.2.8",
    performedProcedureStepId: "1",
    stepNumber: 1,
    discontinuationReason: "110513",
    series: [],
    exposures: [],
  };
  const view = examView(exam, [record], { state: "failed", reason: "no answer" });
  expect(examSchema.parse(view)).toEqual(view);
  expect(view).toMatchObject({
    endedAt: "2026-01-05T08:00:01.250Z",
    discontinuationReason: "110513",
    mpps: { sopInstanceUid: "1.2.8", state: "failed", reason: "no answer" },
    instances: [{ sopInstanceUid: "1.2.1", numberOfFrames: 1 }],
  });
});

test.each([
  [undefined, { kind: "whole" }],
  ["bytes=0-", { kind: "part", start: 0, end: 100 }],
  ["bytes=10-19", { kind: "part", start: 10, end: 20 }],
  ["bytes=90-1000", { kind: "part", start: 90, end: 100 }],
  ["bytes=-5", { kind: "part", start: 95, end: 100 }],
  ["bytes=-500", { kind: "part", start: 0, end: 100 }],
  ["bytes=-0", { kind: "unsatisfiable" }],
  ["bytes=100-", { kind: "unsatisfiable" }],
  ["bytes=20-10", { kind: "whole" }],
  ["bytes=0-1,5-6", { kind: "whole" }],
  ["lines=0-1", { kind: "whole" }],
  ["bytes=-", { kind: "whole" }],
] as const)("of 100 bytes, the range %s is understood", (header, expected) => {
  expect(parseByteRange(header, 100)).toEqual(expected);
});
