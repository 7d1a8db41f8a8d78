import { expect, test } from "bun:test";
import { DiskError } from "../../src/store/disk.ts";
import { dropKeyFiles, keepKeyFiles } from "../../src/store/key-file-store.ts";
import { filesOf } from "../export/faulty-medium.ts";
import { MemoryDisk } from "./memory-disk.ts";

const FILES = [
  { path: "certificates/aa/device.pem", text: "certificate" },
  { path: "certificates/bb/key.pem", text: "key" },
];
const textsOf = (disk: MemoryDisk) =>
  [...filesOf(disk)].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]);
const KEPT = FILES.map(({ path, text }) => [path, text]);

test("key files that were kept outlive a power cut; those that are there are left alone", async () => {
  const disk = new MemoryDisk();
  expect(await keepKeyFiles(disk, FILES)).toEqual(FILES.map(({ path }) => path));
  disk.powerCut();
  expect(textsOf(disk)).toEqual(KEPT);
  expect(await keepKeyFiles(disk, FILES)).toEqual([]);
  dropKeyFiles(disk, ["certificates/bb/key.pem"]);
  disk.powerCut();
  expect(textsOf(disk)).toEqual(KEPT.slice(0, 1));
});

test("whichever operation fails, all key files are there or none", async () => {
  let failed = 0;
  for (let n = 0; ; n++) {
    const disk = new MemoryDisk();
    disk.failAt = n;
    const outcome = await keepKeyFiles(disk, FILES).catch((error: unknown) => error);
    if (!(outcome instanceof DiskError)) break;
    expect([n, textsOf(disk)]).toEqual([n, []]);
    failed += 1;
  }
  expect(failed).toBeGreaterThan(8);
});
