// Performed steps against a scripted server: when they are told, what becomes of answers and failures
// (Tables 4.2-37, 4.2-38), the operator's resend, the queue, and restarts in between (M1 to M9).

import { describe, expect, test } from "bun:test";
import { STEP_STATUS } from "../../../src/dicom/ae/mpps/status.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../../src/dicom/dict/uids.ts";
import type { Exam } from "../../../src/model/exam.ts";
import type { InstanceRecord } from "../../../src/model/instance.ts";
import { QUEUE_RETRY_MS, StepService } from "../../../src/services/mpps/step-service.ts";
import { StoreError } from "../../../src/store/store-error.ts";
import { row } from "../../coverage.ts";
import { exampleStatus } from "../../dicom/ae/statuses.ts";
import { freePort } from "../../peers/free-port.ts";
import { examOf, objectOf, rowsOf } from "../../store/objects.ts";
import { MORNING_MS, morningClock, openStation, remoteAt, type Station } from "../station.ts";
import { type StepScp, startStepScp } from "./step-scp.ts";

interface Room {
  readonly station: Station;
  readonly service: StepService;
  /** Fires the timer that waits for a server that was away. */
  retry(): void;
  image(exam: Exam): Promise<void>;
  end(exam: Exam, state?: "completed" | "discontinued", reason?: string): Promise<Exam>;
  /** Resolves when the exam's step is in this state. */
  becomes(exam: Exam, state: string): Promise<string | undefined>;
  state(exam: Exam): string;
}

async function openRoom(
  port: number | null,
  mpps: object = {},
  before?: Pick<Station, "db" | "disk">,
  more: object = {},
): Promise<Room> {
  const remotes = port === null ? [] : [remoteAt(port, ["mpps"], more)];
  const timers = new Set<() => void>();
  const clock: typeof morningClock = {
    ...morningClock,
    after(delayMs, fire) {
      if (delayMs !== QUEUE_RETRY_MS) return morningClock.after(delayMs, fire);
      timers.add(fire);
      return { cancel: () => timers.delete(fire) };
    },
  };
  const device = { timeZone: "Asia/Tokyo" };
  const station = await openStation({ remotes, mpps, device }, before, clock);
  const service = new StepService(station);
  const room: Room = {
    station,
    service,
    retry() {
      for (const fire of [...timers]) {
        timers.delete(fire);
        fire();
      }
    },
    async image(exam) {
      await service.onInstance(exam, await stored(station, exam));
    },
    async end(exam, state = "completed", discontinuationReason) {
      const ended = { ...exam, state, endedMs: MORNING_MS + 60_000, discontinuationReason };
      await station.storage.apply([{ kind: "exam", exam: ended }]);
      await service.onEnded(ended);
      return ended;
    },
    state: (exam) => service.state(current(station, exam)).state,
    becomes: (exam, state) => {
      const now = () => service.state(current(station, exam));
      if (now().state === state) return Promise.resolve(now().reason);
      return new Promise((resolve) => {
        const off = service.changes.add(() => {
          if (now().state !== state) return;
          off();
          resolve(now().reason);
        });
      });
    },
  };
  return room;
}

const current = (station: Station, exam: Exam) => station.storage.reader.exam(exam.id) ?? exam;

let counter = 0;

async function openExam(station: Station): Promise<Exam> {
  counter++;
  const exam = { ...examOf(`e${counter}`, `1.2.${counter}`), startedMs: MORNING_MS };
  await station.storage.apply([{ kind: "exam", exam }]);
  return exam;
}

/** One more image of the exam, durable. */
async function stored(station: Station, exam: Exam, sopClassUid?: string): Promise<InstanceRecord> {
  const sop = `${exam.studyInstanceUid}.1.${++counter}`;
  const options = { study: exam.studyInstanceUid, examId: exam.id };
  const object = objectOf(sop, options);
  const { instance } = rowsOf(sop, options);
  const outcome = await station.storage.writeObject({
    ...object,
    instance: { ...instance, sopClassUid: sopClassUid ?? instance.sopClassUid },
  });
  if (outcome.kind === "disk-full") throw new Error("no room");
  return outcome.record;
}

const told = (scp: StepScp) =>
  scp.received.map(
    ({ message, dataSet }) => `${message} ${dataSet.string(Tag.PerformedProcedureStepStatus)}`,
  );

describe("when a step is told", () => {
  test("created after the first image, set at the end; one association for each message", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    const exam = await openExam(room.station);
    expect(room.state(exam)).toBe("pending");
    await room.image(exam);
    await room.becomes(exam, "in-progress");
    await room.image(exam);
    await room.image(exam);
    await room.end(exam);
    await room.becomes(exam, "completed");
    expect(told(scp)).toEqual(["create IN PROGRESS", "set COMPLETED"]);
    expect(scp.received.map((r) => r.uid)).toEqual([
      exam.mppsSopInstanceUid,
      exam.mppsSopInstanceUid,
    ]);
    expect(scp.received.map((r) => r.association)).toEqual([0, 1]);
    expect(await (await scp.peer.seen(1)).association.ended).toEqual({ kind: "released" });
    const [series] = scp.received[1]?.dataSet.items(Tag.PerformedSeriesSequence) ?? [];
    expect(series?.items(Tag.ReferencedImageSequence).length).toBe(3);
    expect(room.station.states.get("ris")?.reachable).toBe(true);
  });

  test("a dose report is no image: it begins no step, and an exam without images has none", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    const exam = await openExam(room.station);
    const report = await stored(room.station, exam, SopClassUid.XRayRadiationDoseSrStorage);
    await room.service.onInstance(exam, report);
    await room.end(exam);
    expect(room.state(exam)).toBe("none");
    expect(scp.received).toEqual([]);
  });

  test("without a server there is no step and nothing waits", async () => {
    const room = await openRoom(null);
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.end(exam);
    expect(room.state(exam)).toBe("none");
    expect(room.station.storage.reader.mpps()).toEqual([]);
  });

  test("images that come at once make one step", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    const exam = await openExam(room.station);
    await Promise.all([room.image(exam), room.image(exam), room.image(exam)]);
    await room.becomes(exam, "in-progress");
    expect(told(scp)).toEqual(["create IN PROGRESS"]);
  });

  test("M5: nothing is told while the exam goes on", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    const exam = await openExam(room.station);
    for (let i = 0; i < 5; i++) await room.image(exam);
    await room.end(exam);
    await room.becomes(exam, "completed");
    expect(told(scp)).toEqual(["create IN PROGRESS", "set COMPLETED"]);
  });

  test("M7: a wrong worklist entry is told as the reason", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.end(exam, "discontinued", "110514");
    await room.becomes(exam, "discontinued");
    const [reason] =
      scp.received[1]?.dataSet.items(Tag.PerformedProcedureStepDiscontinuationReasonCodeSequence) ??
      [];
    expect(reason?.string(Tag.CodeValue)).toBe("110514");
  });

  test("one association at a time, however many exams end", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    const exams: Exam[] = [];
    for (let i = 0; i < 6; i++) exams.push(await openExam(room.station));
    await Promise.all(exams.map((exam) => room.image(exam)));
    await Promise.all(exams.map((exam) => room.end(exam)));
    await Promise.all(exams.map((exam) => room.becomes(exam, "completed")));
    expect([scp.most, scp.received.length]).toEqual([1, 12]);
    for (const exam of exams)
      expect(
        scp.received.filter((r) => r.uid === exam.mppsSopInstanceUid).map((r) => r.message),
      ).toEqual(["create", "set"]);
  });

  test("the remote is busy meanwhile, so that no life check comes in between", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    scp.faults.push("silence");
    const exam = await openExam(room.station);
    await room.image(exam);
    await scp.came(1);
    expect(room.station.states.busy("ris")).toBe(true);
    await room.service.stop();
    expect(room.station.states.busy("ris")).toBe(false);
  });
});

describe("N-CREATE / N-SET response", () => {
  for (const line of STEP_STATUS.rows)
    for (const which of ["create", "set"] as const)
      test(`${row("4.2-37", line.code)} ${line.meaning} to N-${which.toUpperCase()}: the step's state`, async () => {
        const status = exampleStatus(line);
        await using scp = await startStepScp();
        const room = await openRoom(scp.port);
        if (which === "set") scp.faults.push(undefined);
        scp.faults.push(status);
        const exam = await openExam(room.station);
        await room.image(exam);
        // 0111 counts only where the N-CREATE was sent before, tested below.
        const done = line.actions.includes("continue") && line.code !== "0111";
        if (which === "set") await room.end(exam);
        const reason = await room.becomes(
          exam,
          done ? (which === "create" ? "in-progress" : "completed") : "failed",
        );
        const { association } = await scp.peer.seen(which === "create" ? 0 : 1);
        if (done) {
          const warning = line.service === "Warning";
          expect(reason?.includes(line.meaning) ?? false).toBe(warning);
          expect(room.station.warnings()).toEqual(warning ? ["mpps-warning"] : []);
          expect(await association.ended).toEqual({ kind: "released" });
          return;
        }
        expect(reason).toContain(status.toString(16).toUpperCase().padStart(4, "0"));
        expect(room.station.warnings()).toEqual(["mpps-failed"]);
        expect(await association.ended).toMatchObject({ kind: "aborted", by: "peer" });
        expect(room.station.storage.reader.mpps({ unfinished: true })).toMatchObject([
          { message: which, state: "failed" },
        ]);
      });

  test("M8: warnings 0116 and 0107 to both messages leave the step completed, with both told", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    scp.faults.push(0x0116, 0x0107);
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.end(exam);
    const reason = await room.becomes(exam, "completed");
    expect(reason).toContain("0116 attribute value out of range");
    expect(reason).toContain("0107 attribute list error");
  });

  test("a step whose N-CREATE failed gets no N-SET", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    scp.faults.push(0x0110);
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.becomes(exam, "failed");
    await room.end(exam);
    const other = await openExam(room.station);
    await room.image(other);
    await room.becomes(other, "in-progress");
    expect(room.state(exam)).toBe("failed");
    expect(told(scp)).toEqual(["create IN PROGRESS", "create IN PROGRESS"]);
  });
});

describe("communication failures", () => {
  for (const which of ["create", "set"] as const) {
    test(`${row("4.2-38", "timeout")} N-${which.toUpperCase()}: aborted, failed, told`, async () => {
      await using scp = await startStepScp();
      const room = await openRoom(scp.port, { nCreateTimeout: 1, nSetTimeout: 1 });
      if (which === "set") scp.faults.push(undefined);
      scp.faults.push("silence");
      const exam = await openExam(room.station);
      await room.image(exam);
      if (which === "set") await room.end(exam);
      expect(await room.becomes(exam, "failed")).toMatch(/no answer within \d+ ms/);
      const { association } = await scp.peer.seen(which === "create" ? 0 : 1);
      expect(await association.ended).toMatchObject({ kind: "aborted", by: "peer" });
      expect(room.station.warnings()).toEqual(["mpps-failed"]);
      expect(room.station.states.get("ris")?.reachable).toBe(false);
    });

    test(`${row("4.2-38", "aborted")} N-${which.toUpperCase()}: failed, told`, async () => {
      await using scp = await startStepScp();
      const room = await openRoom(scp.port);
      if (which === "set") scp.faults.push(undefined);
      scp.faults.push("abort");
      const exam = await openExam(room.station);
      await room.image(exam);
      if (which === "set") await room.end(exam);
      expect(await room.becomes(exam, "failed")).toContain("aborted by the peer");
      expect(room.station.warnings()).toEqual(["mpps-failed"]);
    });
  }

  test("a server that is not there fails the step, which is not tried again by itself", async () => {
    const room = await openRoom(await freePort());
    const exam = await openExam(room.station);
    await room.image(exam);
    expect(await room.becomes(exam, "failed")).toContain("ris (RIS at 127.0.0.1");
    room.retry();
    expect(room.state(exam)).toBe("failed");
  });

  test("a server that does not know the service fails the step", async () => {
    await using scp = await startStepScp(() => ({ result: 3 }));
    const room = await openRoom(scp.port, { queueWhenUnreachable: true });
    const exam = await openExam(room.station);
    await room.image(exam);
    expect(await room.becomes(exam, "failed")).toContain("no presentation context");
  });
});

describe("the operator's resend", () => {
  test("a failed N-CREATE is sent again with the same UID, and the N-SET after it", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    scp.faults.push(0x0213);
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.becomes(exam, "failed");
    await room.end(exam);
    expect(await room.service.resend(exam.id)).toBe("sending");
    await room.becomes(exam, "completed");
    expect(told(scp)).toEqual(["create IN PROGRESS", "create IN PROGRESS", "set COMPLETED"]);
    expect(new Set(scp.received.map((r) => r.uid))).toEqual(new Set([exam.mppsSopInstanceUid]));
    expect(await room.service.resend(exam.id)).toBe("nothing-failed");
  });

  test(`${row("4.2-37", "0111")} M1: the lost answer of an N-CREATE; sent again, 0111 counts as created`, async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    scp.faults.push("abort-after");
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.becomes(exam, "failed");
    await room.service.resend(exam.id);
    await room.becomes(exam, "in-progress");
    await room.end(exam);
    await room.becomes(exam, "completed");
    expect(scp.steps).toEqual(new Map([[exam.mppsSopInstanceUid, "COMPLETED"]]));
  });

  test("M2: the lost answer of an N-SET; sent again, 0110 with A710 counts as done", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    scp.faults.push(undefined, "abort-after");
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.end(exam);
    await room.becomes(exam, "failed");
    await room.service.resend(exam.id);
    await room.becomes(exam, "completed");
    expect(told(scp)).toEqual(["create IN PROGRESS", "set COMPLETED", "set COMPLETED"]);
  });

  test("M2: an N-SET that was refused as final is not taken for done when it is sent again", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    const final = { status: 0x0110, errorId: 0xa710 };
    scp.faults.push(undefined, final, final);
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.end(exam);
    await room.becomes(exam, "failed");
    await room.service.resend(exam.id);
    await room.becomes(exam, "in-progress");
    await room.becomes(exam, "failed");
    expect(scp.received.length).toBe(3);
  });

  test("M2: a refusal after a lost answer does not make the N-SET a first one again", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    scp.faults.push(undefined, "abort-after", 0x0110);
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.end(exam);
    await room.becomes(exam, "failed");
    await room.service.resend(exam.id);
    await room.becomes(exam, "in-progress");
    await room.becomes(exam, "failed");
    await room.service.resend(exam.id);
    await room.becomes(exam, "completed");
    expect(scp.received.length).toBe(4);
  });

  test("without a server, and for an exam with nothing to send, there is nothing to do", async () => {
    const room = await openRoom(null);
    const exam = await openExam(room.station);
    expect(await room.service.resend(exam.id)).toBe("no-server");
  });
});

describe("M2: a server that lost the step", () => {
  const RECREATE = { recreateLostStep: true };

  test("0112 fails the step as every status without a row does", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port);
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.becomes(exam, "in-progress");
    scp.steps.clear();
    await room.end(exam);
    expect(await room.becomes(exam, "failed")).toContain("0112");
    expect(scp.received.map((r) => r.message)).toEqual(["create", "set"]);
  });

  test("0112: the step is created again and set once more, where the setting wants it", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port, RECREATE);
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.becomes(exam, "in-progress");
    scp.steps.clear();
    await room.end(exam);
    await room.becomes(exam, "completed");
    expect(scp.received.map((r) => r.message)).toEqual(["create", "set", "create", "set"]);
    expect(scp.steps.get(exam.mppsSopInstanceUid)).toBe("COMPLETED");
    expect(room.station.warnings()).toEqual(["mpps-created-again"]);
  });

  test("a second 0112 fails the step", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port, RECREATE);
    scp.faults.push(undefined, 0x0112, undefined, 0x0112);
    const exam = await openExam(room.station);
    await room.image(exam);
    await room.end(exam);
    expect(await room.becomes(exam, "failed")).toContain("0112");
    expect(scp.received.map((r) => r.message)).toEqual(["create", "set", "create", "set"]);
  });
});

describe("M6: mpps.queueWhenUnreachable", () => {
  const QUEUE = { queueWhenUnreachable: true };

  test("steps wait for their server, in order, and are told with their own times", async () => {
    const port = await freePort();
    const room = await openRoom(port, QUEUE);
    const exams: Exam[] = [];
    for (let i = 0; i < 3; i++) {
      const exam = await openExam(room.station);
      await room.image(exam);
      await room.end(exam, i === 1 ? "discontinued" : "completed");
      exams.push(exam);
    }
    const [first = exams[0]] = exams;
    if (first === undefined) throw new Error("no exam");
    expect(room.service.state(first)).toMatchObject({ state: "pending" });
    await room.service.stop();
    const waiting = room.station.storage.reader.mpps({ unfinished: true });
    expect(waiting.map((m) => [m.message, m.state])).toEqual(
      exams.flatMap(() => [
        ["create", "waiting"],
        ["set", "waiting"],
      ]),
    );

    await using scp = await startStepScp();
    const later = await openRoom(scp.port, QUEUE, room.station);
    await later.service.start();
    await Promise.all(
      exams.map((e, i) => later.becomes(e, i === 1 ? "discontinued" : "completed")),
    );
    expect(scp.received.length).toBe(6);
    for (const exam of exams) {
      const own = scp.received.filter((r) => r.uid === exam.mppsSopInstanceUid);
      expect(own.map((r) => r.message)).toEqual(["create", "set"]);
      expect(own[0]?.dataSet.string(Tag.PerformedProcedureStepStartTime)).toBe("093000");
      expect(own[1]?.dataSet.string(Tag.PerformedProcedureStepEndTime)).toBe("093100");
    }
  });

  test("tried again after a while, until the server is there", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(await freePort(), QUEUE);
    const exam = await openExam(room.station);
    await room.image(exam);
    while (room.service.state(exam).reason === undefined)
      await new Promise<void>((resolve) => {
        const off = room.service.changes.add(() => {
          off();
          resolve();
        });
      });
    expect(room.station.warnings()).toEqual(["mpps-waits"]);
    room.station.configure({ remotes: [remoteAt(scp.port, ["mpps"])], mpps: QUEUE });
    await untilIdle(room);
    room.retry();
    await room.becomes(exam, "in-progress");
  });

  test("a server seen alive is tried at once", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(await freePort(), QUEUE);
    const exam = await openExam(room.station);
    await room.image(exam);
    await untilIdle(room);
    room.station.configure({ remotes: [remoteAt(scp.port, ["mpps"])], mpps: QUEUE });
    room.station.states.alive("ris");
    await room.becomes(exam, "in-progress");
  });

  test("a lost answer waits and counts, a refusal fails", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port, QUEUE);
    scp.faults.push("abort-after");
    const exam = await openExam(room.station);
    const refused = await openExam(room.station);
    await room.image(exam);
    await scp.came(1);
    scp.faults.push(0x0213);
    await room.image(refused);
    await room.becomes(refused, "failed");
    await untilIdle(room);
    expect(room.state(exam)).toBe("pending");
    room.retry();
    await room.becomes(exam, "in-progress");
    expect(scp.steps).toEqual(new Map([[exam.mppsSopInstanceUid, "IN PROGRESS"]]));
  });

  test("one step without an answer does not hold up the others", async () => {
    await using scp = await startStepScp();
    const room = await openRoom(scp.port, QUEUE);
    const stuck = await openExam(room.station);
    const other = await openExam(room.station);
    scp.faults.push("abort");
    await room.image(stuck);
    await room.image(other);
    await room.becomes(other, "in-progress");
    expect(room.state(stuck)).toBe("pending");
  });
});

/** Until the service waits for its timer and nothing else. */
async function untilIdle(room: Room): Promise<void> {
  const waits = () =>
    room.station.storage.reader.mpps({ unfinished: true }).some((m) => m.reason !== undefined);
  while (!waits() || room.station.states.busy("ris"))
    await new Promise<void>((resolve) => setImmediate(resolve));
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe("restarts", () => {
  test("an exam that ends while the service starts is told once", async () => {
    await using scp = await startStepScp();
    const before = await openRoom(scp.port);
    const exam = await openExam(before.station);
    await before.image(exam);
    await before.becomes(exam, "in-progress");
    const room = await openRoom(scp.port, {}, before.station);
    const ended: Exam = { ...exam, state: "completed", endedMs: MORNING_MS };
    await room.station.storage.apply([{ kind: "exam", exam: ended }]);
    await Promise.all([
      room.service.onEnded(ended),
      room.service.start(),
      room.service.onEnded(ended),
    ]);
    await room.becomes(exam, "completed");
    expect(room.station.storage.reader.mpps({ examId: exam.id }).length).toBe(2);
    expect(told(scp)).toEqual(["create IN PROGRESS", "set COMPLETED"]);
  });

  test("between the first image and its N-CREATE: the start makes it", async () => {
    await using scp = await startStepScp();
    const before = await openRoom(scp.port);
    const exam = await openExam(before.station);
    await stored(before.station, exam);
    const room = await openRoom(scp.port, {}, before.station);
    await room.service.start();
    await room.becomes(exam, "in-progress");
    expect(told(scp)).toEqual(["create IN PROGRESS"]);
  });

  test("between the exam's end and its N-SET: the start makes it, with the exam's time", async () => {
    await using scp = await startStepScp();
    const before = await openRoom(scp.port);
    const exam = await openExam(before.station);
    await before.image(exam);
    await before.becomes(exam, "in-progress");
    const ended: Exam = { ...exam, state: "completed", endedMs: MORNING_MS + 3_600_000 };
    await before.station.storage.apply([{ kind: "exam", exam: ended }]);
    const room = await openRoom(scp.port, {}, before.station);
    await room.service.start();
    await room.becomes(exam, "completed");
    expect(scp.received[1]?.dataSet.string(Tag.PerformedProcedureStepEndTime)).toBe("103000");
  });

  test("while a message is on its way: it is sent again and counts once (M1)", async () => {
    await using scp = await startStepScp();
    const before = await openRoom(scp.port);
    const exam = await openExam(before.station);
    scp.faults.push("silence");
    await before.image(exam);
    await scp.came(1);
    // The server has done it; the answer never comes.
    scp.steps.set(exam.mppsSopInstanceUid, "IN PROGRESS");
    await before.service.stop();
    expect(before.station.storage.reader.mpps()).toMatchObject([{ state: "waiting", attempts: 1 }]);
    const room = await openRoom(scp.port, {}, before.station);
    await room.service.start();
    await room.becomes(exam, "in-progress");
    expect(told(scp)).toEqual(["create IN PROGRESS", "create IN PROGRESS"]);
  });

  test("after everything was told: nothing is told again, and the documents are gone", async () => {
    await using scp = await startStepScp();
    const before = await openRoom(scp.port);
    const exam = await openExam(before.station);
    await before.image(exam);
    await before.end(exam);
    await before.becomes(exam, "completed");
    const room = await openRoom(scp.port, {}, before.station);
    await room.service.start();
    const other = await openExam(room.station);
    await room.image(other);
    await room.becomes(other, "in-progress");
    expect(scp.received.length).toBe(3);
    expect(room.state(exam)).toBe("completed");
    const kept = room.station.storage.reader.mpps({ examId: exam.id });
    expect(kept.map((m) => m.document)).toEqual([null, null]);
  });
});

test("characters that the server's character set does not have are told, not dropped in silence", async () => {
  await using scp = await startStepScp();
  const room = await openRoom(scp.port);
  const plain = await openExam(room.station);
  const exam: Exam = {
    ...plain,
    patient: { ...plain.patient, patientName: "Takasaki^Ichiro=髙﨑^一郎" },
  };
  await room.image(exam);
  const reason = await room.becomes(exam, "in-progress");
  expect(reason).toContain("髙 﨑");
  expect(room.station.warnings()).toEqual(["mpps-text-replaced"]);
  expect(JSON.stringify(room.station.lines)).not.toContain("髙");
  expect(scp.received[0]?.dataSet.string(Tag.PatientName)).toBe("Takasaki^Ichiro=〓〓^一郎");
  scp.steps.clear();
  const utf8 = await openRoom(scp.port, {}, undefined, { characterSet: "ISO_IR 192" });
  await utf8.image(exam);
  expect(await utf8.becomes(exam, "in-progress")).toBeUndefined();
  expect(scp.received[1]?.dataSet.string(Tag.PatientName)).toBe("Takasaki^Ichiro=髙﨑^一郎");
});

test("a full disk costs the step, not the exam; the next image tries again", async () => {
  await using scp = await startStepScp();
  const room = await openRoom(scp.port);
  const exam = await openExam(room.station);
  const broken = new StepService({
    ...room.station,
    storage: {
      ...room.station.storage,
      reader: room.station.storage.reader,
      apply: () => Promise.reject(new StoreError("the disk is full")),
    },
  });
  await broken.onInstance(exam, await stored(room.station, exam));
  expect(room.station.warnings()).toEqual(["mpps-not-kept"]);
  await room.image(exam);
  await room.becomes(exam, "in-progress");
});
