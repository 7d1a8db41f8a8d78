// The log bundle's way to a stick: what hinders it, what it hinders, and what is said at its end.

import { expect, test } from "bun:test";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { BackupAnswer, WriteLogTask } from "../../../src/model/backup.ts";
import type { ApplianceAnswer } from "../../../src/services/appliance/appliance-service.ts";
import { LogToStick } from "../../../src/services/appliance/log-to-stick.ts";

const STICK = "/dev/sdb1";
const TAR = new Uint8Array([1, 2, 3]);

function room() {
  const tasks: WriteLogTask[] = [];
  const steps: string[] = [];
  const now = {
    hindrance: null as string | null,
    writing: Promise.resolve(),
    end: { type: "log-written", path: "udr-log/x.tar" } as BackupAnswer | Error,
    release: async () => "It can be pulled out.",
  };
  const logs = new LogToStick({
    clock: new SimulatedClock(),
    log: silentLog,
    drives: {
      async open(device) {
        steps.push("open");
        return device === STICK
          ? {
              kind: "open",
              drive: {
                root: "/stick",
                label: "STICK",
                release() {
                  steps.push("release");
                  return now.release();
                },
              },
            }
          : { kind: "refused", reason: "It is not plugged in." };
      },
    },
    thread: {
      async run(task) {
        tasks.push(task);
        steps.push("write");
        await now.writing;
        if (now.end instanceof Error) throw now.end;
        return now.end;
      },
    },
    timeZone: () => "Asia/Tokyo",
    hindrance: () => now.hindrance,
  });
  const pack = async (): Promise<ApplianceAnswer<Uint8Array>> => {
    steps.push("pack");
    return { ok: true, value: TAR };
  };
  return { logs, now, pack, tasks, steps };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("it is packed, written under the local time, and the stick is let go", async () => {
  const r = room();
  expect(await r.logs.write(STICK, r.pack)).toEqual({
    ok: true,
    value: "The log bundle is on the stick (udr-log/x.tar). It can be pulled out.",
  });
  expect(r.steps).toEqual(["open", "pack", "write", "release"]);
  const [task] = r.tasks;
  expect(task?.root).toBe("/stick");
  expect(task?.name).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/);
  expect([...new Uint8Array(task?.bytes ?? new SharedArrayBuffer(0))]).toEqual([...TAR]);
  expect(r.logs.busyWords()).toBeNull();
});

test("what hinders it is told before anything is packed", async () => {
  const r = room();
  r.now.hindrance = "An exposure is going on.";
  expect(await r.logs.write(STICK, r.pack)).toMatchObject({
    refusal: { code: "in-use", detail: "An exposure is going on." },
  });
  r.now.hindrance = null;
  expect(await r.logs.write("/dev/sdz1", r.pack)).toMatchObject({
    refusal: { code: "unknown-reference", detail: "It is not plugged in." },
  });
  expect(r.steps).toEqual(["open"]);
});

test("while it is written its stick stays, and nobody begins another", async () => {
  const r = room();
  const written = Promise.withResolvers<void>();
  r.now.writing = written.promise;
  const first = r.logs.write(STICK, r.pack);
  expect(await r.logs.write("/dev/sdc1", r.pack)).toMatchObject({ refusal: { code: "in-use" } });
  await turn();
  expect(r.logs.useWords(STICK)).toContain("Wait until it is done");
  expect(r.logs.useWords("/dev/sdc1")).toBeNull();
  written.resolve();
  expect(await first).toMatchObject({ ok: true });
  expect(r.logs.useWords(STICK)).toBeNull();
});

test("a stick that fails and a journal that cannot be read are told, and leave room for the next", async () => {
  const r = room();
  r.now.end = { type: "failed", reason: "The stick ran full. Take a larger one." };
  expect(await r.logs.write(STICK, r.pack)).toMatchObject({
    refusal: { code: "device-fault", detail: "The stick ran full. Take a larger one." },
  });
  r.now.end = new Error("the thread died");
  expect(await r.logs.write(STICK, r.pack)).toMatchObject({
    refusal: { detail: expect.stringContaining("Try again") },
  });
  const unread: ApplianceAnswer<never> = {
    ok: false,
    refusal: { code: "device-fault", detail: "The journal cannot be read." },
  };
  expect(await r.logs.write(STICK, async () => unread)).toEqual(unread);
  expect(r.steps).not.toContain("release");
  expect(r.logs.busyWords()).toBeNull();
});

test("the stick is not let go under an export that began meanwhile", async () => {
  const r = room();
  const written = Promise.withResolvers<void>();
  r.now.writing = written.promise;
  const writing = r.logs.write(STICK, r.pack);
  await turn();
  r.now.hindrance = "An export writes to it. Wait until it is done.";
  written.resolve();
  expect(await writing).toMatchObject({
    ok: true,
    value: expect.stringContaining("Leave the stick in. An export writes to it."),
  });
  expect(r.steps).not.toContain("release");
});

test("a stick that is not let go is told to be removed safely", async () => {
  const r = room();
  r.now.release = () => Promise.reject(new Error("busy"));
  expect(await r.logs.write(STICK, r.pack)).toMatchObject({
    value: expect.stringContaining("Remove the stick safely before you pull it out."),
  });
});
