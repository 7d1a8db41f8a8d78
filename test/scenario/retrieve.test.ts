// Query and retrieve with real archives: the device as a process of its own, Orthanc and DCMTK's
// dcmqrscp as image servers, studies asked for, brought here, listed and sent on unchanged.

import { describe, expect, test } from "bun:test";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
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
import { hasStorescp, startStorescp } from "../peers/storescp.ts";

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
        // What it lost on the disk it shall not have in memory.
        MaximumStorageCacheSize: 0,
      });
      return {
        port: orthanc.dicomPort,
        folder: orthanc.storageFolder,
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

    test("a study whose files the archive lost in part fails in words; what came stays", async () => {
      const dicom = await freePort();
      await using archive = await start(dicom);
      const study = madeStudy([40]);
      await fillArchive(archive.port, "ARCHIVE", study);
      const images = await imagesIn(archive.folder);
      expect(images.length).toBe(40);
      for (const path of images.slice(20)) await rm(path);
      await using device = await deviceFor(archive.port, dicom);
      const job = await retrieve(device, { studyInstanceUid: study.studyInstanceUid });
      expect(job.state).toBe("failed");
      const here = await device.get<StudyAnswer[]>("studies");
      const count = here[0]?.numberOfInstances ?? 0;
      expect(count).toBeLessThan(40);
      expect(job.progress.done).toBe(count);
      // Orthanc reads a file for some of its answers to the query; where that one is lost it says so, and
      // nobody knows how many there are.
      if (count === 0 && job.reason?.includes("C000")) return;
      expect(job.reason).toContain(`${count} of 40 images`);
      expect(job.progress.total).toBe(40);
    }, 60_000);

    test("a retrieve is cancelled, and another one takes up what is missing", async () => {
      const dicom = await freePort();
      await using archive = await start(dicom);
      const study = madeStudy([60]);
      const { studyInstanceUid } = study;
      await fillArchive(archive.port, "ARCHIVE", study);
      await using device = await deviceFor(archive.port, dicom);
      const made = await device.post<JobAnswer>("jobs", {
        type: "retrieve",
        remoteId: "archive",
        studyInstanceUid,
      });
      await until("the first images", async () => {
        const job = await device.get<JobAnswer>(`jobs/${made.id}`);
        return job.progress.done > 0 ? true : undefined;
      });
      const cancelled = await device.post<JobAnswer>(`jobs/${made.id}/cancel`);
      // A quick archive may have been through.
      expect(["cancelled", "done"]).toContain(cancelled.state);
      expect(await retrieve(device, { studyInstanceUid })).toMatchObject({
        state: "done",
        progress: { done: 60, total: 60 },
      });
    }, 60_000);
  });

test.skipIf(!hasDcmqrscp || !hasStorescp)(
  "a retrieved image is sent on as it came, byte for byte",
  async () => {
    const dicom = await freePort();
    await using archive = await startDcmqrscp({ aeTitle: "UDR10A", port: dicom });
    await using other = await startStorescp(["+xa"]);
    const study = madeStudy([1], { patientName: "Yamada^Tarou=山田^太郎" });
    await fillArchive(archive.port, "ARCHIVE", study);
    const [instance] = study.instances;
    if (instance === undefined) throw new Error("no image");
    await using device = await startDevice({
      dicom,
      configuration: {
        remotes: [
          archiveAt(archive.port),
          { ...archiveAt(other.port), id: "other", services: ["storage"] },
        ],
      },
    });
    const { studyInstanceUid } = study;
    expect((await retrieve(device, { studyInstanceUid })).state).toBe("done");
    const sent = await device.post<JobAnswer>("jobs", {
      type: "send",
      remoteId: "other",
      studyInstanceUid,
    });
    expect((await ended(device, sent.id)).state).toBe("done");
    const [path = ""] = await other.files();
    const answer = await fetch(`${device.http}/api/v1/instances/${instance.sopInstanceUid}/file`);
    const [there, here] = await Promise.all([
      dataSetOf(new Uint8Array(await Bun.file(path).arrayBuffer())),
      dataSetOf(new Uint8Array(await answer.arrayBuffer())),
    ]);
    expect(Buffer.compare(there, here)).toBe(0);
  },
  60_000,
);

/** The encoded data set behind the File Meta Information, pixels and all. */
async function dataSetOf(file: Uint8Array): Promise<Uint8Array> {
  const { dataSetHeader, pixel } = await readObjectHeader(memorySource(file));
  return file.subarray((pixel?.offset ?? 0) - dataSetHeader.byteLength);
}

/** Paths of the Part 10 files below a folder. */
async function imagesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((e) => e.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if ((await Bun.file(path).slice(128, 132).text()) === "DICM") found.push(path);
  }
  return found;
}
