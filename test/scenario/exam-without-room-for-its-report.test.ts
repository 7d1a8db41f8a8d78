// An exam could not be ended on a full disk: the dose report found no room, and the answer was a defect
// instead of a reason.

import { expect, setDefaultTimeout, test } from "bun:test";
import { granted, openRoom } from "../exam/room.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

test("an exam whose report finds no room stays open, says why, and ends when there is room", async () => {
  await using room = await openRoom();
  const exam = granted(await room.exams.open({ patient: { name: "Full^Disk" } }));
  granted(await room.exams.expose({ kind: "radiography" }));
  while (room.instances(exam).length === 0) await Bun.sleep(1);
  const { capacityBytes } = room.disk;
  room.disk.capacityBytes = 0;
  const refused = await room.exams.end(exam.id, "completed");
  expect(refused.ok ? null : refused.refusal.code).toBe("disk-full");
  expect(room.exams.get(exam.id)?.state).toBe("open");
  room.disk.capacityBytes = capacityBytes;
  expect(granted(await room.exams.end(exam.id, "completed")).state).toBe("completed");
});
