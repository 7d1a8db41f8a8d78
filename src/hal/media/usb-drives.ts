// Removable drives: found by drivelist's lsblk enumerator, judged here. Only USB or removable ones,
// never one that the system lives on, and of the file systems only the FAT family (PS3.12, X7).

import type { Drive } from "drivelist";
import type { MediumInfo } from "./media.ts";
import type { Mount } from "./mounts.ts";

/** FAT12, FAT16 and FAT32 under Linux. */
const FAT: ReadonlySet<string> = new Set(["vfat", "msdos"]);
/** A drive with one of these mounted on it is the system's. */
const SYSTEM_PATHS: ReadonlySet<string> = new Set([
  "/",
  "/boot",
  "/boot/efi",
  "/efi",
  "/etc",
  "/home",
  "/usr",
  "/var",
  "[SWAP]",
]);

export type FoundDrive = Pick<
  Drive,
  "device" | "description" | "isRemovable" | "isUSB" | "isVirtual" | "isReadOnly" | "mountpoints"
> & { readonly size?: number | null };

/** One usable or refused drive, with the folder it is mounted at where it is. */
export interface JudgedDrive extends MediumInfo {
  readonly root: string | null;
}

/**
 * @param dataFolder the device's own data, on whose drive nothing is exported.
 * @param free bytes free below a folder; null when that cannot be told.
 */
export function judgeDrives(
  drives: readonly FoundDrive[],
  mounts: readonly Mount[],
  dataFolder: string,
  free: (path: string) => number | null,
): JudgedDrive[] {
  return drives
    .filter((drive) => isOffered(drive, dataFolder))
    .flatMap((drive): JudgedDrive[] => {
      const label = drive.description.trim() || drive.device;
      const size = drive.size ?? undefined;
      if (drive.mountpoints.length === 0)
        return [
          {
            kind: "usb",
            device: drive.device,
            label,
            sizeBytes: size,
            usable: false,
            reason:
              "It is not readable here: wait some seconds, else format it with FAT32 on a computer.",
            root: null,
          },
        ];
      return drive.mountpoints.map((point) => {
        const mount = mounts.findLast((m) => m.path === point.path);
        const reason = refusal(drive, mount);
        return {
          kind: "usb",
          device: mount?.source ?? drive.device,
          label: point.label ?? label,
          sizeBytes: size,
          freeBytes: free(point.path) ?? undefined,
          usable: reason === null,
          ...(reason === null ? {} : { reason }),
          root: point.path,
        };
      });
    });
}

function isOffered(drive: FoundDrive, dataFolder: string): boolean {
  if (drive.isVirtual === true) return false;
  if (drive.isUSB !== true && !drive.isRemovable) return false;
  return !drive.mountpoints.some(
    ({ path }) =>
      SYSTEM_PATHS.has(path) || dataFolder === path || dataFolder.startsWith(`${path}/`),
  );
}

function refusal(drive: FoundDrive, mount: Mount | undefined): string | null {
  if (mount === undefined) return "It is just being mounted or released; look again.";
  if (!FAT.has(mount.fileSystem))
    return `Its file system is ${mount.fileSystem}; DICOM media are FAT. Format it with FAT32 on a computer, or take another one.`;
  if (drive.isReadOnly || mount.readOnly)
    return "It is write-protected: move its switch, or check it on a computer and plug it in again.";
  return null;
}
