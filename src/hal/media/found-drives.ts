// The machine's drives as lsblk tells of them. A process is only started for it where the kernel's own
// folders show that something came, went or was mounted: looking at those costs nothing, and the panel's
// frames want the processor.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FoundDrive } from "./usb-drives.ts";

/** lsblk knows labels and buses from udev, which takes some seconds over a drive that came. */
const SETTLING_MS = 15_000;
/** Neither removable nor USB. */
const OTHER_DRIVES = /^(loop|ram|zram|sr|dm-|md|nbd)\d*/;
/** Of a drive: what changes with its medium. */
const FACTS = ["diskseq", "removable", "ro", "size"] as const;

export interface FoundDrivesParts {
  readonly lsblk: () => Promise<readonly FoundDrive[]>;
  /** /sys/block. */
  readonly blockFolder: string;
  /** The table of mounts as it is now. */
  readonly mountInfo: () => string;
  /** Monotonic. */
  readonly nowMs: () => number;
}

/** Answers the drives; none where lsblk fails. */
export function foundDrives(parts: FoundDrivesParts): () => Promise<readonly FoundDrive[]> {
  let before = "";
  let changedMs = 0;
  let known: readonly FoundDrive[] | null = null;
  return async () => {
    const now = fingerprint(parts);
    if (now !== before) {
      before = now;
      changedMs = parts.nowMs();
      known = null;
    }
    if (known !== null) return known;
    const isSettled = parts.nowMs() - changedMs >= SETTLING_MS;
    const drives = await parts.lsblk().catch(() => null);
    // What changed meanwhile is asked for again.
    if (isSettled && now === before) known = drives;
    return drives ?? [];
  };
}

function fingerprint({ blockFolder, mountInfo }: FoundDrivesParts): string {
  const drives = namesIn(blockFolder)
    .filter((name) => !OTHER_DRIVES.test(name))
    .map((name) => {
      const folder = join(blockFolder, name);
      const partitions = namesIn(folder).filter((part) => part.startsWith(name));
      return [name, ...FACTS.map((fact) => textOf(join(folder, fact))), ...partitions].join(" ");
    });
  return [...drives, mountInfo()].join("\n");
}

/** Names in a folder of the kernel, sorted; none where it is not there. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** A file of the kernel; empty where it is not there. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
