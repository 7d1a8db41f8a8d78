// Two hands at the switch, and a hasty "complete": one exposure is made, the others are refused in words
// and nothing of the one on its way is lost.

import { expect, test } from "bun:test";
import { ProblemAnswer, startDevice, until } from "../device-process.ts";

interface ExamAnswer {
  readonly id: string;
  readonly state: string;
  readonly exposures: readonly { irradiationEventUid: string }[];
  readonly instances: readonly { modality: string }[];
}

test("of two presses at once one exposes, and an exam is completed after its exposure only", async () => {
  await using device = await startDevice();
  const { id } = await device.post<ExamAnswer>("exams", { patient: { name: "Twice^Pressed" } });
  const presses = await Promise.allSettled(
    [1, 2, 3].map(() => device.post("simulator/expose", { kind: "radiography" })),
  );
  expect(presses.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
  for (const press of presses)
    if (press.status === "rejected")
      expect(press.reason).toMatchObject({
        status: 409,
        detail: "An exposure is under way; wait until it has ended.",
      });

  const run = device.post("simulator/expose", { kind: "serial", frames: 8 });
  await until("beam on", async () => {
    const health = await device.get<{ acquisition: { state: string } }>("health");
    return health.acquisition.state === "exposing" ? true : undefined;
  });
  const hasty = await device.post(`exams/${id}/complete`).catch((error: unknown) => error);
  expect(hasty).toBeInstanceOf(ProblemAnswer);
  expect(hasty).toMatchObject({ status: 409 });
  await run;
  const ended = await device.post<ExamAnswer>(`exams/${id}/complete`);
  expect(ended.state).toBe("completed");
  expect(ended.exposures).toHaveLength(2);
  expect(ended.instances.map((i) => i.modality).sort()).toEqual(["DX", "SR", "XA"]);
  // A second "complete" changes nothing.
  const again = await device.post(`exams/${id}/complete`).catch((error: unknown) => error);
  expect(again).toMatchObject({ status: 409 });
}, 60_000);
