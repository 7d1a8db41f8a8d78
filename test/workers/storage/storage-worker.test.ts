import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../../src/core/log.ts";
import { UnfitDatabaseError } from "../../../src/store/store-error.ts";
import { startStorage } from "../../../src/workers/storage/storage-client.ts";
import { headerOf, objectOf, pixelsOf, rowsOf } from "../../store/objects.ts";

const folders: string[] = [];
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), "store-"));
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

const start = (at: string, memory?: SharedArrayBuffer) =>
  startStorage({ folder: at, nowMs: 0, memory, reserveBytes: 0 }, silentLog, (error) => {
    throw error;
  });

test("an object written by the thread is listed here at once and read from its file", async () => {
  const memory = new SharedArrayBuffer(4096);
  new Uint8Array(memory, 512, 200).set(pixelsOf("1.1", 200));
  const at = folder();
  const storage = await start(at, memory);
  try {
    const object = objectOf("1.1");
    const outcome = await storage.writeObject({
      ...object,
      pixels: { kind: "memory", offset: 512, byteLength: 200 },
    });
    if (outcome.kind !== "stored") throw new Error(outcome.kind);
    expect(storage.reader.instance("1.1")).toEqual(outcome.record);
    expect(readFileSync(storage.filePath(outcome.record)).subarray(-200)).toEqual(
      Buffer.from(pixelsOf("1.1", 200)),
    );
    const source = storage.source(outcome.record, outcome.record.pixelOffset);
    const [a, b] = [new Uint8Array(50), new Uint8Array(150)];
    await source.readInto([a, b], 0);
    await source.close();
    expect(Uint8Array.from([...a, ...b])).toEqual(pixelsOf("1.1", 200));
  } finally {
    await storage.close();
  }
  const again = await start(at);
  expect(again.reader.instance("1.1")).not.toBeNull();
  await again.close();
});

test("a run's frames come out of the shared memory one by one", async () => {
  const memory = new SharedArrayBuffer(4096);
  const storage = await start(folder(), memory);
  try {
    const begun = await storage.beginRun({ sopInstanceUid: "1.9", expectedBytes: 400 });
    if (begun.kind !== "begun") throw new Error(begun.kind);
    for (const name of ["a", "b"]) {
      new Uint8Array(memory, 1024, 200).set(pixelsOf(name, 200));
      await storage.appendRun(begun.runId, { kind: "memory", offset: 1024, byteLength: 200 });
    }
    const rows = rowsOf("1.9", { frames: 2 });
    const outcome = await storage.finishRun({
      ...rows,
      runId: begun.runId,
      header: headerOf(rows, 400),
      creatorUid: "1.2.3.4",
    });
    if (outcome.kind !== "stored") throw new Error(outcome.kind);
    expect(readFileSync(storage.filePath(outcome.record)).subarray(-400)).toEqual(
      Buffer.from([...pixelsOf("a", 200), ...pixelsOf("b", 200)]),
    );
  } finally {
    await storage.close();
  }
});

test("a received file becomes an instance when it is committed", async () => {
  const storage = await start(folder());
  try {
    const reserved = await storage.reserveIncoming("1.5", 1_000);
    if (reserved.kind !== "reserved") throw new Error(reserved.kind);
    const object = objectOf("1.5", { local: false });
    const file = await storage.openIncoming(reserved.partPath);
    await file.append(object.header);
    await file.append(pixelsOf("1.5", 200));
    const magic = new Uint8Array(4);
    await file.readInto([magic], 128);
    expect(new TextDecoder().decode(magic)).toBe("DICM");
    await file.close();
    const outcome = await storage.commitIncoming({
      ...rowsOf("1.5", { local: false }),
      partPath: reserved.partPath,
      pixelOffset: object.header.byteLength,
      pixelBytes: 200,
    });
    expect(outcome).toMatchObject({
      kind: "stored",
      record: { fileBytes: object.header.byteLength + 200, local: false },
    });
  } finally {
    await storage.close();
  }
});

test("an error in the thread is an error here, with its words", async () => {
  const storage = await start(folder());
  try {
    const wrong = objectOf("1.1");
    wrong.header.fill(9, -4);
    const error: unknown = await storage.writeObject(wrong).catch((e: unknown) => e);
    expect(String(error)).toBe(
      "AssertionError: the header says 151587081 pixel bytes, there are 200",
    );
  } finally {
    await storage.close();
  }
});

test("space kept free is given to what radiation left, and to nothing else", async () => {
  const options = { folder: folder(), nowMs: 0, reserveBytes: 2 ** 60 };
  const storage = await startStorage(options, silentLog, () => {});
  expect(await storage.canStore(1)).toEqual({ kind: "disk-full", neededBytes: 1, freeBytes: 0 });
  expect((await storage.writeObject(objectOf("1.1"))).kind).toBe("disk-full");
  const taken = await storage.writeObject({ ...objectOf("1.1"), fromReserve: true });
  expect(taken.kind).toBe("stored");
  await storage.close();
});

test("what was asked before closing is done, what is asked after is refused", async () => {
  const storage = await start(folder());
  const written = storage.writeObject(objectOf("1.1"));
  const closed = storage.close();
  expect((await written).kind).toBe("stored");
  await closed;
  await expect(storage.canStore(1)).rejects.toThrow(/being closed/);
});

test("a store that cannot be opened says why", async () => {
  const at = folder();
  const storage = await start(at);
  await storage.close();
  const { Database } = await import("bun:sqlite");
  const db = new Database(join(at, "database.sqlite"));
  db.run("PRAGMA user_version = 999");
  db.run("UPDATE settings SET value = '998' WHERE key = 'readableFromSchema'");
  db.close();
  await expect(start(at)).rejects.toThrow(/newer program \(schema 999/);
});

test("a database that is damaged in its middle is told as one that only another can replace", async () => {
  const at = folder();
  await (await start(at)).close();
  const { Database } = await import("bun:sqlite");
  const db = new Database(join(at, "database.sqlite"));
  db.run("PRAGMA foreign_keys = OFF");
  db.transaction(() => {
    for (let n = 0; n < 2_000; n++)
      db.run(
        `INSERT INTO instances VALUES (?, 's', 't', 'c', 'x', 'DX', 1, 1, 1, 1, 1, ?, 1, 1, 1, 0, NULL,
           NULL, 1, 'stored')`,
        [`1.${n}`, `p${n}`],
      );
  })();
  db.close();
  const file = Bun.file(join(at, "database.sqlite"));
  const bytes = new Uint8Array(await file.arrayBuffer());
  bytes.fill(0x5a, 60 * 4096);
  await Bun.write(file, bytes);
  const error: unknown = await start(at).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(UnfitDatabaseError);
  expect(String(error)).toContain("is damaged");
});
