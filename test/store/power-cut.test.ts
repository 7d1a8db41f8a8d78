// Fail the first disk operation, then the second, … until a run meets no fault; after each, and
// after a power cut at the same place, the store is whole.

import { expect, test } from "bun:test";
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

/** Writes two objects, a run, deletes a study; tells what was answered. */
async function work(store: Store, acknowledged: Set<string>): Promise<void> {
  for (const sop of ["1.1", "1.2"]) {
    const outcome = await store.writeObject({
      ...objectOf(sop, { study: sop === "1.1" ? "1.2.3" : "1.2.4", examId: "e1" }),
      changes: [{ kind: "exam", exam: examOf("e1", "1.2.3", "completed") }],
    });
    if (outcome.kind === "stored") acknowledged.add(sop);
  }
  const begun = await store.beginRun({ sopInstanceUid: "1.9", expectedBytes: 0 });
  if (begun.kind !== "begun") return;
  const frame = { kind: "bytes", bytes: pixelsOf("1.9", 100) } as const;
  const written = await store.appendRun(begun.runId, frame);
  if (written.kind !== "written") return store.abandonRun(begun.runId);
  const rows = rowsOf("1.9", { study: "1.2.5" });
  const header = headerOf(rows, 100);
  const finish = { ...rows, runId: begun.runId, header, creatorUid: CREATOR_UID };
  if ((await store.finishRun(finish)).kind === "stored") acknowledged.add("1.9");
  const deleted = store.deleteStudy("1.2.3");
  if (deleted.kind === "deleted") acknowledged.delete("1.1");
}

/** Every acknowledged instance is readable and whole; nothing else of a file lies about. */
function checkWhole(disk: MemoryDisk, store: Store, acknowledged: ReadonlySet<string>): void {
  for (const sop of acknowledged) {
    const bytes = sop === "1.9" ? 100 : 200;
    expect(fileOf(disk, store, sop).subarray(-bytes)).toEqual(pixelsOf(sop, bytes));
  }
  const listed = store.reader
    .studies()
    .flatMap((s) => store.reader.instancesOfStudy(s.studyInstanceUid));
  for (const record of listed) expect(disk.size(`objects/${record.path}`)).toBe(record.fileBytes);
  const files = disk.list("objects").flatMap((f) => disk.list(`objects/${f.name}`));
  expect(files.length).toBe(listed.length);
  expect(disk.list("incoming")).toEqual([]);
  expect(store.reader.missing()).toEqual([]);
}

test("a power cut at any disk operation loses nothing that was acknowledged", async () => {
  let faults = 0;
  for (let cutAt = 0; ; cutAt++) {
    const disk = new MemoryDisk();
    const db = memoryDatabase();
    const store = await openStore(db, disk);
    disk.operations = 0;
    disk.cutAt = cutAt;
    const acknowledged = new Set<string>();
    const cut = await work(store, acknowledged).then(
      () => disk.operations > cutAt,
      () => true,
    );
    const deleting = store.reader.study("1.2.3") === null;
    if (deleting) acknowledged.delete("1.1");
    disk.powerCut();
    const again = await openStore(db, disk);
    checkWhole(disk, again, acknowledged);
    if (deleting && acknowledged.has("1.9")) expect(again.reader.instance("1.1")).toBeNull();
    if (!cut) break;
    faults++;
  }
  expect(faults).toBeGreaterThan(20);
});

test("a single failed disk operation leaves the store whole and usable", async () => {
  for (const failure of ["io", "full"] as const) {
    let faults = 0;
    for (let failAt = 0; ; failAt++) {
      const disk = new MemoryDisk();
      const db = memoryDatabase();
      const store = await openStore(db, disk);
      disk.operations = 0;
      disk.failAt = failAt;
      disk.failure = failure;
      const acknowledged = new Set<string>();
      await work(store, acknowledged).catch((error: unknown) => {
        expect((error as Error).name).toBe("StoreError");
      });
      const met = disk.operations > failAt;
      disk.failAt = Number.POSITIVE_INFINITY;
      if (store.reader.study("1.2.3") === null) acknowledged.delete("1.1");
      for (const sop of acknowledged) expect(store.reader.instance(sop)).not.toBeNull();
      // The same process goes on: the next object is stored.
      expect((await store.writeObject(objectOf("1.7", { study: "1.2.6" }))).kind).toBe("stored");
      acknowledged.add("1.7");
      checkWhole(disk, await openStore(db, disk), acknowledged);
      if (!met) break;
      faults++;
    }
    expect(faults).toBeGreaterThan(20);
  }
});

test("an image whose row was lost comes back with its exam", async () => {
  const disk = new MemoryDisk();
  const db = memoryDatabase();
  const store = await openStore(db, disk);
  store.apply([{ kind: "exam", exam: examOf("e1", "1.2.3") }]);
  await store.writeObject(objectOf("1.1", { examId: "e1" }));
  const rows = store.reader.instance("1.1");
  db.run("DELETE FROM studies");
  const again = await openStore(db, disk);
  expect(again.reconciliation.adopted).toEqual(["1.1"]);
  expect(again.reader.instance("1.1")).toEqual(rows);
  expect(again.reader.studies({ name: "doe" })).toHaveLength(1);
});

test("a file that is no object goes into quarantine and stays there", async () => {
  const disk = new MemoryDisk();
  disk.plant("objects/ab/cd.dcm", new TextEncoder().encode("not an image"));
  const db = memoryDatabase();
  const store = await openStore(db, disk);
  expect(store.reconciliation.quarantined).toEqual(["quarantine/ab_cd.dcm"]);
  expect(disk.size("quarantine/ab_cd.dcm")).toBe(12);
  disk.plant("objects/ab/cd.dcm", new TextEncoder().encode("another"));
  expect((await openStore(db, disk)).reconciliation.quarantined).toEqual([
    "quarantine/ab_cd.dcm.1",
  ]);
});

test("an object cut short without a row goes into quarantine", async () => {
  const disk = new MemoryDisk();
  const db = memoryDatabase();
  const store = await openStore(db, disk);
  await store.writeObject(objectOf("1.1"));
  const path = `objects/${store.reader.instance("1.1")?.path}`;
  const file = fileOf(disk, store, "1.1");
  db.run("DELETE FROM studies");
  disk.plant(path, file.slice(0, file.byteLength - 2));
  const again = await openStore(db, disk);
  expect(again.reconciliation.adopted).toEqual([]);
  expect(again.reconciliation.quarantined).toHaveLength(1);
});

test("an instance whose file is short or gone is not listed, and is again when the file is back", async () => {
  const disk = new MemoryDisk();
  const db = memoryDatabase();
  const store = await openStore(db, disk);
  await store.writeObject(objectOf("1.1"));
  const path = `objects/${store.reader.instance("1.1")?.path}`;
  const file = fileOf(disk, store, "1.1");
  disk.plant(path, file.slice(0, 100));
  const short = await openStore(db, disk);
  expect(short.reconciliation.missing).toEqual(["1.1"]);
  expect(short.reader.instance("1.1")).toBeNull();
  expect(short.reader.studies()).toEqual([]);
  expect(short.reader.missing()).toEqual(["1.1"]);
  disk.plant(path, file);
  const back = await openStore(db, disk);
  expect(back.reconciliation.found).toEqual(["1.1"]);
  expect(back.reader.instance("1.1")).not.toBeNull();
});

test("a missing instance is replaced when it is received again", async () => {
  const disk = new MemoryDisk();
  const db = memoryDatabase();
  const store = await openStore(db, disk);
  await store.writeObject(objectOf("1.1"));
  disk.remove(`objects/${store.reader.instance("1.1")?.path}`);
  const gone = await openStore(db, disk);
  expect((await gone.writeObject(objectOf("1.1"))).kind).toBe("stored");
  expect(gone.reader.instance("1.1")).not.toBeNull();
});
