// A stop during a long fluoroscopy waited for the run to end by itself and was cut off: dose and frames
// were lost. The stop lets the pedal go, records what was done, and is through in time.

import { expect, test } from "bun:test";
import { startDevice, until } from "../device-process.ts";

interface ExamAnswer {
  readonly id: string;
  readonly exposures: readonly { frames: number; terminatedBy: string; doseRpGy: number }[];
  readonly instances: readonly { numberOfFrames: number }[];
}

test("a stop during fluoroscopy ends the run, and keeps its dose and its frames", async () => {
  await using device = await startDevice();
  const { id } = await device.post<ExamAnswer>("exams", { patient: { name: "Stop^Run" } });
  // Twenty seconds of pedal: longer than any stop may take.
  const run = device
    .post("simulator/expose", { kind: "fluoroscopy", durationMs: 20_000 })
    .then(() => null)
    .catch((error: unknown) => error);
  await until("beam on", async () => {
    const health = await device.get<{ generator: { state: string } }>("health");
    return health.generator.state === "exposing" ? true : undefined;
  });
  device.process.kill("SIGTERM");
  // The impatient send it twice.
  expect(await device.stop()).toBe(0);
  expect(device.log.filter(({ event }) => event === "acquisition-fault")).toEqual([]);
  await run;

  await using again = await startDevice({ dataFolder: device.dataFolder });
  const exam = await again.get<ExamAnswer>(`exams/${id}`);
  expect(exam.exposures).toMatchObject([{ terminatedBy: "release" }]);
  expect(exam.exposures[0]?.doseRpGy).toBeGreaterThan(0);
  const frames = exam.exposures[0]?.frames ?? 0;
  expect(exam.instances.map((i) => i.numberOfFrames)).toEqual(frames > 0 ? [frames] : []);
}, 60_000);
