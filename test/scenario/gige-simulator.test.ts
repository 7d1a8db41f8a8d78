// The device on a panel that speaks GigE Vision, one flag away: the simulated panel's process comes and
// goes with the device, and a run's every frame arrives.

import { expect, test } from "bun:test";
import { startDevice, until } from "../device-process.ts";

test("gige:simulator brings a panel that delivers a whole run, and goes with the device", async () => {
  await using device = await startDevice({ detector: "gige:simulator" });
  const exam = await device.post<{ id: string }>("exams", { patient: { name: "Gige^Panel" } });
  await device.post("simulator/expose", { kind: "fluoroscopy", durationMs: 1500, fps: 15 });
  const frames = await until("the saved run", async () => {
    const { instances } = await device.get<{ instances: { numberOfFrames: number }[] }>(
      `exams/${exam.id}`,
    );
    return instances.find((i) => i.numberOfFrames > 1)?.numberOfFrames;
  });
  expect(frames).toBeGreaterThan(10);
  const { detector } = await device.get<{ detector: Record<string, unknown> }>("health");
  expect(detector).toMatchObject({ driver: "gige", lost: 0, overruns: 0 });
  const pid = device.process.pid;
  const children = (await Bun.file(`/proc/${pid}/task/${pid}/children`).text()).trim().split(" ");
  expect(children.length).toBeGreaterThan(0);
  await device.stop();
  const isGone = async (child: string) =>
    !/State:\s+[^Z]/.test(
      await Bun.file(`/proc/${child}/status`)
        .text()
        .catch(() => ""),
    );
  await until("the panel's process gone", async () =>
    (await Promise.all(children.map(isGone))).every(Boolean) ? true : undefined,
  );
});
