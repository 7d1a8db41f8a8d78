// A backup on a stick: every call fails once, in every way, and what is left is no backup or a whole one; and
// whatever a stick may hold is judged in words before a byte of it is taken.

import { expect, test } from "bun:test";
import {
  BackupSetError,
  discardBackup,
  freeName,
  listBackups,
  readBackup,
  writeBackup,
} from "../../src/export/backup-set.ts";
import type { SourceFile } from "../../src/export/source-files.ts";
import { MediumError } from "../../src/hal/media/medium-files.ts";
import type { BackupManifest } from "../../src/model/backup.ts";
import { FaultyMedium, filesOf } from "./faulty-medium.ts";

const NAME = "2026-01-05T08-00-00";
const FOLDER = `udr-backup/${NAME}`;
const RUNNING = { product: "UDR-10A", schema: 4 };
const MAP = `calibration/${"0123456789abcdef".repeat(2)}.raw`;
const text = (bytes: string) => new TextEncoder().encode(bytes);

const CONTENT: ReadonlyMap<string, Uint8Array> = new Map([
  ["database.sqlite", Uint8Array.from({ length: 9_000 }, (_, i) => (i * 7) & 0xff)],
  ["config.json", text("{}\n")],
  [MAP, Uint8Array.from({ length: 5_000 }, (_, i) => (i * 3) & 0xff)],
  ["files/tls/key.pem", text("a key")],
]);

function memorySource(bytes: Uint8Array): SourceFile {
  return {
    byteLength: bytes.byteLength,
    read: (into, at) => into.set(bytes.subarray(at, at + into.byteLength)),
    close() {},
  };
}

const write = (medium: FaultyMedium, change: Partial<BackupManifest> = {}, name = NAME) =>
  writeBackup({
    medium,
    name,
    files: [...CONTENT].map(([file, bytes]) => ({ name: file, source: memorySource(bytes) })),
    manifest: {
      product: "UDR-10A",
      version: "0.1.0",
      serialNumber: "A1",
      stationName: "ROOM 2",
      institutionName: "Hospital",
      madeAt: "2026-01-05T07:00:00.000Z",
      schema: 4,
      readableFromSchema: 1,
      leftOut: [],
      ...change,
    },
    progress: () => {},
  });

async function read(medium: FaultyMedium, name = NAME): Promise<Map<string, Uint8Array>> {
  const taken = new Map<string, Uint8Array>();
  await readBackup({
    medium,
    name,
    running: RUNNING,
    progress: () => {},
    room: () => {},
    sink(file) {
      const pieces: number[] = [];
      return {
        write: (piece) => pieces.push(...piece),
        end: async () => void taken.set(file, Uint8Array.from(pieces)),
        close() {},
      };
    },
  });
  return taken;
}

const only = (medium: FaultyMedium) => listBackups(medium, RUNNING)[0];

test("what was written comes back, and is listed with its facts", async () => {
  const medium = new FaultyMedium();
  await write(medium);
  expect(await read(medium)).toEqual(new Map(CONTENT));
  expect(only(medium)).toEqual({
    name: NAME,
    madeAt: "2026-01-05T07:00:00.000Z",
    version: "0.1.0",
    stationName: "ROOM 2",
    serialNumber: "A1",
    bytes: 14_008,
    usable: true,
  });
  expect(freeName(medium, NAME)).toBe(`${NAME}-2`);
  // The checksums are the last that is written.
  const created = medium.trace.filter((call) => call.startsWith("create "));
  expect(created.at(-1)).toContain("manifest.json");
});

for (const [how, fault, forGood, cut] of [
  ["one failed call", "broken", false, false],
  ["a stick that was pulled out", "gone", true, true],
  ["a stick that ran full", "full", true, false],
] as const)
  test(`after ${how}, whenever it is, the stick holds no backup or a whole one`, async () => {
    let met = 0;
    for (let failAt = 0; ; failAt++) {
      const medium = new FaultyMedium();
      medium.disk.plant("LETTERS/HOLIDAY.DOC", text("x"));
      Object.assign(medium, { failAt, forGood, fault });
      const outcome = await write(medium).then(
        () => "written",
        (error: unknown) => error,
      );
      const wasMet = medium.calls > failAt;
      medium.heal();
      if (cut) medium.disk.powerCut();
      const left = only(medium);
      if (outcome === "written") expect(left?.usable).toBe(true);
      else expect(outcome).toBeInstanceOf(MediumError);
      if (left?.usable === true) expect(await read(medium)).toEqual(new Map(CONTENT));
      else if (left !== undefined) expect(left.reason).toContain("was not finished");
      discardBackup(medium, NAME);
      expect([...filesOf(medium.disk).keys()]).toEqual(["LETTERS/HOLIDAY.DOC"]);
      if (!wasMet) break;
      met++;
    }
    expect(met).toBeGreaterThan(30);
  });

test("a stick without room is told before anything is written", async () => {
  const medium = new FaultyMedium();
  medium.disk.capacityBytes = 500_000;
  const error = await write(medium).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(BackupSetError);
  expect(String(error)).toContain("The stick has 500 kB free, 1.3 MB are needed");
  expect([...filesOf(medium.disk).keys()]).toEqual([]);
});

test("a stick that keeps other bytes than were written is found by reading back", async () => {
  const medium = new FaultyMedium();
  const honest = medium.read;
  medium.read = (path, into, at) => {
    honest(path, into, at);
    if (path.endsWith(".raw")) into[0] = (into[0] ?? 0) ^ 1;
  };
  expect(String(await write(medium).catch((e: unknown) => e))).toContain("reads back different");
  expect(only(medium)).toMatchObject({ usable: false });
});

test("one changed byte is found before the file counts", async () => {
  const medium = new FaultyMedium();
  await write(medium);
  const bytes = new Uint8Array(9_000);
  medium.disk.read(`${FOLDER}/database.sqlite`, bytes, 0);
  bytes[8_999] = (bytes[8_999] ?? 0) ^ 0x10;
  medium.disk.plant(`${FOLDER}/database.sqlite`, bytes);
  await expect(read(medium)).rejects.toThrow(/database.sqlite of the backup .* is damaged/);
});

test("a file that is short or gone makes the backup unusable in the list already", async () => {
  const medium = new FaultyMedium();
  await write(medium);
  medium.disk.plant(`${FOLDER}/${MAP}`, new Uint8Array(4_999));
  expect(only(medium)?.reason).toContain(`${MAP} is gone or has another length`);
  await expect(read(medium)).rejects.toThrow(/another length/);
});

test("the backup of a newer version, or of another product, is refused in words", async () => {
  const medium = new FaultyMedium();
  await write(medium, { schema: 9, readableFromSchema: 9, version: "2.0.0" });
  expect(only(medium)).toMatchObject({ usable: false });
  expect(only(medium)?.reason).toContain("newer version 2.0.0 (database 9, readable from 9");
  await expect(read(medium)).rejects.toThrow(/Update this device first/);
  const readable = new FaultyMedium();
  await write(readable, { schema: 9, readableFromSchema: 4 });
  expect(only(readable)?.usable).toBe(true);
  const other = new FaultyMedium();
  await write(other, { product: "UDR-20B" });
  expect(only(other)?.reason).toContain("backup of a UDR-20B");
});

test("a manifest that names what no backup holds is not followed", async () => {
  for (const name of [
    "../../config.json",
    "objects/a/b.dcm",
    "files/../device.lock",
    "files/.hidden",
    "calibration/../database.sqlite",
    "/etc/passwd",
  ]) {
    const medium = new FaultyMedium();
    const manifest = await write(medium);
    const files = [...manifest.files, { name, bytes: 1, sha256: "0".repeat(64) }];
    medium.disk.plant(`${FOLDER}/manifest.json`, text(JSON.stringify({ ...manifest, files })));
    expect(only(medium)?.reason).toContain("cannot be understood");
    await expect(read(medium)).rejects.toThrow(BackupSetError);
  }
});

test("a backup's name leads nowhere else", async () => {
  const medium = new FaultyMedium();
  await write(medium);
  await expect(read(medium, `../${FOLDER}`)).rejects.toThrow(/is not there/);
});

test("the newest backup comes first, and other folders are none", async () => {
  const medium = new FaultyMedium();
  await write(medium);
  await write(medium, {}, "2026-03-01T08-00-00");
  medium.disk.plant("udr-backup/NOTES/READ.ME", text("x"));
  expect(listBackups(medium, RUNNING).map((backup) => backup.name)).toEqual([
    "2026-03-01T08-00-00",
    NAME,
  ]);
});
