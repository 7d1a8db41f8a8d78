// Performed steps through random restarts that break off what is under way, news that a crash swallowed
// and answers that were lost: at the end the server has every step once, in its final state, and was
// never told the end before the beginning.

import { expect, test } from "bun:test";
import { Random } from "../../../src/core/random.ts";
import type { Exam } from "../../../src/model/exam.ts";
import { StepService } from "../../../src/services/mpps/step-service.ts";
import { examOf, objectOf } from "../../store/objects.ts";
import { MORNING_MS, openStation, remoteAt, type Station } from "../station.ts";
import { type Fault, type StepScp, startStepScp } from "./step-scp.ts";

const EXAMS = 6;
const RESTARTS = 12;
const SEEDS = [1, 2, 3, 4, 5];

/** The device's life between two restarts. */
async function boot(scp: StepScp, before?: Station): Promise<[Station, StepService]> {
  const station = await openStation(
    {
      remotes: [remoteAt(scp.port, ["mpps"])],
      mpps: { queueWhenUnreachable: true, nCreateTimeout: 1, nSetTimeout: 1 },
    },
    before,
  );
  const service = new StepService(station);
  await service.start();
  return [station, service];
}

/** What the technician does next with an exam; the record may be durable and the news lost. */
async function work(random: Random, station: Station, service: StepService, exam: Exam) {
  const { storage } = station;
  const now = storage.reader.exam(exam.id);
  if (now?.state !== "open") return;
  const images = storage.reader.instancesOfExam(exam.id).length;
  const heard = random.chance(0.7);
  if (images > 0 && random.chance(0.4)) {
    const ended: Exam = { ...now, state: "completed", endedMs: MORNING_MS };
    await storage.apply([{ kind: "exam", exam: ended }]);
    if (heard) await service.onEnded(ended);
    return;
  }
  const sop = `${exam.studyInstanceUid}.1.${images + 1}`;
  const outcome = await storage.writeObject(
    objectOf(sop, { study: exam.studyInstanceUid, examId: exam.id }),
  );
  if (heard && outcome.kind === "stored") await service.onInstance(now, outcome.record);
}

for (const seed of SEEDS)
  test(`seed ${seed}: every step reaches its end exactly once`, async () => {
    const random = new Random(seed);
    await using scp = await startStepScp();
    let [station, service] = await boot(scp);
    const exams = Array.from({ length: EXAMS }, (_, i) => examOf(`e${i}`, `1.2.${i}`));
    for (const exam of exams) await station.storage.apply([{ kind: "exam", exam }]);
    for (let n = 0; n < RESTARTS; n++) {
      const faults: readonly (Fault | undefined)[] = ["abort", "abort-after", undefined, undefined];
      scp.faults.splice(0);
      for (let i = 0; i < 4; i++) scp.faults.push(random.pick(faults));
      for (let i = random.int(1, 8); i > 0; i--)
        await work(random, station, service, random.pick(exams));
      // The end comes in the middle of whatever is under way.
      for (let i = random.int(0, 40); i > 0; i--)
        await new Promise<void>((resolve) => setImmediate(resolve));
      await service.stop();
      [station, service] = await boot(scp, station);
    }
    scp.faults.splice(0);
    for (const exam of exams)
      while (station.storage.reader.exam(exam.id)?.state === "open")
        await work(random, station, service, exam);
    await service.stop();
    [station, service] = await boot(scp, station);
    const [last, steps] = [station, service];
    const open = () => exams.filter((e) => steps.state(after(last, e)).state !== "completed");
    while (open().length > 0) {
      await new Promise<void>((resolve) => {
        const off = steps.changes.add(() => {
          off();
          resolve();
        });
      });
    }
    await steps.stop();
    expect([...scp.steps.keys()].toSorted()).toEqual(
      exams.map((e) => e.mppsSopInstanceUid).toSorted(),
    );
    expect(new Set(scp.steps.values())).toEqual(new Set(["COMPLETED"]));
    for (const exam of exams) {
      const told = scp.received.filter((r) => r.uid === exam.mppsSopInstanceUid);
      const firstSet = told.findIndex((r) => r.message === "set");
      expect(told.slice(firstSet).every((r) => r.message === "set")).toBe(true);
      expect(firstSet).toBeGreaterThan(0);
    }
  }, 30_000);

const after = (station: Station, exam: Exam) => station.storage.reader.exam(exam.id) ?? exam;
