// When lsblk is asked, over a folder that stands for the kernel's.

import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { foundDrives } from "../../../src/hal/media/found-drives.ts";
import type { FoundDrive } from "../../../src/hal/media/usb-drives.ts";

const SETTLED_MS = 15_000;

function room() {
  const folder = mkdtempSync(join(tmpdir(), "udr-block-"));
  const room = { asked: 0, mounts: "", nowMs: 0, fails: false };
  const put = (drive: string, facts: Record<string, string>) => {
    mkdirSync(join(folder, drive), { recursive: true });
    for (const [name, text] of Object.entries(facts))
      writeFileSync(join(folder, drive, name), text);
  };
  put("vda", { size: "1000", ro: "0" });
  put("loop0", { size: "1" });
  const find = foundDrives({
    async lsblk() {
      room.asked++;
      if (room.fails) throw new Error("lsblk is not there");
      return [{ device: `/dev/sd${room.asked}` }] as FoundDrive[];
    },
    blockFolder: folder,
    mountInfo: () => room.mounts,
    nowMs: () => room.nowMs,
  });
  /** Looks every five seconds for a minute and a bit; says how often lsblk was asked. */
  const minute = async () => {
    const before = room.asked;
    for (let n = 0; n < 13; n++) {
      await find();
      room.nowMs += 5_000;
    }
    return room.asked - before;
  };
  return {
    room,
    find,
    put,
    minute,
    folder,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

test("where nothing changes nothing is asked, after the first seconds", async () => {
  using r = room();
  expect(await r.minute()).toBe(4);
  expect(await r.minute()).toBe(0);
  expect(await r.find()).toEqual(await r.find());
});

test("a drive that comes is asked about until udev has seen to it", async () => {
  using r = room();
  await r.minute();
  r.put("sdb", { size: "64", removable: "1" });
  expect(await r.minute()).toBe(4);
  expect(await r.minute()).toBe(0);
});

for (const [what, change] of [
  ["goes", (r) => rmSync(join(r.folder, "sdb"), { recursive: true })],
  ["gets another medium", (r) => r.put("sdb", { diskseq: "10" })],
  ["becomes write-protected", (r) => r.put("sdb", { ro: "1" })],
  ["shows a partition", (r) => r.put("sdb/sdb1", {})],
  [
    "is mounted",
    (r) => {
      r.room.mounts = "36 25 8:17 / /run/media/udr/sdb1 rw - vfat /dev/sdb1 rw\n";
    },
  ],
] as const satisfies readonly (readonly [string, (r: ReturnType<typeof room>) => void])[])
  test(`a drive that ${what} is asked about again at once`, async () => {
    using r = room();
    r.put("sdb", { size: "64", removable: "1", ro: "0", diskseq: "9" });
    await r.minute();
    const before = await r.find();
    change(r);
    expect(await r.find()).not.toEqual(before);
  });

test("loop devices and the like are nobody's business", async () => {
  using r = room();
  await r.minute();
  r.put("loop1", { size: "5" });
  r.put("dm-0", { size: "5" });
  expect(await r.minute()).toBe(0);
});

test("an lsblk that fails is no drives, and is asked again", async () => {
  using r = room();
  r.room.nowMs = SETTLED_MS;
  r.room.fails = true;
  expect(await r.find()).toEqual([]);
  r.room.nowMs += SETTLED_MS;
  expect(await r.find()).toEqual([]);
  r.room.fails = false;
  expect(await r.find()).toHaveLength(1);
});
