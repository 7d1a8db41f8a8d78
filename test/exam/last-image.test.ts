// After the pedal's release: the last image is held, can be stored by itself, and a run that was only looked
// at can be saved until something else begins.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import type { DisplayFrame } from "../../src/exam/live-picture.ts";
import { granted, openRoom, type Room } from "./room.ts";
import { problemsOf } from "./validated.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

const PIXELS = 192 * 160;

async function open(room: Room) {
  return granted(
    await room.exams.open({
      patient: { name: "Held^Image" },
      protocolId: "fluoroscopy",
      operator: "Berg^Ida",
    }),
  );
}

/** What the screen was told, with the pixels of held frames. */
function watched(room: Room) {
  const seen: (Pick<DisplayFrame, "sequence" | "state"> & { pixels: Uint8Array<ArrayBuffer> })[] =
    [];
  room.images.display.add(({ sequence, state, pixels }) =>
    seen.push({ sequence, state, pixels: new Uint8Array(pixels) }),
  );
  return seen;
}

/** Fluoroscopy without saving, until its last image is held. */
async function look(room: Room, frames = 6) {
  const held = Promise.withResolvers<void>();
  const forget = room.images.display.add(({ state }) => {
    if (state === "held") held.resolve();
  });
  const exposed = await room.exams.expose({ kind: "fluoroscopy", frames, save: false });
  await held.promise;
  forget();
  return exposed;
}

test("the last frame is held as it was shown, until the next exposure begins", async () => {
  await using room = await openRoom();
  await open(room);
  const seen = watched(room);
  granted(await look(room));
  const [last, held] = seen.slice(-2);
  if (last === undefined || held === undefined) throw new Error("nothing was shown");
  expect(seen.slice(0, -1).every(({ state }) => state === "live")).toBe(true);
  expect(held).toEqual({ ...last, state: "held" });
  expect(new Uint8Array(room.images.held?.pixels ?? [])).toEqual(last.pixels);
  granted(await room.exams.expose({ kind: "radiography" }));
  expect(seen.at(-1)?.state).toBe("cleared");
  expect(room.images.held).toBeNull();
});

test("ending the exam, and opening another, clears the screen and keeps nothing", async () => {
  for (const leave of ["end", "open"] as const) {
    await using room = await openRoom();
    const exam = await open(room);
    granted(await look(room));
    if (leave === "end") granted(await room.exams.end(exam.id, "completed"));
    else await open(room);
    expect(room.images.held).toBeNull();
    expect(room.pixels.image.inUse()).toBe(0);
    expect(room.pixels.display.inUse()).toBe(0);
    expect(room.disk.list("incoming")).toEqual([]);
  }
});

test("the held image is stored as one valid RF frame of the run's event, and the exam knows it", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  const exposure = granted(await look(room));
  const held = room.images.held?.pixels.slice();
  const record = granted(await room.exams.storeLastImage(exam.id));
  expect(record).toMatchObject({ modality: "RF", numberOfFrames: 1, pixelBytes: PIXELS * 2 });
  const dataSet = await room.dataSet(record);
  expect(dataSet.string(Tag.IrradiationEventUID)).toBe(exposure.irradiationEventUid);
  expect(await problemsOf(room.bytes(record), "RF")).toEqual([]);
  // Windowed as it says, it is what was seen.
  const center = dataSet.number(Tag.WindowCenter) ?? 0;
  const width = dataSet.number(Tag.WindowWidth) ?? 1;
  const bytes = room.bytes(record);
  const at = record.pixelOffset;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, PIXELS * 2);
  let most = 0;
  for (let i = 0; i < PIXELS; i++) {
    const part = (view.getUint16(i * 2, true) - (center - 0.5)) / (width - 1) + 0.5;
    const level = Math.min(255, Math.max(0, part * 255));
    most = Math.max(most, Math.abs(level - (held?.[i] ?? 0)));
  }
  expect(most).toBeLessThanOrEqual(1);
  // Again is another image; the run itself is still not saved.
  granted(await room.exams.storeLastImage(exam.id));
  const ended = granted(await room.exams.end(exam.id, "completed"));
  expect(room.instances(ended).filter((i) => i.modality === "RF").length).toBe(2);
  expect(ended.exposures[0]?.saved).toBe(false);
});

test("a run that was only looked at is saved after all, every frame of it", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  const exposure = granted(await look(room, 7));
  const [record, ...more] = granted(await room.exams.saveLastRun(exam.id));
  if (record === undefined) throw new Error("no instance");
  expect(more).toEqual([]);
  expect(record).toMatchObject({ modality: "RF", numberOfFrames: exposure.frames });
  expect(await problemsOf(room.bytes(record), "RF")).toEqual([]);
  expect(room.exams.get(exam.id)?.exposures[0]?.saved).toBe(true);
  const again = await room.exams.saveLastRun(exam.id);
  expect(again).toMatchObject({ ok: false, refusal: { code: "wrong-state" } });
  // It is still on the screen.
  expect(room.images.held).not.toBeNull();
  granted(await room.exams.end(exam.id, "completed"));
  expect(room.disk.list("incoming")).toEqual([]);
});

test("once another exposure began, or where none was, neither can be kept, and the answer says until when", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  const refusal = { ok: false, refusal: { code: "wrong-state" } };
  expect(await room.exams.storeLastImage(exam.id)).toMatchObject(refusal);
  granted(await look(room));
  granted(await room.exams.expose({ kind: "radiography" }));
  expect(await room.exams.storeLastImage(exam.id)).toMatchObject(refusal);
  expect(await room.exams.saveLastRun(exam.id)).toMatchObject(refusal);
  expect(await room.exams.saveLastRun("exam-77")).toMatchObject({
    refusal: { code: "not-found" },
  });
  granted(await room.exams.end(exam.id, "completed"));
  expect(await room.exams.storeLastImage(exam.id)).toMatchObject({
    refusal: { code: "exam-not-open" },
  });
  expect(room.disk.list("incoming")).toEqual([]);
});

test("a run of sixty frames through the fewest slots holds one of each at its end", async () => {
  await using room = await openRoom({ slots: { raw: 32, image: 3, display: 2 } });
  await open(room);
  granted(await look(room, 60));
  expect(room.pixels.image.inUse()).toBeLessThanOrEqual(1);
  expect(room.pixels.display.inUse()).toBe(1);
});
