// The machine's removable drives and disc writers.

import { execFile } from "node:child_process";
import { readFileSync, statfsSync, statSync } from "node:fs";
import { promisify } from "node:util";
import { foundDrives, namesIn, textOf } from "./found-drives.ts";
import type { Drives, MediumInfo, OpenDriveOutcome } from "./media.ts";
import { parseMountInfo } from "./mounts.ts";
import { type FoundDrive, type JudgedDrive, judgeDrives } from "./usb-drives.ts";

const run = promisify(execFile);
/** Syncing and releasing a slow stick. */
const RELEASE_TIMEOUT_MS = 120_000;

export interface LinuxDrivesOptions {
  /** The device's own data: nothing is exported to its drive. */
  readonly dataFolder: string;
  /** Whether a folder may stand for a drive (development). */
  readonly allowPaths: () => boolean;
  /** Unmounts a folder; where this is not given, the service manager is asked. */
  readonly unmount?: ((root: string) => Promise<void>) | undefined;
}

export function linuxDrives(options: LinuxDrivesOptions): Drives {
  const { unmount = systemdUnmount } = options;
  const release = (root: string) => releaseAt(root, unmount);
  const mountInfo = () => readFileSync("/proc/self/mountinfo", "utf8");
  const found = foundDrives({
    lsblk,
    blockFolder: "/sys/block",
    mountInfo,
    nowMs: () => performance.now(),
  });
  const judged = async (): Promise<JudgedDrive[]> => {
    const drives = await found();
    return judgeDrives(drives, parseMountInfo(mountInfo()), options.dataFolder, freeBytes);
  };
  return {
    async list() {
      return [...(await judged()).map(({ root: _, ...info }) => info), ...discWriters()];
    },
    async open(device): Promise<OpenDriveOutcome> {
      const drive = (await judged()).find((d) => d.device === device);
      if (drive !== undefined) {
        if (!drive.usable || drive.root === null)
          return { kind: "refused", reason: drive.reason ?? "It cannot be written to." };
        const { root, label } = drive;
        return { kind: "open", drive: { root, label, release: () => release(root) } };
      }
      if (!device.startsWith("/") || device.startsWith("/dev/"))
        return { kind: "refused", reason: `${device} is not plugged in; put it in and try again.` };
      if (!options.allowPaths())
        return { kind: "refused", reason: "Only removable drives may be exported to here." };
      if (statSync(device, { throwIfNoEntry: false })?.isDirectory() !== true)
        return { kind: "refused", reason: `There is no folder ${device}; make it and try again.` };
      return {
        kind: "open",
        drive: { root: device, label: device, release: async () => "Everything is written." },
      };
    },
    async release(device) {
      const drive = (await judged()).find((d) => d.device === device);
      if (drive === undefined) return null;
      return drive.root === null ? "The stick can be pulled out." : release(drive.root);
    },
  };
}

async function lsblk(): Promise<FoundDrive[]> {
  // The package's main module wants a native part that Linux does not need.
  const enumerator = (await import("drivelist/js/lsblk")) as {
    lsblk: () => Promise<FoundDrive[]>;
  };
  return enumerator.lsblk();
}

/** Unmounts where this device has the right to, else at least everything is on the medium. */
async function releaseAt(root: string, unmount: (root: string) => Promise<void>): Promise<string> {
  await run("sync", ["-f", root], { timeout: RELEASE_TIMEOUT_MS });
  try {
    await unmount(root);
    return "Everything is written; the stick can be pulled out.";
  } catch {
    return "Everything is written and synced; the stick can be pulled out when its lamp is quiet.";
  }
}

async function systemdUnmount(root: string): Promise<void> {
  await run("systemd-umount", [root], { timeout: RELEASE_TIMEOUT_MS });
}

function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Optical drives that the kernel says can write. */
function discWriters(): MediumInfo[] {
  const names = namesIn("/sys/class/block").filter((name) => /^sr\d+$/.test(name));
  return names.map((name) => {
    const model = textOf(`/sys/class/block/${name}/device/model`);
    const canWrite = writers().has(name);
    return {
      kind: "disc" as const,
      device: `/dev/${name}`,
      label: model === "" ? name : model,
      usable: canWrite,
      ...(canWrite ? {} : { reason: "This drive only reads discs." }),
    };
  });
}

/** Names of the drives that /proc/sys/dev/cdrom/info lists as writing CD-R or DVD-R. */
function writers(): Set<string> {
  return parseCdromInfo(textOf("/proc/sys/dev/cdrom/info"));
}

/** The kernel's table has a column per drive. */
export function parseCdromInfo(text: string): Set<string> {
  const row = (title: string) =>
    text
      .split("\n")
      .find((line) => line.startsWith(`${title}:`))
      ?.slice(title.length + 1)
      .trim()
      .split(/\s+/) ?? [];
  const [cd, dvd] = [row("Can write CD-R"), row("Can write DVD-R")];
  return new Set(row("drive name").filter((_, i) => cd[i] === "1" || dvd[i] === "1"));
}
