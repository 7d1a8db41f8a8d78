// Which drives and discs are offered, and in what words others are refused.

import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  burnArguments,
  firstDifference,
  parseToc,
  xorrisoBurner,
} from "../../../src/hal/media/disc-burner.ts";
import { linuxDrives, parseCdromInfo } from "../../../src/hal/media/linux-drives.ts";
import { MediumError } from "../../../src/hal/media/medium-files.ts";
import { parseMountInfo } from "../../../src/hal/media/mounts.ts";
import { realMedium } from "../../../src/hal/media/real-medium.ts";
import { watchUsb } from "../../../src/hal/media/usb-arrival.ts";
import { type FoundDrive, judgeDrives } from "../../../src/hal/media/usb-drives.ts";
import { installed } from "../../peers/program.ts";

const MOUNTS = parseMountInfo(
  [
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
    "40 22 8:17 / /run/media/stick rw,nosuid,nodev,noexec - vfat /dev/sdb1 rw,fmask=0022",
    "41 22 8:33 / /run/media/big\\040one rw,nosuid - exfat /dev/sdc1 rw",
    "42 22 8:49 / /run/media/locked ro,nosuid - vfat /dev/sdd1 ro",
    "",
  ].join("\n"),
);

const drive = (
  device: string,
  path: string | null,
  more: Partial<FoundDrive> = {},
): FoundDrive => ({
  device,
  description: "ACME Stick",
  isRemovable: true,
  isUSB: true,
  isVirtual: false,
  isReadOnly: false,
  size: 8e9,
  mountpoints: path === null ? [] : [{ path, label: "STICK" }],
  ...more,
});

const judge = (...drives: readonly FoundDrive[]) =>
  judgeDrives(drives, MOUNTS, "/var/lib/udr", () => 5e9);

describe("drives", () => {
  test("a FAT stick is offered by the partition it is mounted from", () => {
    expect(judge(drive("/dev/sdb", "/run/media/stick"))).toEqual([
      {
        kind: "usb",
        device: "/dev/sdb1",
        label: "STICK",
        sizeBytes: 8e9,
        freeBytes: 5e9,
        usable: true,
        root: "/run/media/stick",
      },
    ]);
  });

  test("a USB disk that does not call itself removable is offered as well", () => {
    expect(judge(drive("/dev/sdb", "/run/media/stick", { isRemovable: false }))).toHaveLength(1);
  });

  for (const [name, found] of [
    ["the system's drive", drive("/dev/sda", "/")],
    ["the drive of the device's own data", drive("/dev/sda", "/var/lib")],
    [
      "a built-in disk",
      drive("/dev/sde", "/run/media/stick", { isUSB: false, isRemovable: false }),
    ],
    ["memory that looks like a drive", drive("/dev/zram0", null, { isVirtual: true })],
  ] as const)
    test(`${name} is never shown`, () => {
      expect(judge(found)).toEqual([]);
    });

  for (const [name, found, words] of [
    ["exFAT", drive("/dev/sdc", "/run/media/big one"), /exfat.*FAT32/],
    ["a mount that only reads", drive("/dev/sdd", "/run/media/locked"), /write-protected/],
    ["a switch", drive("/dev/sdb", "/run/media/stick", { isReadOnly: true }), /write-protected/],
    ["nothing that is mounted", drive("/dev/sdf", null), /format it with FAT32/],
  ] as const)
    test(`${name} makes a stick unusable, in words`, () => {
      const [judged] = judge(found);
      expect(judged?.usable).toBeFalse();
      expect(judged?.reason).toMatch(words);
    });

  test("of this machine are listed without an error, and a folder is one only where allowed", async () => {
    let allow = true;
    const drives = linuxDrives({ dataFolder: "/nowhere", allowPaths: () => allow });
    for (const medium of await drives.list())
      expect(medium.usable || medium.reason !== undefined).toBeTrue();
    expect(await drives.open(tmpdir())).toMatchObject({ kind: "open" });
    expect(await drives.open("/dev/sdz9")).toMatchObject({ kind: "refused" });
    expect(await drives.open("/no/such/folder")).toMatchObject({ kind: "refused" });
    allow = false;
    expect(await drives.open(tmpdir())).toMatchObject({ kind: "refused" });
  });

  test("the bus can be watched, also where there is none", async () => {
    const end = await watchUsb(() => {});
    end();
  });
});

describe("disc writers", () => {
  test("are those of which the kernel says that they write", () => {
    const info = [
      "CD-ROM information, Id: cdrom.c 3.20",
      "",
      "drive name:\t\tsr1\tsr0",
      "Can write CD-R:\t\t1\t0",
      "Can write DVD-R:\t1\t0",
    ].join("\n");
    expect([...parseCdromInfo(info)]).toEqual(["sr1"]);
  });

  const toc = (
    media: string,
    status: string,
    blocks = "0 readable , 359844 writable , 359844 overall",
  ) =>
    parseToc([`Media current: ${media}`, `Media status : ${status}`, `Media blocks : ${blocks}`]);

  test("take an empty CD-R or DVD-R, with what it holds", () => {
    expect(toc("CD-R", "is blank")).toEqual({
      kind: "blank",
      type: "CD-R",
      capacityBytes: 359844 * 2048,
    });
    expect(toc("DVD-R sequential recording", "is blank")).toMatchObject({ type: "DVD-R" });
  });

  for (const [name, state, words] of [
    ["no disc", toc("is not recognizable", "is not present"), /no disc/],
    ["a written disc", toc("CD-R", "is written , is closed"), /not empty/],
    ["a begun disc", toc("DVD-R sequential recording", "is written , is appendable"), /not empty/],
    ["a CD-RW", toc("CD-RW", "is blank"), /is CD-RW/],
    ["a DVD+R", toc("DVD+R", "is blank"), /is DVD\+R/],
    ["silence", parseToc([]), /no disc/],
  ] as const)
    test(`refuse ${name}, in words`, () => {
      expect(state).toMatchObject({ kind: "unusable", reason: expect.stringMatching(words) });
    });

  test("write level 1 names, close the disc and name it as the file-set", () => {
    const words = burnArguments("/dev/sr0", "/tree", "UDR10A").join(" ");
    expect(words).toContain("iso_9660_level=1");
    expect(words).toContain("-close on");
    expect(words).toContain("-volid UDR10A");
  });

  test("take modes and times for no difference, content and missing files for one", () => {
    const end = "Differences detected.";
    expect(firstDifference(["- '/a' (DISK) : st_mode  :  0000644  <>  0000555", end])).toBeNull();
    expect(firstDifference(["- '/a' (DISK) : content  :  differs", end])).toContain("content");
    expect(firstDifference(["? '/a'  (ISO) : cannot find this file", end])).toContain(
      "cannot find",
    );
    expect(firstDifference([])).toContain("could not be read");
  });

  test.skipIf(!installed("xorriso"))(
    "notice a disc that reads back wrong, and a writer that fails",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "udr-burn-"));
      try {
        mkdirSync(join(folder, "tree"));
        writeFileSync(join(folder, "tree", "DICOMDIR"), "one");
        // Stands between us and the real program: it changes the tree before the comparison.
        const lying = join(folder, "lying-xorriso");
        writeFileSync(
          lying,
          `#!/bin/sh\ncase "$*" in *compare_r*) echo two > ${folder}/tree/DICOMDIR;; esac\nexec xorriso "$@"\n`,
          { mode: 0o755 },
        );
        const request = {
          folder: join(folder, "tree"),
          volumeId: "X",
          signal: new AbortController().signal,
          percent: () => {},
        };
        const device = `stdio:${join(folder, "out.iso")}`;
        expect(await xorrisoBurner(lying).burn({ ...request, device })).toMatchObject({
          kind: "failed",
          reason: expect.stringContaining("reads back wrong"),
        });
        const nowhere = `stdio:${join(folder, "no", "folder", "out.iso")}`;
        expect(await xorrisoBurner().burn({ ...request, device: nowhere })).toMatchObject({
          kind: "failed",
          reason: expect.stringContaining("Writing the disc failed"),
        });
        expect(await xorrisoBurner("no-such-program").burn({ ...request, device })).toMatchObject({
          kind: "failed",
        });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

describe("a medium", () => {
  test("that goes away while it is written to is told from one that fails", () => {
    const root = mkdtempSync(join(tmpdir(), "udr-medium-"));
    const medium = realMedium(root);
    const faultOf = (act: () => void) => {
      try {
        act();
        return "none";
      } catch (error) {
        return error instanceof MediumError ? error.fault : String(error);
      }
    };
    expect(faultOf(() => medium.read("nothing", new Uint8Array(1), 0))).toBe("broken");
    rmSync(root, { recursive: true });
    expect(faultOf(() => medium.create("file"))).toBe("gone");
    expect(faultOf(() => medium.list(""))).toBe("gone");
    expect(faultOf(() => realMedium(root))).toBe("gone");
  });

  test("gives back what was written after memory forgot it", async () => {
    const root = mkdtempSync(join(tmpdir(), "udr-medium-"));
    try {
      const medium = realMedium(root);
      medium.makeFolder("A/B");
      const file = medium.create("A/B/C");
      file.write([new Uint8Array([1, 2]), new Uint8Array([3])], 0);
      await file.sync();
      file.close();
      medium.forget("A/B/C");
      const back = new Uint8Array(3);
      medium.read("A/B/C", back, 0);
      expect(back).toEqual(new Uint8Array([1, 2, 3]));
      medium.rename("A/B/C", "A/D");
      expect(medium.size("A/B/C")).toBeNull();
      expect(
        medium
          .list("A")
          .map((e) => e.name)
          .sort(),
      ).toEqual(["B", "D"]);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
