// Query and retrieve with real archives: the device as a process of its own, Orthanc and DCMTK's
// dcmqrscp as image servers, studies asked for, brought here, listed and sent on unchanged.

import { describe, expect, test } from "bun:test";
import { memorySource } from "../../src/core/byte-source.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { readObjectHeader } from "../../src/dicom/io/object-header.ts";
import { type DeviceProcess, startDevice, until } from "../device-process.ts";
import type { TestInstance } from "../dicom/instances.ts";
import { startDcmqrscp } from "../peers/dcmqrscp.ts";
import { fillArchive, madeStudy } from "../peers/fill-archive.ts";
import { freePort } from "../peers/free-port.ts";
import { hasOrthanc, startOrthanc } from "../peers/orthanc.ts";
import { installed } from "../peers/program.ts";

const IMAGES = 200;
const hasDcmqrscp = installed("dcmqrscp");

interface JobAnswer {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
  readonly progress: { readonly done: number; readonly total: number };
  readonly log: readonly { readonly text: string }[];
}

interface StudyAnswer {
  readonly studyInstanceUid: string;
  readonly local: boolean;
  readonly numberOfInstances: number;
}

interface QueryAnswer {
  readonly matches: readonly Readonly<Record<string, string>>[];
  readonly complete: boolean;
  readonly reason?: string;
}

const archiveAt = (port: number) => ({
  id: "archive",
  aeTitle: "ARCHIVE",
  host: "127.0.0.1",
  port,
  services: ["query-retrieve", "storage"],
});

async function deviceFor(archivePort: number, dicom: number): Promise<DeviceProcess> {
  const device = await startDevice({ dicom, configuration: { remotes: [archiveAt(archivePort)] } });
  return device;
}

async function ended(device: DeviceProcess, id: string): Promise<JobAnswer> {
  return until("the job's end", async () => {
    const job = await device.get<JobAnswer>(`jobs/${id}`);
    return job.state === "queued" || job.state === "active" ? undefined : job;
  });
}

async function retrieve(device: DeviceProcess, more: object): Promise<JobAnswer> {
  const made = await device.post<JobAnswer>("jobs", {
    type: "retrieve",
    remoteId: "archive",
    ...more,
  });
  return ended(device, made.id);
}

const query = (device: DeviceProcess, level: string, keys: object) =>
  device.post<QueryAnswer>("query", { remoteId: "archive", level, keys });

/** The file here holds the very pixels and identity that were sent to the archive. */
async function expectSame(device: DeviceProcess, sent: TestInstance): Promise<void> {
  const answer = await fetch(`${device.http}/api/v1/instances/${sent.sopInstanceUid}/file`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const { dataSet, pixel } = await readObjectHeader(memorySource(bytes));
  expect(dataSet.string(Tag.PatientName)).toBe(sent.dataSet.string(Tag.PatientName) ?? "");
  const from = pixel?.offset ?? 0;
  expect(Buffer.from(bytes.subarray(from, from + (pixel?.byteLength ?? 0)))).toEqual(
    Buffer.from(sent.pixels),
  );
}

const ARCHIVES = [
  {
    name: "Orthanc",
    present: hasOrthanc,
    start: async (devicePort: number) => {
      const orthanc = await startOrthanc({
        DicomModalities: { device: ["UDR10A", "127.0.0.1", devicePort] },
      });
      return {
        port: orthanc.dicomPort,
        [Symbol.asyncDispose]: () => orthanc[Symbol.asyncDispose](),
      };
    },
  },
  {
    name: "dcmqrscp",
    present: hasDcmqrscp,
    start: (devicePort: number) => startDcmqrscp({ aeTitle: "UDR10A", port: devicePort }),
  },
];

for (const { name, present, start } of ARCHIVES)
  describe.skipIf(!present)(`${name} as image server`, () => {
    test(`a study of ${IMAGES} images is found, retrieved, listed and shown as received`, async () => {
      const dicom = await freePort();
      await using archive = await start(dicom);
      const study = madeStudy([IMAGES - 50, 50], { patientId: "P77", patientName: "Sato^Hana" });
      await fillArchive(archive.port, "ARCHIVE", study);
      await using device = await deviceFor(archive.port, dicom);
      const { studyInstanceUid } = study;

      const studies = await query(device, "STUDY", { PatientID: "P77" });
      expect(studies).toMatchObject({
        complete: true,
        matches: [{ StudyInstanceUID: studyInstanceUid, PatientName: "Sato^Hana" }],
      });
      const series = await query(device, "SERIES", { StudyInstanceUID: studyInstanceUid });
      expect(series.matches.map((m) => m["SeriesInstanceUID"]).sort()).toEqual(
        [...study.seriesInstanceUids].sort(),
      );

      const job = await retrieve(device, { studyInstanceUid });
      expect([job.state, job.reason, job.progress]).toEqual([
        "done",
        undefined,
        { done: IMAGES, total: IMAGES },
      ]);
      expect(await device.get<StudyAnswer[]>("studies")).toMatchObject([
        { studyInstanceUid, local: false, numberOfInstances: IMAGES },
      ]);
      for (const instance of study.instances.slice(0, 3)) await expectSame(device, instance);
      const picture = await fetch(
        `${device.http}/api/v1/instances/${study.instances[0]?.sopInstanceUid}/rendered`,
      );
      expect([picture.status, picture.headers.get("content-type")]).toEqual([200, "image/png"]);
    }, 60_000);
  });
