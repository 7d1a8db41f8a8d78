// Serial runs and saved fluoroscopy from the pedal to the object: no frame is lost unseen, and the
// numbers in exam, image and dose report are the same.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { figuresOf } from "./dose-report.ts";
import { granted, openRoom, type Room, refusalOf } from "./room.ts";
import { problemsOf } from "./validated.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

const FRAME_BYTES = 192 * 160 * 2;

async function open(room: Room, protocolId = "fluoroscopy") {
  return granted(
    await room.exams.open({ patient: { name: "Run^One" }, protocolId, operator: "Berg^Ida" }),
  );
}

/** Nothing is left behind: slots free, no file under a passing name. */
function expectClean(room: Room) {
  expect(room.pixels.raw.inUse()).toBe(0);
  expect(room.pixels.image.inUse()).toBe(0);
  expect(room.disk.list("incoming")).toEqual([]);
}

describe("a run", () => {
  const cases = [
    ["serial", "upper-gi", "RF", 15, "66.667"],
    ["serial", "dsa-head", "XA", 7.5, "133.333"],
    ["fluoroscopy", "fluoroscopy", "RF", 12, "83.333"],
  ] as const;
  for (const [kind, protocolId, modality, fps, frameTime] of cases)
    test(`of kind ${kind} with protocol ${protocolId} has every frame in image, exam and report`, async () => {
      await using room = await openRoom();
      const exam = await open(room, protocolId);
      const exposure = granted(await room.exams.expose({ kind, frames: 9, fps }));
      const ended = granted(await room.exams.end(exam.id, "completed"));
      expect(exposure.frames).toBe(9);
      expect(ended.notices).toEqual([]);
      const [image, report] = room.instances(ended);
      if (image === undefined || report === undefined) throw new Error("objects are missing");
      expect(image).toMatchObject({ modality, numberOfFrames: 9, pixelBytes: 9 * FRAME_BYTES });
      const dataSet = await room.dataSet(image);
      expect(dataSet.number(Tag.NumberOfFrames)).toBe(9);
      expect(dataSet.string(Tag.FrameTime)).toBe(frameTime);
      expect(dataSet.number(Tag.FrameIncrementPointer)).toBe(Tag.FrameTime);
      expect(dataSet.string(Tag.IrradiationEventUID)).toBe(exposure.irradiationEventUid);
      expect(await problemsOf(room.bytes(image), modality)).toEqual([]);
      expect(await problemsOf(room.bytes(report), "RDSR")).toEqual([]);
      const figures = figuresOf(await room.dataSet(report));
      if (kind === "serial") expect(figures.frames).toBe("9");
      expect(figures.value(figures.events[0], "113768")).toBe("9");
      expect(figures.sums.filter((s) => s.total !== s.sum)).toEqual([]);
      expectClean(room);
    });

  test("of another kind than the protocol's has values made for that kind, unless the operator set them", async () => {
    await using room = await openRoom();
    const exam = await open(room, "chest-pa");
    granted(await room.exams.expose({ kind: "serial", frames: 2, fps: 7.5 }));
    const shown = granted(await room.exams.expose({ kind: "fluoroscopy", durationMs: 200 }));
    expect(shown.frames).toBe(6);
    expect(shown.report.pulseRate).toBe(30);
    expect(shown.report.ma as number).toBeLessThan(50);
    granted(await room.exams.prepare(exam.id, { technique: { kv: 81, ma: 10, ms: 5 } }));
    const set = granted(await room.exams.expose({ kind: "fluoroscopy", frames: 2 }));
    expect(set.report).toMatchObject({ kv: 81, ma: 10, pulseMs: 5 });
  });

  test("of a protocol with subtraction carries its mask, another one does not", async () => {
    await using room = await openRoom();
    const exam = await open(room, "dsa-head");
    granted(await room.exams.expose({ kind: "serial", frames: 4 }));
    granted(await room.exams.prepare(exam.id, { protocolId: "upper-gi" }));
    granted(await room.exams.expose({ kind: "serial", frames: 4, fps: 15 }));
    const ended = granted(await room.exams.end(exam.id, "completed"));
    const [subtracted, plain] = room.instances(ended);
    if (subtracted === undefined || plain === undefined) throw new Error("objects are missing");
    const [mask] = (await room.dataSet(subtracted)).items(Tag.MaskSubtractionSequence);
    expect(mask?.string(Tag.MaskOperation)).toBe("AVG_SUB");
    expect(mask?.number(Tag.MaskFrameNumbers)).toBe(1);
    expect((await room.dataSet(subtracted)).string(Tag.RecommendedViewingMode)).toBe("SUB");
    expect((await room.dataSet(plain)).has(Tag.MaskSubtractionSequence)).toBe(false);
  });

  test("of one frame is a single-frame image", async () => {
    await using room = await openRoom();
    const exam = await open(room, "upper-gi");
    granted(await room.exams.expose({ kind: "serial", frames: 1, fps: 15 }));
    const [image] = room.instances(granted(await room.exams.end(exam.id, "completed")));
    if (image === undefined) throw new Error("no image");
    expect((await room.dataSet(image)).has(Tag.NumberOfFrames)).toBe(false);
    expect(await problemsOf(room.bytes(image), "RF")).toEqual([]);
  });

  test("of a discontinued exam is kept like any other", async () => {
    await using room = await openRoom();
    const exam = await open(room);
    granted(await room.exams.expose({ kind: "fluoroscopy", frames: 5, fps: 15 }));
    const ended = granted(await room.exams.end(exam.id, "discontinued", "110513"));
    expect(room.instances(ended).map((i) => [i.modality, i.numberOfFrames])).toEqual([
      ["RF", 5],
      ["SR", 0],
    ]);
  });

  test("that is not saved leaves no image, and its dose is in the report", async () => {
    await using room = await openRoom();
    const exam = await open(room);
    granted(await room.exams.expose({ kind: "fluoroscopy", frames: 5, fps: 15, save: false }));
    const ended = granted(await room.exams.end(exam.id, "completed"));
    const [report, ...others] = room.instances(ended);
    expect(others).toEqual([]);
    if (report === undefined) throw new Error("no report");
    const figures = figuresOf(await room.dataSet(report));
    expect(figures.events).toHaveLength(1);
    expect(figures.sums.filter((s) => s.total !== s.sum)).toEqual([]);
    expectClean(room);
  });
});

test("a run that outgrows an object is cut into several of one event and series", async () => {
  await using room = await openRoom({ instancePixelBytesMax: 2 * FRAME_BYTES + 100 });
  const exam = await open(room);
  const exposure = granted(await room.exams.expose({ kind: "fluoroscopy", frames: 13, fps: 15 }));
  const ended = granted(await room.exams.end(exam.id, "completed"));
  const images = room.instances(ended).filter((i) => i.modality === "RF");
  expect(images.map((i) => i.numberOfFrames)).toEqual([2, 2, 2, 2, 2, 2, 1]);
  expect(images.map((i) => i.instanceNumber)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(new Set(images.map((i) => i.seriesInstanceUid)).size).toBe(1);
  const sets = await Promise.all(images.map((i) => room.dataSet(i)));
  expect(new Set(sets.map((s) => s.string(Tag.IrradiationEventUID)))).toEqual(
    new Set([exposure.irradiationEventUid]),
  );
  expect(await problemsOf(room.bytes(images.at(-1) ?? exit()), "RF")).toEqual([]);
  expectClean(room);
});

test("a disk that fills up in the middle of a run keeps what came before", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  granted(await room.exams.prepare(exam.id, {}));
  // Room for the header and some frames, once the exposure was allowed.
  const free = room.disk.freeBytes();
  const forget = room.exams.news.add(() => {});
  const exposing = room.exams.expose({ kind: "fluoroscopy", frames: 20, fps: 15 });
  while (room.disk.list("incoming").length === 0) await Bun.sleep(1);
  const [part] = room.disk.list("incoming");
  const used = room.disk.size(`incoming/${part?.name}`) ?? 0;
  room.disk.capacityBytes -= room.disk.freeBytes() - 5 * FRAME_BYTES - 100;
  const exposure = granted(await exposing);
  forget();
  expect(free).toBeGreaterThan(used);
  expect(exposure.frames).toBe(20);
  room.disk.capacityBytes += 1_000_000;
  const ended = granted(await room.exams.end(exam.id, "completed"));
  const [image] = room.instances(ended);
  if (image === undefined) throw new Error("no image was kept");
  expect(image.modality).toBe("RF");
  expect(image.numberOfFrames).toBeGreaterThan(4);
  expect(image.numberOfFrames).toBeLessThan(20);
  expect((await room.dataSet(image)).number(Tag.NumberOfFrames)).toBe(image.numberOfFrames);
  expect(image.pixelBytes).toBe(image.numberOfFrames * FRAME_BYTES);
  expect(ended.notices).toEqual([
    `${20 - image.numberOfFrames} of 20 frames of a run were not kept: the disk is full.`,
  ]);
  expectClean(room);
});

test("frames that find no slot are counted, told to the operator and not made up", async () => {
  await using room = await openRoom({ slots: { raw: 2, image: 2, display: 1 } });
  const exam = await open(room);
  granted(await room.exams.prepare(exam.id, {}));
  // Somebody holds a slot, and the other is given back late: some frames find none.
  const taken: number[] = [];
  const grab = () => {
    for (let slot = room.pixels.raw.take(); slot !== null; slot = room.pixels.raw.take())
      taken.push(slot);
  };
  const exposing = room.exams.expose({ kind: "fluoroscopy", frames: 20, fps: 15 });
  while (room.panel.state() !== "streaming") await Bun.sleep(1);
  await until(() => room.disk.list("incoming").length > 0);
  await until(() => {
    grab();
    return room.panel.health().overruns >= 3;
  });
  for (const slot of taken) room.pixels.raw.release(slot);
  const exposure = granted(await exposing);
  const ended = granted(await room.exams.end(exam.id, "completed"));
  const lost = 20 - exposure.frames;
  expect(lost).toBeGreaterThanOrEqual(3);
  expect(room.instances(ended)[0]?.numberOfFrames).toBe(exposure.frames);
  expect(ended.notices).toEqual([
    `${lost} of 20 frames of a run were lost: they came faster than they could be processed.`,
  ]);
  expectClean(room);
});

test("a run that the generator ends early has the frames of its pulses", async () => {
  await using room = await openRoom();
  const exam = await open(room, "upper-gi");
  granted(await room.exams.prepare(exam.id, {}));
  const exposing = room.exams.expose({ kind: "serial", frames: 1000, fps: 15 });
  await until(() => room.disk.list("incoming").length > 0);
  await room.generator.release();
  const exposure = granted(await exposing);
  const ended = granted(await room.exams.end(exam.id, "completed"));
  expect(exposure.report.terminatedBy).toBe("release");
  expect(exposure.frames).toBeLessThan(20);
  expect(exposure.frames).toBeLessThanOrEqual(exposure.report.pulses);
  expect(room.instances(ended)[0]?.numberOfFrames).toBe(exposure.frames);
});

test("a shutdown between the panel's trigger and the beam leaves the beam off", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  granted(await room.exams.prepare(exam.id, {}));
  let beams = 0;
  room.generator.onEvent((event) => {
    if (event.type === "state" && event.state === "exposing") beams++;
  });
  const trigger = room.panel.trigger.bind(room.panel);
  let closing: Promise<void> | undefined;
  room.panel.trigger = async () => {
    closing = room.exams.close();
    await trigger();
  };
  const answer = await room.exams.expose({ kind: "fluoroscopy", frames: 20, fps: 15 });
  await closing;
  expect(refusalOf(answer).detail).toBe("The device is being shut down.");
  expect(beams).toBe(0);
  expectClean(room);
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(1);
}

function exit(): never {
  throw new Error("there are no images");
}
