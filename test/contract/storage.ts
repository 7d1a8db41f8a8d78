// What every StoragePort does, whatever thread its store lives in.

import { expect, test } from "bun:test";
import { memorySource } from "../../src/core/byte-source.ts";
import { readObjectHeader } from "../../src/dicom/io/object-header.ts";
import { recordsOfHeader } from "../../src/store/header-records.ts";
import type { StoragePort } from "../../src/store/storage-port.ts";
import {
  CREATOR_UID,
  examOf,
  headerOf,
  objectOf,
  pixelsOf,
  rowsOf,
  START_MS,
} from "../store/objects.ts";

export interface StorageUnderTest {
  readonly storage: StoragePort;
  /** Closes the store and opens it again on what it left. */
  restart(): Promise<StoragePort>;
  end(): Promise<void>;
}

async function bytesOf(storage: StoragePort, sop: string): Promise<Uint8Array> {
  const record = storage.reader.instance(sop);
  if (record === null) throw new Error(`${sop} is not listed`);
  const source = storage.source(record);
  const bytes = new Uint8Array(source.byteLength);
  await source.readInto([bytes], 0);
  await source.close();
  return bytes;
}

export function storageContract(name: string, make: () => Promise<StorageUnderTest>): void {
  const check = (title: string, body: (under: StorageUnderTest) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const under = await make();
      try {
        await body(under);
      } finally {
        await under.end();
      }
    });

  check("an object is listed when the answer comes, and after a restart", async (under) => {
    const object = objectOf("1.1");
    const outcome = await under.storage.writeObject({
      ...object,
      changes: [{ kind: "exam", exam: examOf("e1", "1.2.3") }],
    });
    expect(outcome.kind).toBe("stored");
    const whole = Uint8Array.from([...object.header, ...pixelsOf("1.1", 200)]);
    expect(await bytesOf(under.storage, "1.1")).toEqual(whole);
    const again = await under.restart();
    expect(await bytesOf(again, "1.1")).toEqual(whole);
    expect(again.reader.exam("e1")).toEqual(examOf("e1", "1.2.3"));
    expect((await again.writeObject(object)).kind).toBe("exists");
  });

  check("a part of an object's file can be read", async ({ storage }) => {
    await storage.writeObject(objectOf("1.1"));
    const record = storage.reader.instance("1.1");
    if (record === null) throw new Error("it is listed");
    const source = storage.source(record, record.pixelOffset, record.pixelBytes);
    expect(source.byteLength).toBe(200);
    const part = new Uint8Array(50);
    await source.readInto([part], 150);
    expect(part).toEqual(pixelsOf("1.1", 200).slice(150));
    const beyond = await source.readInto([part], 151).catch((e: unknown) => e);
    expect(beyond).toBeInstanceOf(RangeError);
    await source.close();
  });

  check("a run is an object when it is finished, and nothing before", async (under) => {
    const { storage } = under;
    const begin = { sopInstanceUid: "1.9", expectedBytes: 300 };
    const begun = await storage.beginRun(begin);
    const dropped = await storage.beginRun({ ...begin, sopInstanceUid: "1.8" });
    if (begun.kind !== "begun" || dropped.kind !== "begun") throw new Error("not begun");
    for (const name of ["a", "b"])
      await storage.appendRun(begun.runId, { kind: "bytes", bytes: pixelsOf(name, 150) });
    await storage.abandonRun(dropped.runId);
    expect(storage.reader.instance("1.9")).toBeNull();
    const rows = rowsOf("1.9", { frames: 2 });
    const header = headerOf(rows, 300);
    await storage.finishRun({ ...rows, runId: begun.runId, header, creatorUid: CREATOR_UID });
    const again = await under.restart();
    expect(again.reconciliation).toMatchObject({ adopted: [], missing: [], quarantined: [] });
    expect((await bytesOf(again, "1.9")).subarray(-300)).toEqual(
      Uint8Array.from([...pixelsOf("a", 150), ...pixelsOf("b", 150)]),
    );
  });

  check("a run that was not finished is gone after a restart", async (under) => {
    const begun = await under.storage.beginRun({ sopInstanceUid: "1.9", expectedBytes: 300 });
    if (begun.kind !== "begun") throw new Error(begun.kind);
    await under.storage.appendRun(begun.runId, { kind: "bytes", bytes: pixelsOf("a", 150) });
    const again = await under.restart();
    expect(again.reader.instance("1.9")).toBeNull();
  });

  check("a received file becomes an instance by its own header", async ({ storage }) => {
    const sent = objectOf("1.5", { patient: { patientName: "Yamada^Tarou=山田^太郎" } });
    const reserved = await storage.reserveIncoming("1.5", 1_000);
    if (reserved.kind !== "reserved") throw new Error(reserved.kind);
    const file = await storage.openIncoming(reserved.partPath);
    await file.append(sent.header);
    await file.append(pixelsOf("1.5", 200));
    const whole = new Uint8Array(file.byteLength);
    await file.readInto([whole], 0);
    await file.close();
    const header = await readObjectHeader(memorySource(whole));
    const records = recordsOfHeader(header, { createdMs: START_MS, examId: null, local: false });
    if (records === null || header.pixel === null) throw new Error("it has its UIDs");
    const outcome = await storage.commitIncoming({
      ...records,
      partPath: reserved.partPath,
      pixelOffset: header.pixel.offset,
      pixelBytes: header.pixel.byteLength ?? 0,
    });
    expect(outcome).toMatchObject({ kind: "stored", record: { local: false, modality: "DX" } });
    expect(await bytesOf(storage, "1.5")).toEqual(whole);
    expect(storage.reader.studies({ name: "山田" })).toHaveLength(1);
  });

  check("a received file that is dropped leaves nothing", async (under) => {
    const reserved = await under.storage.reserveIncoming("1.5", 1_000);
    if (reserved.kind !== "reserved") throw new Error(reserved.kind);
    const file = await under.storage.openIncoming(reserved.partPath);
    await file.append(new Uint8Array(10));
    await file.abandon();
    expect((await under.restart()).reconciliation.removedParts).toBe(0);
  });

  check("a deleted study does not come back", async (under) => {
    await under.storage.writeObject(objectOf("1.1"));
    expect(await under.storage.deleteStudy("1.2.3")).toEqual({ kind: "deleted", instances: 1 });
    const again = await under.restart();
    expect(again.reader.studies()).toEqual([]);
    expect(again.reconciliation.adopted).toEqual([]);
  });

  check("the oldest committed study goes when asked for one, and no other", async (under) => {
    const { storage } = under;
    for (const n of [1, 2]) await storage.writeObject(objectOf(`1.${n}.1`, { study: `1.${n}` }));
    expect(await storage.deleteCommitted(["archive"])).toEqual({ kind: "none" });
    const transaction = { remoteId: "archive", studyInstanceUid: "1.2", createdMs: START_MS };
    await storage.createCommitment({ ...transaction, transactionUid: "9.1" }, ["1.2.1"]);
    await storage.supersedeCommitments("archive", "asked for again");
    expect(storage.reader.commitment("9.1")?.state).toBe("superseded");
    const done = [{ sopInstanceUid: "1.2.1", failureReason: null }];
    await storage.recordCommitment("9.1", done, START_MS);
    expect(await storage.deleteCommitted(["archive", "other"])).toEqual({ kind: "none" });
    const bytes = storage.reader.instance("1.2.1")?.fileBytes ?? 0;
    expect(await storage.deleteCommitted(["archive"])).toEqual({
      kind: "deleted",
      studyInstanceUid: "1.2",
      instances: 1,
      bytes,
    });
    expect(await storage.deleteCommitted(["archive"])).toEqual({ kind: "none" });
    const again = await under.restart();
    expect(again.reader.studies().map((s) => s.studyInstanceUid)).toEqual(["1.1"]);
    expect(again.reader.commitment("9.1")).toBeNull();
  });

  check("numbers and jobs outlive a restart", async (under) => {
    await under.storage.writeObject(objectOf("1.1"));
    const first = await under.storage.takeNumbers("uid", 10);
    const job = await under.storage.createJob({
      parameters: { type: "send", remoteId: "a", studyInstanceUid: "1.2.3", sopInstanceUids: [] },
      items: ["1.1"],
      createdMs: START_MS,
    });
    const again = await under.restart();
    expect(await again.takeNumbers("uid", 1)).toBe(first + 10);
    expect(again.reader.job(job.id)).toEqual(job);
    expect(again.reader.jobItems(job.id)).toMatchObject([{ sopInstanceUid: "1.1" }]);
  });
}
