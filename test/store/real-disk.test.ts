// The real disk does what the one in memory promises, and says clearly what it can't.

import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskError, type DiskPort } from "../../src/store/disk.ts";
import { fileSource } from "../../src/store/file-source.ts";
import { realDisk } from "../../src/store/real-disk.ts";
import { MemoryDisk } from "./memory-disk.ts";

const folders: string[] = [];
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), "disk-"));
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

const disks: readonly (readonly [string, () => DiskPort])[] = [
  ["the real disk", () => realDisk(folder())],
  ["the disk in memory", () => new MemoryDisk()],
];

for (const [name, make] of disks) {
  test(`${name} keeps a file under its new name`, async () => {
    const disk = make();
    disk.makeFolder("a/b");
    const file = disk.create("a/x.part");
    file.write([new Uint8Array([1, 2]), new Uint8Array(0), new Uint8Array([3])], 0);
    file.write([new Uint8Array([9])], 1);
    file.write([new Uint8Array([4])], 5);
    file.startSync();
    await file.sync();
    file.truncate(4);
    file.close();
    file.close();
    disk.rename("a/x.part", "a/b/x");
    disk.syncFolder("a/b");
    expect(disk.size("a/x.part")).toBeNull();
    expect(disk.size("a/b/x")).toBe(4);
    const bytes = new Uint8Array(3);
    disk.read("a/b/x", bytes, 1);
    expect([...bytes]).toEqual([9, 3, 0]);
    expect(disk.list("a")).toEqual([{ name: "b", folder: true }]);
    expect(disk.list("a/b")).toEqual([{ name: "x", folder: false }]);
    expect(() => disk.read("a/b/x", new Uint8Array(5), 0)).toThrow(DiskError);
  });

  test(`${name} takes what is not there for what it is`, () => {
    const disk = make();
    expect(disk.list("none")).toEqual([]);
    expect(disk.size("none")).toBeNull();
    disk.remove("none");
    disk.removeEmptyFolder("none");
    disk.syncFolder("none");
    expect(() => disk.open("none")).toThrow(DiskError);
    expect(() => disk.rename("none", "other")).toThrow(DiskError);
    disk.makeFolder("a");
    disk.create("a/x").close();
    expect(() => disk.create("a/x")).toThrow(DiskError);
    disk.removeEmptyFolder("a");
    expect(disk.size("a/x")).toBe(0);
    expect(disk.freeBytes()).toBeGreaterThan(0);
  });
}

test("a folder that can't be made is named", () => {
  const at = folder();
  writeFileSync(join(at, "file"), "");
  expect(() => realDisk(join(at, "file", "below"))).toThrow(/cannot make the folder .*below/);
});

test.skipIf(process.platform !== "linux")("a full medium is told from other failures", () => {
  const at = folder();
  mkdirSync(join(at, "x"));
  symlinkSync("/dev/full", join(at, "full"));
  const disk = realDisk(at);
  const file = disk.open("full");
  try {
    file.write([new Uint8Array(10)], 0);
    throw new Error("it was written");
  } catch (error) {
    expect(error).toBeInstanceOf(DiskError);
    expect((error as DiskError).full).toBe(true);
  } finally {
    file.close();
  }
});

test("a range of a file is read into views that lie apart", async () => {
  const path = join(folder(), "f");
  writeFileSync(
    path,
    Uint8Array.from({ length: 1_000 }, (_, i) => i & 0xff),
  );
  const source = fileSource(path, 100, 500);
  const buffer = new Uint8Array(64).fill(255);
  await source.readInto([buffer.subarray(4, 14), buffer.subarray(20, 40)], 50);
  expect([...buffer.subarray(4, 14)]).toEqual([...readFileSync(path).subarray(150, 160)]);
  expect([...buffer.subarray(20, 40)]).toEqual([...readFileSync(path).subarray(160, 180)]);
  expect(buffer[3]).toBe(255);
  expect(buffer[14]).toBe(255);
  await Promise.all([0, 1, 2].map((n) => source.readInto([new Uint8Array(100)], n * 100)));
  await source.close();
  await source.close();
});

test("reading beyond the range, a short file and a lost one are errors with the path", async () => {
  const path = join(folder(), "f");
  writeFileSync(path, new Uint8Array(100));
  const failure = async (act: Promise<void>) => String(await act.catch((e: unknown) => e));
  const source = fileSource(path, 0, 200);
  expect(await failure(source.readInto([new Uint8Array(201)], 0))).toContain("of 200 in");
  expect(await failure(source.readInto([new Uint8Array(150)], 0))).toContain("ends before byte");
  await source.close();
  expect(await failure(source.readInto([new Uint8Array(1)], 0))).toContain("was closed");
  const lost = fileSource(join(folder(), "none"), 0, 10);
  expect(await failure(lost.readInto([new Uint8Array(1)], 0))).toContain("cannot be read");
  await lost.close();
});
