// The building machine may be older than the tools: they live in a Debian 13 tree of their own, below
// the working folder, and nothing of them is installed on the machine.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machineMirrors, reachingOptions, SUITE, sourceLines } from "./mirrors.ts";
import { run } from "./run.ts";
import { splashBitmap } from "./splash.ts";

const PACKAGES = [
  // The builder and what it calls.
  "mkosi python3 python3-pefile python3-cryptography",
  "systemd systemd-repart systemd-ukify systemd-boot-tools systemd-boot-efi systemd-container udev kmod",
  "cpio zstd xz-utils erofs-utils dosfstools mtools e2fsprogs cryptsetup-bin openssl fdisk",
  "debian-archive-keyring ca-certificates apt apt-utils dpkg util-linux bash coreutils tar jq",
  "binutils diffutils attr acl libtss2-rc0 nftables",
  // The machine the image is tried on.
  "qemu-system-x86 qemu-utils ovmf",
].flatMap((line) => line.split(" "));

/** Makes the tree, or keeps the one that was made of the same list. */
export async function toolsRoot(workFolder: string): Promise<string> {
  const root = join(workFolder, "tools");
  const stamp = join(workFolder, "tools.packages");
  const wanted = PACKAGES.join("\n");
  if (existsSync(join(root, "usr/bin/mkosi")) && existsSync(stamp))
    if (readFileSync(stamp, "utf8") === wanted) {
      giveSplash(root);
      return root;
    }
  process.stdout.write("image: making the tools root\n");
  rmSync(root, { recursive: true, force: true });
  const making = `${root}.new`;
  rmSync(making, { recursive: true, force: true });
  await run(
    [
      ...["nice", "-n", "5", "mmdebstrap", "--quiet", "--variant=apt", "--mode=root"],
      ...(await reachingOptions()).map((line) => `--aptopt=${line.replace(/;$/, "")}`),
      `--include=${PACKAGES.join(",")}`,
      ...[SUITE, making],
      ...sourceLines(await machineMirrors()),
    ],
    {},
  );
  renameSync(making, root);
  giveSplash(root);
  writeFileSync(stamp, wanted);
  return root;
}

/** mkosi has no setting for it; ukify reads one of its own. */
function giveSplash(root: string): void {
  const file = "usr/share/udr-splash.bmp";
  writeFileSync(join(root, file), splashBitmap());
  writeFileSync(join(root, "usr/lib/systemd/ukify.conf"), `[UKI]\nSplash=/${file}\n`);
}
