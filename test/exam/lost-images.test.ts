// When no image comes of an exposure: its dose is recorded all the same, the operator is told, and the
// room can go on.

import { expect, setDefaultTimeout, test } from "bun:test";
import { SlotPool, slotPoolBytes } from "../../src/core/slot-pool.ts";
import { SlotQueue } from "../../src/exam/slot-queue.ts";
import { figuresOf } from "./dose-report.ts";
import { granted, openRoom, type Room } from "./room.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

const open = async (room: Room) =>
  granted(await room.exams.open({ patient: { name: "Lost^Image" } }));

async function eventsOfReport(room: Room, examId: string): Promise<number> {
  const ended = granted(await room.exams.end(examId, "discontinued", "110501"));
  const report = room.instances(ended).find((i) => i.modality === "SR");
  if (report === undefined) throw new Error("no report");
  return figuresOf(await room.dataSet(report)).events.length;
}

test("a disk that is full after the exposure costs the image and not its dose", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  granted(await room.exams.prepare(exam.id, {}));
  const exposing = room.exams.expose({ kind: "radiography" });
  while (room.panel.state() !== "integrating") await Bun.sleep(1);
  const { capacityBytes } = room.disk;
  room.disk.capacityBytes = 0;
  const { exposureId } = granted(await exposing);
  while (room.exams.lostImages === 0) await Bun.sleep(1);
  room.disk.capacityBytes = capacityBytes;
  expect(await eventsOfReport(room, exam.id)).toBe(1);
  const { notices = [] } = room.exams.get(exam.id) ?? {};
  expect(notices).toHaveLength(1);
  expect(notices[0]).toStartWith(`radiography ${exposureId} left no image: the disk is full`);
  expect(room.news.some((n) => n.type === "image-lost")).toBe(true);
  expect(room.pixels.raw.inUse() + room.pixels.image.inUse()).toBe(0);
});

test("a panel that fails in the exposure costs the image and not its dose", async () => {
  await using room = await openRoom();
  const exam = await open(room);
  granted(await room.exams.prepare(exam.id, {}));
  const exposing = room.exams.expose({ kind: "radiography" });
  while (room.panel.state() !== "integrating") await Bun.sleep(1);
  room.panel.faults.fail("the cable was pulled");
  const { exposureId } = granted(await exposing);
  expect(room.exams.get(exam.id)?.notices).toEqual([
    `radiography ${exposureId} left no image: the panel delivered no frame.`,
  ]);
  expect(room.exams.lostImages).toBe(1);
  expect(await eventsOfReport(room, exam.id)).toBe(1);
});

test("radiographs beyond the slots for processed pictures wait for each other", async () => {
  await using room = await openRoom({ slots: { raw: 4, image: 1, display: 1 } });
  const exam = await open(room);
  for (let n = 0; n < 4; n++) granted(await room.exams.expose({ kind: "radiography" }));
  const ended = granted(await room.exams.end(exam.id, "completed"));
  expect(room.instances(ended).filter((i) => i.modality === "DX")).toHaveLength(4);
  expect(ended.notices).toEqual([]);
});

test("slots are handed on in the order they were asked for", async () => {
  const pool = new SlotPool(new SharedArrayBuffer(slotPoolBytes(1, 64)), {
    name: "one",
    base: 0,
    slots: 1,
    slotBytes: 64,
  });
  const queue = new SlotQueue(pool);
  const order: string[] = [];
  const use = async (name: string) => {
    const slot = await queue.take();
    order.push(name);
    await Promise.resolve();
    queue.release(slot);
  };
  await Promise.all([use("a"), use("b"), use("c")]);
  expect(order).toEqual(["a", "b", "c"]);
  expect(pool.inUse()).toBe(0);
});
