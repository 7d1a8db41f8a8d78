// The scheduled workflow from outside: the worklist over the API, an exam of an item, the step created,
// set, failed and sent again, and what a kill in between leaves.

import { expect, test } from "bun:test";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { type DeviceProcess, ProblemAnswer, startDevice, until } from "../device-process.ts";
import { startStepScp } from "../services/mpps/step-scp.ts";
import { answerOf, startScheduler } from "../services/worklist/scheduler.ts";

interface ItemAnswer {
  readonly id: string;
  readonly studyInstanceUid: string;
  readonly patient: { readonly name: string };
  readonly examId?: string;
  readonly remarks?: readonly string[];
}

interface ListAnswer {
  readonly items: readonly ItemAnswer[];
  readonly complete: boolean;
  readonly reason?: string;
  readonly leftOut?: number;
}

interface ExamAnswer {
  readonly id: string;
  readonly studyInstanceUid: string;
  readonly accessionNumber: string;
  readonly mpps: {
    readonly sopInstanceUid: string;
    readonly state: string;
    readonly reason?: string;
  };
  readonly instances: readonly { readonly sopInstanceUid: string; readonly modality: string }[];
}

const remote = (id: string, port: number, service: string) => ({
  id,
  aeTitle: id.toUpperCase(),
  host: "127.0.0.1",
  port,
  services: [service],
  lifeCheck: false,
});

const configuration = (worklist: number, mpps: number, more: object = {}) => ({
  remotes: [remote("ris", worklist, "worklist"), remote("steps", mpps, "mpps")],
  // The peers live in the busy process of the test.
  associationResponseTimeout: 10,
  ...more,
});

const stateOf = (device: DeviceProcess, exam: ExamAnswer, state: string) =>
  until(`the step is ${state}`, async () => {
    const now = await device.get<ExamAnswer>(`exams/${exam.id}`);
    return now.mpps.state === state ? now : undefined;
  });

test("an item of the worklist becomes an exam, and the exam a completed step", async () => {
  await using scheduler = await startScheduler([
    answerOf({ name: "Yamada^Tarou=山田^太郎", studyUid: "", date: "" }),
    answerOf({ patientId: "P2", stepId: "S2", modality: "CT", date: "" }),
  ]);
  await using scp = await startStepScp();
  await using device = await startDevice({
    configuration: configuration(scheduler.port, scp.port),
  });
  expect(await device.get<ListAnswer>("worklist")).toEqual({ items: [], complete: true });
  const list = await device.post<ListAnswer>("worklist/query", {});
  expect(list).toMatchObject({ complete: true, leftOut: 1 });
  const [item] = list.items;
  if (item === undefined) throw new Error("an item");
  expect(item.patient.name).toBe("Yamada^Tarou=山田^太郎");

  const exam = await device.post<ExamAnswer>("exams", { worklistItemId: item.id });
  expect(exam).toMatchObject({
    studyInstanceUid: item.studyInstanceUid,
    accessionNumber: "A1",
    mpps: { state: "pending" },
  });
  expect(scp.received.length).toBe(0);
  await device.post("simulator/expose", { kind: "radiography" });
  await stateOf(device, exam, "in-progress");
  await device.post(`exams/${exam.id}/complete`);
  const done = await stateOf(device, exam, "completed");
  const [create, set] = scp.received;
  expect(create?.uid).toBe(exam.mpps.sopInstanceUid);
  const [attributes] = create?.dataSet.items(Tag.ScheduledStepAttributesSequence) ?? [];
  expect(attributes?.string(Tag.ScheduledProcedureStepID)).toBe("SPS1");
  expect(attributes?.string(Tag.StudyInstanceUID)).toBe(item.studyInstanceUid);
  const series = set?.dataSet.items(Tag.PerformedSeriesSequence) ?? [];
  const referenced = series.flatMap((s) =>
    [
      ...s.items(Tag.ReferencedImageSequence),
      ...s.items(Tag.ReferencedNonImageCompositeSOPInstanceSequence),
    ].map((r) => r.string(Tag.ReferencedSOPInstanceUID) ?? ""),
  );
  expect(referenced.toSorted()).toEqual(done.instances.map((i) => i.sopInstanceUid).toSorted());
  expect(done.instances.map((i) => i.modality)).toContain("SR");
  const after = await device.get<ListAnswer>("worklist");
  expect(after.items.map((i) => i.examId)).toEqual([exam.id]);
  const refusal = device.post(`exams/${exam.id}/mpps/resend`).catch((error: unknown) => error);
  expect(await refusal).toMatchObject({ status: 409 });
  expect(await refusal).toBeInstanceOf(ProblemAnswer);
}, 60_000);

test("a failed step is shown, sent again by the operator, and told to the end", async () => {
  await using scheduler = await startScheduler();
  await using scp = await startStepScp();
  scp.faults.push(0x0213);
  await using device = await startDevice({
    configuration: configuration(scheduler.port, scp.port),
  });
  const exam = await device.post<ExamAnswer>("exams", { patient: { name: "Doe^Jane" } });
  await device.post("simulator/expose", { kind: "radiography" });
  const failed = await stateOf(device, exam, "failed");
  expect(failed.mpps.reason).toContain("0213");
  await device.post(`exams/${exam.id}/discontinue`, { reasonCode: "110501" });
  await device.post(`exams/${exam.id}/mpps/resend`);
  await stateOf(device, exam, "discontinued");
  expect(scp.received.map((r) => r.message)).toEqual(["create", "create", "set"]);
  expect(scp.steps.get(exam.mpps.sopInstanceUid)).toBe("DISCONTINUED");
}, 60_000);

test("killed while its server is away, the device tells every step afterwards, once", async () => {
  await using scheduler = await startScheduler();
  await using scp = await startStepScp();
  const mpps = { queueWhenUnreachable: true };
  await using away = await startDevice({ configuration: configuration(1, 1, { mpps }) });
  const exams: ExamAnswer[] = [];
  for (let i = 0; i < 3; i++) {
    const exam = await away.post<ExamAnswer>("exams", { patient: { name: `Doe^${i}` } });
    await away.post("simulator/expose", { kind: "radiography" });
    await until("the image is durable", async () => {
      const { instances } = await away.get<ExamAnswer>(`exams/${exam.id}`);
      return instances.length > 0 ? true : undefined;
    });
    if (i < 2) await away.post(`exams/${exam.id}/complete`);
    exams.push(exam);
  }
  await away.stop("SIGKILL");
  await using device = await startDevice({
    dataFolder: away.dataFolder,
    configuration: configuration(scheduler.port, scp.port, { mpps }),
  });
  const [first, second, third] = exams;
  if (first === undefined || second === undefined || third === undefined) throw new Error("three");
  await stateOf(device, first, "completed");
  await stateOf(device, second, "completed");
  await stateOf(device, third, "in-progress");
  await device.post(`exams/${third.id}/complete`);
  await stateOf(device, third, "completed");
  for (const exam of exams)
    expect(
      scp.received.filter((r) => r.uid === exam.mpps.sopInstanceUid).map((r) => r.message),
    ).toEqual(["create", "set"]);
}, 90_000);
