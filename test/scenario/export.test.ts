// A study acquired on the device goes onto a stick and onto a disc, over the API, as the user does it.

import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Exam, Job, Medium, Study } from "../../src/api/contract.ts";
import { readDirectory } from "../../src/dicom/dir/read-directory.ts";
import { type DeviceProcess, startDevice, until } from "../device-process.ts";
import { installed, run } from "../peers/program.ts";

async function acquired(device: DeviceProcess): Promise<string> {
  const exam = await device.post<Exam>("exams", { patient: { name: "Export^Erna" } });
  await device.post("simulator/expose", { kind: "radiography" });
  await device.post("simulator/expose", { kind: "serial", frames: 3, durationMs: 300 });
  await until("two images", async () =>
    (await device.get<Exam>(`exams/${exam.id}`)).instances.length >= 2 ? true : undefined,
  );
  await device.post(`exams/${exam.id}/complete`);
  return exam.studyInstanceUid;
}

const ended = (device: DeviceProcess, id: string) =>
  until(
    `the end of job ${id}`,
    async () => {
      const job = await device.get<Job>(`jobs/${id}`);
      return ["done", "failed", "cancelled"].includes(job.state) ? job : undefined;
    },
    60_000,
  );

test.skipIf(!installed("dciodvfy", "dcdirdmp", "xorriso"))(
  "a study goes onto a stick and onto a disc, and the database says so",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "udr-export-"));
    try {
      await using device = await startDevice();
      expect(await device.get<Medium[]>("media")).toBeArray();
      const study = await acquired(device);
      const { series } = await device.get<Study>(`studies/${study}`);
      const count = series.reduce((sum, s) => sum + s.instances.length, 0);
      expect(count).toBeGreaterThanOrEqual(3);

      const stick = join(folder, "stick");
      mkdirSync(stick);
      const job = await device.post<Job>("jobs", {
        type: "export",
        target: { kind: "usb", device: stick },
        studyInstanceUids: [study],
      });
      const done = await ended(device, job.id);
      expect(done.state, JSON.stringify(done)).toBe("done");
      expect(done.progress).toEqual({ done: count, total: count });
      const directory = readDirectory(readFileSync(join(stick, "DICOMDIR")));
      const leaves = directory.records.filter(
        (r) => r.type === "IMAGE" || r.type === "SR DOCUMENT",
      );
      expect(leaves).toHaveLength(count);
      const valid = await run(["dciodvfy", "-new", join(stick, "DICOMDIR")]);
      expect(valid.said).not.toMatch(/^Error/m);
      const pictures = readdirSync(join(stick, "IHE_PDI"), { recursive: true }).map(String);
      expect(pictures.filter((name) => name.endsWith(".PNG")).length).toBeGreaterThanOrEqual(2);
      const after = await device.get<Study>(`studies/${study}`);
      for (const instance of after.series.flatMap((s) => s.instances))
        expect(instance.export).toMatchObject([{ target: stick, state: "done" }]);

      const iso = join(folder, "disc.iso");
      const disc = await device.post<Job>("jobs", {
        type: "export",
        target: { kind: "disc", device: `stdio:${iso}` },
        studyInstanceUids: [study],
      });
      const burned = await ended(device, disc.id);
      expect(burned.state, JSON.stringify(burned)).toBe("done");
      const back = join(folder, "back");
      const read = await run([
        ...["xorriso", "-osirrox", "on", "-indev", `stdio:${iso}`],
        ...["-extract", "/", back],
      ]);
      expect(read.code, read.said).toBe(0);
      const listed = await run(["dcdirdmp", join(back, "DICOMDIR")]);
      expect(listed.said.match(/->/g)).toHaveLength(count);
      expect(existsSync(join(device.dataFolder, "discs"))).toBeFalse();
    } finally {
      await run(["chmod", "-R", "u+w", folder]);
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);

test("where paths are no targets, a folder is refused at once", async () => {
  await using device = await startDevice({ configuration: { http: { allowPathTargets: false } } });
  const answer = await fetch(`${device.http}/api/v1/jobs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      type: "export",
      target: { kind: "usb", device: "/tmp" },
      studyInstanceUids: ["1.2.3"],
    }),
  });
  expect(answer.status).toBe(403);
  expect(((await answer.json()) as { detail: string }).detail).toContain("allowPathTargets");
}, 30_000);
