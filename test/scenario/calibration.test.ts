// The panel calibrated through the API of the whole device: measured, accepted, there again after a restart,
// undone; what is damaged or too old is told and keeps the room from exposing.

import { expect, test } from "bun:test";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Calibration, Health } from "../../src/api/contract.ts";
import { type DeviceProcess, startDevice, until } from "../device-process.ts";
import type { ExamAnswer } from "./device-room.ts";

const PIN = "4711-service";
/** Beside the suite's other work a calibration of two modes takes its time. */
const TEST_MS = 240_000;
const MODE = "binned";

const configuration = (more: Record<string, unknown> = {}) => ({
  http: { pin: PIN },
  acquisition: { calibration: { temperatureDifferenceMax: 40, ...more } },
});

async function post(device: DeviceProcess, step: string, body?: unknown, pin = PIN) {
  const answer = await fetch(`${device.http}/api/v1/calibration/${step}`, {
    method: "POST",
    headers: { authorization: `Bearer ${pin}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: answer.status,
    body: (await answer.json()) as Calibration & { detail?: string },
  };
}

const state = (device: DeviceProcess) => device.get<Calibration>("calibration");

const inState = (device: DeviceProcess, wanted: Calibration["procedure"]["state"]) =>
  until(`the calibration ${wanted}`, async () => {
    const now = await state(device);
    if (now.procedure.state === "failed" && wanted !== "failed")
      throw new Error(now.procedure.reason);
    return now.procedure.state === wanted ? now : undefined;
  });

const modeOf = (calibration: Calibration) => {
  const mode = calibration.modes.find((m) => m.modeId === MODE);
  if (mode === undefined) throw new Error("the panel has such a mode");
  return mode;
};

const fluoroscopy = async (device: DeviceProcess) => {
  const { id } = await device.post<ExamAnswer>("exams", { patient: { name: "Calib^Test" } });
  const exposed = await device
    .post("simulator/expose", { kind: "fluoroscopy", frames: 3 })
    .then(() => "exposed", String);
  const exam = await device.post<ExamAnswer & { notices?: readonly string[] }>(
    `exams/${id}/complete`,
  );
  return { exposed, exam };
};

test(
  "a calibration is measured, accepted, kept over a restart and undone",
  async () => {
    await using device = await startDevice({ configuration: configuration() });
    expect(modeOf(await readyMaps(device)).maps.map((m) => m.source)).toEqual([
      "panel",
      "panel",
      "panel",
    ]);
    expect((await post(device, "start", { steps: "all" }, "wrong")).status).toBe(401);
    const nowhere = await post(device, "start", { steps: "all", modeIds: ["coarse"] });
    expect(nowhere.body.detail).toContain("it has full, binned");

    const started = await post(device, "start", { steps: "all", modeIds: [MODE] });
    expect(started.body.procedure.state).toBe("confirm");
    expect((await post(device, "accept")).status).toBe(409);
    await post(device, "confirm");
    const { id } = await device.post<ExamAnswer>("exams", { patient: { name: "Wait^Outside" } });
    const meanwhile = await device
      .post(`exams/${id}/prepare`, { protocolId: "fluoroscopy" })
      .then(() => "prepared", String);
    expect(meanwhile).toContain("calibrating");
    await device.post(`exams/${id}/complete`);

    const summary = await inState(device, "summary");
    const figures = new Map((summary.procedure.results ?? []).map((r) => [r.kind, r.figures]));
    // The simulated panel: offset 220 counts (its hot pixels more), 6000 counts of a flat field, 2.2 counts of read noise.
    expect(figures.get("offset")?.mean).toBeGreaterThan(200);
    expect(figures.get("offset")?.mean).toBeLessThan(270);
    expect(figures.get("gain")?.mean).toBeGreaterThan(5000);
    expect(figures.get("defect")?.mean).toBeGreaterThan(1000);
    expect(modeOf(summary).maps[0]?.source).toBe("panel");
    const accepted = await post(device, "accept");
    const measured = modeOf(accepted.body).maps;
    expect(measured.map((m) => [m.kind, m.source])).toEqual([
      ["offset", "measured"],
      ["gain", "measured"],
      ["defect", "measured"],
    ]);
    expect((await fluoroscopy(device)).exposed).toBe("exposed");

    await device.stop("SIGKILL");
    await using second = await startDevice({
      dataFolder: device.dataFolder,
      configuration: configuration(),
    });
    expect(modeOf(await readyMaps(second)).maps).toEqual(measured);

    // A second offset, then back to the first.
    await post(second, "start", { steps: "offset", modeIds: [MODE] });
    await inState(second, "summary");
    const again = modeOf((await post(second, "accept")).body).maps;
    expect(again[0]?.createdAt).not.toBe(measured[0]?.createdAt ?? "");
    expect(again[1]).toEqual(measured[1] as (typeof again)[number]);
    const undone = await post(second, "undo", { modeId: MODE });
    expect(modeOf(undone.body).maps).toEqual(measured);

    // A calibration that is cut off leaves what was in use.
    await post(second, "start", { steps: "offset", modeIds: [MODE] });
    await until("dark frames", async () =>
      ((await state(second)).procedure.now?.frames ?? 0) > 2 ? true : undefined,
    );
    await second.stop("SIGKILL");
    await using third = await startDevice({
      dataFolder: device.dataFolder,
      configuration: configuration(),
    });
    expect(modeOf(await readyMaps(third)).maps).toEqual(measured);
    expect((await state(third)).procedure.state).toBe("idle");
    await third.stop();

    // A map that was changed on the disk is told and not used.
    const folder = join(device.dataFolder, "calibration");
    for (const name of await readdir(folder)) {
      const bytes = await readFile(join(folder, name));
      bytes[1000] = (bytes[1000] ?? 0) ^ 1;
      await writeFile(join(folder, name), bytes);
    }
    await using fourth = await startDevice({
      dataFolder: device.dataFolder,
      configuration: configuration(),
    });
    const damaged = modeOf(await readyMaps(fourth));
    expect(damaged.maps.map((m) => m.source)).toEqual(["panel", "panel", "panel"]);
    expect(damaged.damaged).toHaveLength(3);
    const { status, problems } = await fourth.get<Health>("health");
    expect(status).toBe("degraded");
    expect(problems.join()).toContain(
      "was changed since it was written; calibrate the panel again",
    );
  },
  TEST_MS,
);

test(
  "a map that no longer holds keeps the room from exposing, unless service wants it uncorrected",
  async () => {
    await using device = await startDevice({ configuration: configuration() });
    await post(device, "start", { steps: "offset", modeIds: [MODE] });
    await inState(device, "summary");
    await post(device, "accept");
    await device.stop();
    // The offset map was made long ago, as far as its row tells.
    const { Database } = await import("bun:sqlite");
    const db = new Database(join(device.dataFolder, "database.sqlite"));
    db.run("UPDATE calibration_maps SET created_ms = created_ms - 100 * 3600000");
    db.close();

    await using old = await startDevice({
      dataFolder: device.dataFolder,
      configuration: configuration(),
    });
    const mode = modeOf(await readyMaps(old));
    expect(mode).toMatchObject({ valid: false });
    const refused = await fluoroscopy(old);
    expect(refused.exposed).toContain("100 hours old, it holds for 72");
    await old.stop();

    await using all = await startDevice({
      dataFolder: device.dataFolder,
      configuration: configuration({ exposeUncorrected: true }),
    });
    const { exposed, exam } = await fluoroscopy(all);
    expect(exposed).toBe("exposed");
    expect(exam.notices?.join()).toContain(
      "not corrected for the panel's offset, gain and defects",
    );
    expect(exam.instances.some((i) => i.modality === "RF")).toBe(true);
  },
  TEST_MS,
);

/** Maps are taken into use beside the start. */
const readyMaps = (device: DeviceProcess) =>
  until("maps in use", async () => {
    const now = await state(device);
    return now.modes.every((m) => m.maps.length > 0) ? now : undefined;
  });
