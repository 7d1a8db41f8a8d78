import { expect, test } from "bun:test";
import { memorySource } from "../../src/core/byte-source.ts";
import { readObjectHeader } from "../../src/dicom/io/object-header.ts";
import { RUN_HEADER_BYTES } from "../../src/store/object-writer.ts";
import type { Store } from "../../src/store/store.ts";
import { MemoryDisk } from "./memory-disk.ts";
import {
  CREATOR_UID,
  examOf,
  fileOf,
  headerOf,
  memoryDatabase,
  objectOf,
  openStore,
  pixelsOf,
  rowsOf,
} from "./objects.ts";

async function emptyStore() {
  const disk = new MemoryDisk();
  const db = memoryDatabase();
  return { disk, db, store: await openStore(db, disk) };
}

test("an object is its header and its pixels, listed with where they lie", async () => {
  const { disk, store } = await emptyStore();
  const object = objectOf("1.1");
  const outcome = await store.writeObject(object);
  if (outcome.kind !== "stored") throw new Error(outcome.kind);
  expect(outcome.record.pixelOffset).toBe(object.header.byteLength);
  expect(outcome.record.pixelBytes).toBe(200);
  expect(outcome.record.fileBytes).toBe(object.header.byteLength + 200);
  expect(store.reader.instance("1.1")).toEqual(outcome.record);
  expect(fileOf(disk, store, "1.1")).toEqual(
    Uint8Array.from([...object.header, ...pixelsOf("1.1", 200)]),
  );
});

test("the file is synced, then named, then its folder synced, before the row is there", async () => {
  const { disk, store } = await emptyStore();
  disk.trace.length = 0;
  await store.writeObject(objectOf("1.1"));
  const steps = disk.trace.map((line) => line.split(" ")[0]);
  expect(steps).toEqual(["create", "write", "sync", "make-folder", "rename", "sync-folder"]);
});

test("pixels are taken from the shared memory by offset", async () => {
  const disk = new MemoryDisk();
  const memory = new SharedArrayBuffer(4096);
  new Uint8Array(memory, 1024, 200).set(pixelsOf("1.1", 200));
  const { Store } = await import("../../src/store/store.ts");
  const { silentLog } = await import("../../src/core/log.ts");
  const store = await Store.open({
    db: memoryDatabase(),
    disk,
    readHeader: readObjectHeader,
    log: silentLog,
    nowMs: 0,
    memory,
    reserveBytes: 0,
  });
  await store.writeObject({
    ...objectOf("1.1"),
    pixels: { kind: "memory", offset: 1024, byteLength: 200 },
  });
  expect(fileOf(disk, store, "1.1").subarray(-200)).toEqual(pixelsOf("1.1", 200));
});

test("an odd number of pixel bytes is padded in the file and counted without the padding", async () => {
  const { disk, store } = await emptyStore();
  await store.writeObject(objectOf("1.1", { pixelBytes: 201 }));
  const record = store.reader.instance("1.1");
  expect(record?.pixelBytes).toBe(201);
  expect(record?.fileBytes).toBe((record?.pixelOffset ?? 0) + 202);
  expect(fileOf(disk, store, "1.1").at(-1)).toBe(0);
});

test("an object without pixels has none listed", async () => {
  const { store } = await emptyStore();
  await store.writeObject(objectOf("1.1", { pixelBytes: 0 }));
  expect(store.reader.instance("1.1")).toMatchObject({ pixelOffset: 0, pixelBytes: 0 });
});

test("a header that names another number of pixel bytes is a defect", async () => {
  const { store } = await emptyStore();
  const object = objectOf("1.1");
  const wrong = { kind: "bytes", bytes: new Uint8Array(100) } as const;
  await expect(store.writeObject({ ...object, pixels: wrong })).rejects.toThrow(
    /says 200 pixel bytes/,
  );
});

test("an instance that is here stays as it is", async () => {
  const { disk, store } = await emptyStore();
  await store.writeObject(objectOf("1.1"));
  const before = fileOf(disk, store, "1.1");
  const again = await store.writeObject(objectOf("1.1", { pixelBytes: 300 }));
  expect(again.kind).toBe("exists");
  expect(fileOf(disk, store, "1.1")).toEqual(before);
  expect(disk.list("incoming")).toEqual([]);
});

test("two writes of one instance at a time end as one object", async () => {
  const { store } = await emptyStore();
  const outcomes = await Promise.all([
    store.writeObject(objectOf("1.1")),
    store.writeObject(objectOf("1.1")),
  ]);
  expect(outcomes.map((o) => o.kind).sort()).toEqual(["exists", "stored"]);
});

test("other rows change in the object's own transaction", async () => {
  const { store } = await emptyStore();
  await store.writeObject({
    ...objectOf("1.1"),
    changes: [
      { kind: "exam", exam: examOf("e1", "1.2.3") },
      { kind: "setting", key: "k", value: { a: 1 } },
    ],
  });
  expect(store.reader.exam("e1")).toEqual(examOf("e1", "1.2.3"));
  expect(store.reader.setting("k")).toEqual({ a: 1 });
});

test("a full disk is an answer, and nothing half-written stays", async () => {
  const { disk, store } = await emptyStore();
  disk.capacityBytes = 1_000;
  const outcome = await store.writeObject(objectOf("1.1", { pixelBytes: 5_000 }));
  expect(outcome).toMatchObject({ kind: "disk-full", freeBytes: 1_000 });
  expect(store.canStore(2_000)).toEqual({
    kind: "disk-full",
    neededBytes: 2_000,
    freeBytes: 1_000,
  });
  expect(store.canStore(500)).toBeNull();
  expect(disk.list("incoming")).toEqual([]);
  expect(store.reader.studies()).toEqual([]);
});

test("space that runs out in the middle of a write is the same answer", async () => {
  const { disk, store } = await emptyStore();
  disk.failure = "full";
  disk.failAt = disk.operations + 1;
  const outcome = await store.writeObject(objectOf("1.1"));
  expect(outcome.kind).toBe("disk-full");
  expect(disk.list("incoming")).toEqual([]);
  expect((await store.writeObject(objectOf("1.1"))).kind).toBe("stored");
});

async function run(store: Store, sop: string, frames: readonly Uint8Array[]) {
  const begun = await store.beginRun({ sopInstanceUid: sop, expectedBytes: 1_000 });
  if (begun.kind !== "begun") throw new Error(begun.kind);
  for (const bytes of frames) await store.appendRun(begun.runId, { kind: "bytes", bytes });
  return begun.runId;
}

test("a run written frame by frame becomes an object with its header in front", async () => {
  const { disk, store } = await emptyStore();
  const frames = [1, 2, 3].map((n) => pixelsOf(`1.${n}`, 150));
  const runId = await run(store, "1.9", frames);
  const rows = rowsOf("1.9", { frames: 3 });
  const outcome = await store.finishRun({
    ...rows,
    runId,
    header: headerOf(rows, 450),
    creatorUid: CREATOR_UID,
  });
  expect(outcome).toMatchObject({
    kind: "stored",
    record: { pixelOffset: RUN_HEADER_BYTES, pixelBytes: 450, numberOfFrames: 3 },
  });
  const file = fileOf(disk, store, "1.9");
  const header = await readObjectHeader(memorySource(file));
  expect(header.pixel).toMatchObject({ offset: RUN_HEADER_BYTES, byteLength: 450 });
  expect(header.dataSet.string(0x00280008)).toBe("3");
  expect(file.subarray(RUN_HEADER_BYTES)).toEqual(Uint8Array.from(frames.flatMap((f) => [...f])));
});

test("a run that met a full disk is ended with the frames that fitted", async () => {
  const { disk, store } = await emptyStore();
  const runId = await run(store, "1.9", [pixelsOf("1.1", 150)]);
  disk.failure = "full";
  disk.failAt = disk.operations;
  const lost = await store.appendRun(runId, { kind: "bytes", bytes: pixelsOf("1.2", 150) });
  expect(lost.kind).toBe("disk-full");
  const rows = rowsOf("1.9");
  const outcome = await store.finishRun({
    ...rows,
    runId,
    header: headerOf(rows, 150),
    creatorUid: CREATOR_UID,
  });
  expect(outcome).toMatchObject({ kind: "stored", record: { pixelBytes: 150 } });
  expect(fileOf(disk, store, "1.9").byteLength).toBe(RUN_HEADER_BYTES + 150);
});

test("a run that is dropped leaves nothing", async () => {
  const { disk, store } = await emptyStore();
  store.abandonRun(await run(store, "1.9", [pixelsOf("1.1", 150)]));
  expect(disk.list("incoming")).toEqual([]);
});

test("a deleted study takes its files and every state with it", async () => {
  const { disk, store } = await emptyStore();
  await store.writeObject(objectOf("1.1", { study: "1.2.3" }));
  await store.writeObject(objectOf("1.2", { study: "1.2.4" }));
  store.markOutput(["1.1"], { kind: "export", target: "usb", atMs: 1 });
  expect(store.deleteStudy("1.2.3")).toEqual({ kind: "deleted", instances: 1 });
  expect(store.deleteStudy("1.2.3")).toEqual({ kind: "unknown-study" });
  expect(store.reader.instance("1.1")).toBeNull();
  expect(store.reader.instance("1.2")).not.toBeNull();
  expect(disk.list("objects").length).toBe(1);
});

test("the study of an open exam is not deleted", async () => {
  const { store } = await emptyStore();
  await store.writeObject({
    ...objectOf("1.1"),
    changes: [{ kind: "exam", exam: examOf("e1", "1.2.3") }],
  });
  expect(store.deleteStudy("1.2.3")).toEqual({ kind: "open-exam", examId: "e1" });
  store.apply([{ kind: "exam", exam: examOf("e1", "1.2.3", "completed") }]);
  expect(store.deleteStudy("1.2.3").kind).toBe("deleted");
});
