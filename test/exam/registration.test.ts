// What is typed, picked and scheduled: refused at input with the character named, tried out before the
// exposure, and where it had to be changed in the objects, told.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import type { WorklistItem } from "../../src/model/worklist-item.ts";
import { worklistItem } from "../dicom/iod/variants.ts";
import { granted, openRoom, type Room, refusalOf } from "./room.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

const protocol = (more: object) => ({
  id: "own",
  name: "OWN",
  studyDescription: "OWN",
  bodyPart: "CHEST",
  kind: "radiography",
  object: "DX",
  technique: { kv: 80, ma: 100, ms: 10 },
  ...more,
});

async function schedule(room: Room, more: Partial<WorklistItem>): Promise<string> {
  const item: WorklistItem = { ...worklistItem, id: "item-1", modality: "RF", ...more };
  await room.storage.saveWorklist([item], 0);
  return item.id;
}

describe("an exam is refused at its opening", () => {
  const cases: readonly (readonly [string, object, string])[] = [
    [
      "a character no object can hold in the patient's name",
      { patient: { name: "Łukasz^A" } },
      "Ł",
    ],
    ["a name of 64 characters", { patient: { name: "A".repeat(64) } }, "63"],
    ["four groups in a name", { patient: { name: "A=B=C=D" } }, "3 groups"],
    ["a name of nothing but carets", { patient: { name: "^^" } }, "empty"],
    ["髙, which JIS X 0208 lacks", { patient: { name: "TAKAHASHI=髙橋^太郎" } }, "髙"],
    ["é in the default repertoire", { patient: { name: "Renée^A" } }, "é"],
    ["an ID of kanji", { patient: { name: "A^B", id: "患者" } }, "患"],
    ["an operator that cannot be written", { patient: { name: "A^B" }, operator: "Ø^P" }, "Ø"],
    [
      "a physician that cannot be written",
      { patient: { name: "A^B" }, performingPhysician: "Ø^P" },
      "Ø",
    ],
  ];
  for (const [what, request, named] of cases)
    test(`for ${what}`, async () => {
      await using room = await openRoom();
      const { code, detail } = refusalOf(await room.exams.open(request));
      expect(code).toBe("invalid-field");
      expect(detail).toContain(named);
      expect(room.storage.reader.exams({})).toEqual([]);
    });

  test("for a protocol whose name cannot be written", async () => {
    await using room = await openRoom({
      configuration: { acquisition: { protocols: [protocol({ name: "胸部" })] } },
    });
    const answer = await room.exams.open({ patient: { name: "A^B" }, protocolId: "own" });
    expect(refusalOf(answer)).toMatchObject({ code: "invalid-field" });
    expect(refusalOf(answer).detail).toContain("胸");
  });

  test("but not where the device writes Unicode", async () => {
    await using room = await openRoom({
      configuration: { local: { characterSet: "ISO_IR 192" } },
    });
    granted(await room.exams.open({ patient: { name: "Łukasz^A" }, operator: "Ø^P" }));
  });

  test("half-width kana are taken and become full-width in the image, odd carets stay", async () => {
    await using room = await openRoom();
    for (const [name, written] of [
      ["YAMADA^TARO=山田^太郎=ﾔﾏﾀﾞ^ﾀﾛｳ", "YAMADA^TARO=山田^太郎=ヤマダ^タロウ"],
      ["A^B==C", "A^B==C"],
      ["=山田^太郎", "=山田^太郎"],
      ["^^^Dr^", "^^^Dr^"],
    ] as const) {
      const { id } = granted(await room.exams.open({ patient: { name } }));
      granted(await room.exams.expose({ kind: "radiography" }));
      const ended = granted(await room.exams.end(id, "completed"));
      const [image] = room.instances(ended);
      if (image === undefined) throw new Error("no image");
      expect((await room.dataSet(image)).string(Tag.PatientName)).toBe(written);
      expect(ended.notices).toEqual([]);
    }
  });

  test("and 63 characters, kanji and kana are taken", async () => {
    await using room = await openRoom();
    for (const name of ["A".repeat(63), "Yamada^Taro=山田^太郎=ヤマダ^タロウ"])
      expect(granted(await room.exams.open({ patient: { name } })).patient.patientName).toBe(name);
  });
});

describe("before anybody is irradiated", () => {
  test("an item without a patient ID is refused with the attribute named", async () => {
    await using room = await openRoom();
    const patient = { patientId: "", patientName: "A^B" };
    const worklistItemId = await schedule(room, { patient });
    const exam = granted(await room.exams.open({ worklistItemId }));
    const prepared = refusalOf(await room.exams.prepare(exam.id, {}));
    expect(prepared.code).toBe("not-ready");
    expect(prepared.detail).toContain("PatientID");
    const exposed = refusalOf(await room.exams.expose({ kind: "radiography" }));
    expect(exposed.code).toBe("not-ready");
    expect(room.exams.get(exam.id)?.exposures).toEqual([]);
    expect((await room.generator.dapMeter.read()).dap).toBe(0 as never);
  });

  test("a contrast agent that cannot be written is refused", async () => {
    await using room = await openRoom();
    const exam = granted(await room.exams.open({ patient: { name: "A^B" } }));
    const { code, detail } = refusalOf(
      await room.exams.prepare(exam.id, { contrastAgent: "硫酸バリウム" }),
    );
    expect(code).toBe("invalid-field");
    expect(detail).toContain("硫");
  });

  test("a rate at which the pulses do not fit is refused, and the next exposure is made", async () => {
    await using room = await openRoom();
    granted(await room.exams.open({ patient: { name: "A^B" }, protocolId: "dsa-head" }));
    const { code, detail } = refusalOf(await room.exams.expose({ kind: "serial", fps: 15 }));
    expect(code).toBe("not-ready");
    expect(detail).toContain("Pulses");
    granted(await room.exams.expose({ kind: "serial", frames: 2 }));
  });
});

describe("what had to be changed in the objects", () => {
  test("is told with the exam: text that was cut and characters that others stand for", async () => {
    await using room = await openRoom();
    const worklistItemId = await schedule(room, {
      patient: { patientId: "P1", patientName: "Łukasz^Anna" },
      accessionNumber: "A".repeat(20),
    });
    const exam = granted(await room.exams.open({ worklistItemId }));
    granted(await room.exams.expose({ kind: "radiography" }));
    const ended = granted(await room.exams.end(exam.id, "completed"));
    const notices = ended.notices ?? [];
    expect(notices.some((n) => n.includes("AccessionNumber") && n.includes("cut"))).toBe(true);
    expect(notices.some((n) => n.includes("PatientName") && n.includes('"Ł"'))).toBe(true);
    expect(new Set(notices).size).toBe(notices.length);
    expect(room.exams.get(exam.id)?.notices).toEqual(notices);
    const [image] = room.instances(ended);
    if (image === undefined) throw new Error("no image");
    expect((await room.dataSet(image)).string(Tag.AccessionNumber)).toBe("A".repeat(16));
    expect(room.log.find((l) => l.event === "text-changed")?.level).toBe("warn");
    // No patient data in the log.
    expect(JSON.stringify(room.log)).not.toContain("Łukasz");
  });

  test("is nothing where everything fits", async () => {
    await using room = await openRoom();
    const exam = granted(await room.exams.open({ patient: { name: "A^B" } }));
    granted(await room.exams.expose({ kind: "radiography" }));
    expect(granted(await room.exams.end(exam.id, "completed")).notices).toEqual([]);
  });
});

test("an exam that is ended while images are made waits for them and takes no exposure", async () => {
  await using room = await openRoom();
  const exam = granted(await room.exams.open({ patient: { name: "A^B" } }));
  for (let n = 0; n < 4; n++) granted(await room.exams.expose({ kind: "radiography" }));
  const ending = room.exams.end(exam.id, "completed");
  const [ended, again, late] = await Promise.all([
    ending,
    room.exams.end(exam.id, "completed"),
    room.exams.expose({ kind: "radiography" }),
  ]);
  expect(refusalOf(late).code).toBe("exam-not-open");
  expect(refusalOf(again).code).toBe("exam-not-open");
  const images = room.instances(granted(ended)).filter((i) => i.modality === "DX");
  expect(images.map((i) => i.instanceNumber)).toEqual([1, 2, 3, 4]);
});
