// A restore is taken up by the next start: the mains go at every operation, and afterwards the data folder is
// the old one or the new one, whole, and what was replaced is kept.

import { expect, test } from "bun:test";
import { silentLog } from "../../src/core/log.ts";
import { Random } from "../../src/core/random.ts";
import { DiskError } from "../../src/store/disk.ts";
import {
  beginStaging,
  commitRestore,
  hashOf,
  keptFolder,
  keyFilePlace,
  stagedPath,
  takeUpRestore,
} from "../../src/store/restore.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { filesOf } from "../export/faulty-medium.ts";
import { MemoryDisk } from "./memory-disk.ts";

const text = (bytes: string) => new TextEncoder().encode(bytes);
const MAPS = { old: `calibration/${"a".repeat(32)}.raw`, new: `calibration/${"b".repeat(32)}.raw` };

const OLD: Readonly<Record<string, string>> = {
  "config.json": "old configuration",
  "database.sqlite": "old database",
  "database.sqlite-wal": "old log",
  [MAPS.old]: "old map",
  "objects/s/i.dcm": "an image",
  "tls/key.pem": "old key",
};
const NEW: Readonly<Record<string, string>> = {
  "config.json": "new configuration",
  "database.sqlite": "the new database, which is longer",
  [MAPS.new]: "new map",
  "files/tls/key.pem": "new key",
};
/** The data folder when the new is in force. */
const AFTER: Readonly<Record<string, string>> = {
  "config.json": "new configuration",
  "database.sqlite": "the new database, which is longer",
  [MAPS.new]: "new map",
  "objects/s/i.dcm": "an image",
  "tls/key.pem": "new key",
};
const KEPT_AFTER: Readonly<Record<string, string>> = {
  "config.json": "old configuration",
  "database.sqlite": "old database",
  "database.sqlite-wal": "old log",
  [MAPS.old]: "old map",
  "files/tls/key.pem": "old key",
};

function device(): MemoryDisk {
  const disk = new MemoryDisk();
  for (const [path, content] of Object.entries(OLD)) disk.plant(path, text(content));
  disk.plant("database.sqlite-shm", text("index"));
  return disk;
}

const place = (disk: MemoryDisk) => ({ disk: () => disk, path: "config.json" });
const start = (disk: MemoryDisk) => takeUpRestore(disk, place(disk), silentLog);

/** Everything but what a start makes for itself. */
function contentOf(disk: MemoryDisk, below = ""): Record<string, string> {
  const decoder = new TextDecoder();
  return Object.fromEntries(
    [...filesOf(disk)]
      .filter(([path]) => path.startsWith(below))
      .map(([path, bytes]) => [path.slice(below.length), decoder.decode(bytes)] as const)
      .filter(([path]) => below !== "" || !/^(before-restore|restore-in-work)\/|-shm$/.test(path))
      .sort(([a], [b]) => a.localeCompare(b)),
  );
}

const sorted = (record: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => a.localeCompare(b)));

/** Stages the new as the backup thread does. */
async function stage(disk: MemoryDisk, keptName = "2026-01-05T08-00-00"): Promise<void> {
  beginStaging(disk);
  const files = [];
  for (const [name, content] of Object.entries(NEW)) {
    const path = stagedPath(name);
    disk.makeFolder(path.slice(0, path.lastIndexOf("/")));
    const file = disk.create(path);
    file.write([text(content)], 0);
    await file.sync();
    file.close();
    const bytes = text(content).byteLength;
    files.push({ name, bytes, sha256: hashOf(disk, path, bytes) });
  }
  await commitRestore(disk, files, keptName);
}

test("a start without a plan changes nothing and removes what was half staged", async () => {
  const disk = device();
  beginStaging(disk);
  disk.plant(stagedPath("database.sqlite"), text("half"));
  disk.plant("backup-in-work/database.sqlite", text("a copy for a stick"));
  expect(await start(disk)).toEqual({ kind: "none" });
  expect(contentOf(disk)).toEqual(sorted(OLD));
  expect(disk.list("restore-in-work")).toEqual([]);
  expect(disk.list("backup-in-work")).toEqual([]);
});

test("a restore brings the new, keeps the old with its log, and leaves the images alone", async () => {
  const disk = device();
  await stage(disk);
  expect(contentOf(disk)).toEqual(sorted(OLD));
  expect(await start(disk)).toEqual({
    kind: "restored",
    kept: "before-restore/2026-01-05T08-00-00",
  });
  expect(contentOf(disk)).toEqual(sorted(AFTER));
  expect(contentOf(disk, `${keptFolder(disk)}/`)).toEqual(sorted(KEPT_AFTER));
  expect(disk.size("database.sqlite-shm")).toBeNull();
  expect(await start(disk)).toEqual({ kind: "none" });
  expect(contentOf(disk)).toEqual(sorted(AFTER));
});

test("mains that go while a backup is staged leave the old, or the new as a whole", async () => {
  let cuts = 0;
  for (let cutAt = 0; ; cutAt++) {
    const disk = device();
    disk.operations = 0;
    disk.cutAt = cutAt;
    const answered = await stage(disk).then(
      () => true,
      () => false,
    );
    disk.powerCut();
    const taken = await start(disk);
    if (answered) expect(taken.kind).toBe("restored");
    expect(contentOf(disk)).toEqual(sorted(taken.kind === "restored" ? AFTER : OLD));
    if (answered && disk.operations < cutAt) break;
    cuts++;
  }
  expect(cuts).toBeGreaterThan(20);
});

test("mains that go at any moment of the taking up, twice, leave the new whole and the old kept", async () => {
  let cuts = 0;
  for (let cutAt = 0; ; cutAt++) {
    const disk = device();
    await stage(disk);
    disk.operations = 0;
    disk.cutAt = cutAt;
    const ended = await start(disk).then(
      () => true,
      () => false,
    );
    if (!ended) {
      disk.powerCut();
      disk.cutAt = Math.floor(cutAt / 2);
      await start(disk).catch(() => {});
      disk.powerCut();
      await start(disk);
    }
    expect(contentOf(disk)).toEqual(sorted(AFTER));
    expect(contentOf(disk, `${keptFolder(disk)}/`)).toEqual(sorted(KEPT_AFTER));
    if (ended) break;
    cuts++;
  }
  expect(cuts).toBeGreaterThan(50);
});

test("a file system that keeps whatever it likes of what was not synced still leaves the new whole", async () => {
  const random = new Random(20260105);
  let cuts = 0;
  for (let cutAt = 0; cutAt < 400; cutAt++) {
    const disk = device();
    await stage(disk);
    disk.operations = 0;
    disk.cutAt = cutAt;
    const ended = await start(disk).then(
      () => true,
      () => false,
    );
    if (ended) break;
    disk.powerCut(() => random.int(0, 1) === 1);
    await start(disk);
    expect(contentOf(disk)).toEqual(sorted(AFTER));
    cuts++;
  }
  expect(cuts).toBeGreaterThan(50);
});

test("a disk that fails or is full is told, and the next start goes on", async () => {
  for (const failure of ["io", "full"] as const) {
    let faults = 0;
    for (let failAt = 0; ; failAt++) {
      const disk = device();
      await stage(disk);
      disk.operations = 0;
      disk.failure = failure;
      disk.failAt = failAt;
      const error = await start(disk).then(
        () => null,
        (e: unknown) => e,
      );
      disk.failAt = Number.POSITIVE_INFINITY;
      if (error !== null) {
        expect(error).toBeInstanceOf(StoreError);
        expect(String(error)).toContain(failure === "full" ? "free some space" : "check the disk");
        await start(disk);
      }
      expect(contentOf(disk)).toEqual(sorted(AFTER));
      expect(contentOf(disk, `${keptFolder(disk)}/`)).toEqual(sorted(KEPT_AFTER));
      if (error === null) break;
      faults++;
    }
    expect(faults).toBeGreaterThan(50);
  }
});

test("what was staged and changed since is given up, and nothing was touched", async () => {
  const disk = device();
  await stage(disk);
  disk.plant(stagedPath(MAPS.new), text("new mop"));
  expect(await start(disk)).toMatchObject({ kind: "given-up" });
  expect(contentOf(disk)).toEqual(sorted(OLD));
  expect(keptFolder(disk)).toBeNull();
  expect(await start(disk)).toEqual({ kind: "none" });
});

test("only what the last restore replaced is kept", async () => {
  const disk = device();
  await stage(disk);
  await start(disk);
  await stage(disk, "2026-02-01T08-00-00");
  await start(disk);
  expect(disk.list("before-restore").map((entry) => entry.name)).toEqual(["2026-02-01T08-00-00"]);
  expect(contentOf(disk, `${keptFolder(disk)}/`)["database.sqlite"]).toBe(
    AFTER["database.sqlite"] ?? "",
  );
});

test("a configuration that lies elsewhere is replaced there and kept here", async () => {
  const disk = device();
  const elsewhere = new MemoryDisk();
  elsewhere.plant("site.json", text("site"));
  await stage(disk);
  await takeUpRestore(disk, { disk: () => elsewhere, path: "site.json" }, silentLog);
  expect(contentOf(elsewhere)).toEqual({ "site.json": "new configuration" });
  expect(contentOf(disk, `${keptFolder(disk)}/`)["config.json"]).toBe("site");
});

test("a plan that is no plan stops the start with words", async () => {
  const disk = device();
  disk.plant("restore-in-work/plan.json", text("{"));
  await expect(start(disk)).rejects.toThrow(/plan.json .* cannot be understood; call service/);
});

test("no certificate or key comes to lie where the device keeps its own", () => {
  expect(keyFilePlace("files/tls/key.pem")).toBe("tls/key.pem");
  for (const name of [
    "files/config.json",
    "files/database.sqlite-wal",
    "files/objects/x.pem",
    "files/restore-in-work/plan.json",
    "config.json",
  ])
    expect(keyFilePlace(name)).toBeNull();
});

test("a plan is durable before the restore is answered", async () => {
  const disk = device();
  await stage(disk);
  disk.powerCut();
  expect((await start(disk)).kind).toBe("restored");
  expect(() => disk.read("restore-in-work/plan.json", new Uint8Array(1), 0)).toThrow(DiskError);
});
