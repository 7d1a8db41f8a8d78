// The device's main job from outside: an unscheduled exam over the API, the image in DCMTK's storescp
// and in Orthanc with the very same pixels, valid by dciodvfy. With the simulated panel and with a
// radiograph played as the panel's output.

import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memorySource } from "../../src/core/byte-source.ts";
import { readObjectHeader } from "../../src/dicom/io/object-header.ts";
import { type DeviceProcess, startDevice, until } from "../device-process.ts";
import { hasOrthanc, startOrthanc } from "../peers/orthanc.ts";
import { hasStorescp, startStorescp } from "../peers/storescp.ts";

const RADIOGRAPH = join(
  import.meta.dir,
  "..",
  "..",
  "..",
  "shared",
  "data",
  "radiograph-extremity.dcm",
);
const hasDciodvfy = Bun.which("dciodvfy") !== null;

interface ExamAnswer {
  readonly id: string;
  readonly state: string;
  readonly studyInstanceUid: string;
  readonly instances: readonly { readonly sopInstanceUid: string; readonly modality: string }[];
}

interface JobAnswer {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
  readonly progress: { readonly done: number; readonly total: number };
}

/** Exam, prepare, expose, complete: the exam with its image and its dose report. */
async function examine(device: DeviceProcess, protocolId: string): Promise<ExamAnswer> {
  const { id } = await device.post<ExamAnswer>("exams", {
    patient: {
      id: "P1",
      name: "Yamada^Taro=山田^太郎=ヤマダ^タロウ",
      birthDate: "1970-01-31",
      sex: "M",
    },
    protocolId,
  });
  await device.post(`exams/${id}/prepare`);
  await device.post("simulator/expose", { kind: "radiography" });
  return device.post<ExamAnswer>(`exams/${id}/complete`);
}

async function send(
  device: DeviceProcess,
  remoteId: string,
  studyInstanceUid: string,
): Promise<void> {
  const job = await device.post<JobAnswer>("jobs", { type: "send", remoteId, studyInstanceUid });
  const ended = await until("the send job's end", async () => {
    const now = await device.get<JobAnswer>(`jobs/${job.id}`);
    return now.state === "queued" || now.state === "active" ? undefined : now;
  });
  expect(ended).toMatchObject({ state: "done", progress: { done: 2, total: 2 } });
}

async function file(device: DeviceProcess, sopInstanceUid: string): Promise<Uint8Array> {
  const answer = await fetch(`${device.http}/api/v1/instances/${sopInstanceUid}/file`);
  expect(answer.headers.get("content-type")).toBe("application/dicom");
  return new Uint8Array(await answer.arrayBuffer());
}

async function pixelsOf(bytes: Uint8Array): Promise<string> {
  const { pixel } = await readObjectHeader(memorySource(bytes));
  if (pixel === null || pixel.byteLength === null) throw new Error("no pixels");
  return new Bun.CryptoHasher("sha256")
    .update(bytes.subarray(pixel.offset, pixel.offset + pixel.byteLength))
    .digest("hex");
}

const remote = (id: string, port: number) => ({
  id,
  aeTitle: "ARCHIVE",
  host: "127.0.0.1",
  port,
  services: ["storage", "verification"],
});
/** Orthanc and storescp start slowly on a busy machine; their answer may take longer than the stated second. */
const general = { associationResponseTimeout: 30 };

const cases: [string, string | undefined, string][] = [
  ["the simulated panel", undefined, "chest-pa"],
  ["a replayed radiograph", `replay:${RADIOGRAPH}`, "hand-pa"],
];
for (const [name, detector, protocolId] of cases) {
  const there = detector === undefined || existsSync(RADIOGRAPH);
  test.skipIf(!there || !hasStorescp || !hasOrthanc || !hasDciodvfy)(
    `an exposure with ${name} is in storescp and in Orthanc with the same pixels${there ? "" : " (the radiograph is not here)"}`,
    async () => {
      await using storescp = await startStorescp();
      await using orthanc = await startOrthanc();
      await using device = await startDevice({
        configuration: {
          ...general,
          remotes: [remote("dcmtk", storescp.port), remote("orthanc", orthanc.dicomPort)],
        },
        ...(detector === undefined ? {} : { detector }),
      });
      const exam = await examine(device, protocolId);
      expect(exam.state).toBe("completed");
      const image = exam.instances.find((i) => i.modality === "DX");
      expect(exam.instances.map((i) => i.modality).sort()).toEqual(["DX", "SR"]);
      if (image === undefined) throw new Error("no image");
      for (const { sopInstanceUid } of exam.instances)
        await validByDciodvfy(await file(device, sopInstanceUid));

      await send(device, "dcmtk", exam.studyInstanceUid);
      await send(device, "orthanc", exam.studyInstanceUid);
      const own = await pixelsOf(await file(device, image.sopInstanceUid));
      const atDcmtk = (await storescp.files()).find((f) => f.includes(image.sopInstanceUid));
      expect(await pixelsOf(new Uint8Array(await Bun.file(atDcmtk ?? "").arrayBuffer()))).toBe(own);
      const found: string[] = [];
      for (const id of await orthanc.instances()) {
        const tags = await orthanc.get<{ SOPInstanceUID: string }>(
          `instances/${id}/simplified-tags`,
        );
        if (tags.SOPInstanceUID === image.sopInstanceUid)
          found.push(await pixelsOf(await orthanc.bytes(`instances/${id}/file`)));
      }
      expect(found).toEqual([own]);
    },
    120_000,
  );
}

async function validByDciodvfy(bytes: Uint8Array): Promise<void> {
  const path = join(tmpdir(), `udr-${process.pid}-${bytes.byteLength}.dcm`);
  await Bun.write(path, bytes);
  try {
    const { stderr } = Bun.spawnSync(["dciodvfy", path]);
    expect(
      stderr
        .toString()
        .split("\n")
        .filter((line) => line.startsWith("Error")),
    ).toEqual([]);
  } finally {
    await Bun.file(path).delete();
  }
}
