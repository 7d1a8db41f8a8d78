// Where Debian packages come from: the mirrors of the machine that builds, as its own apt sees them.
// Only the suite is another: the appliance is Debian 13 whatever the machine is.

import { readFileSync } from "node:fs";
import { run } from "./run.ts";

export const SUITE = "trixie";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Suites of a release that hold what we install; others (backports, sources of strangers) are left out. */
const SUFFIXES = ["", "-updates", "-security"] as const;
/** Settings of apt that say how to reach a mirror. */
const REACHING = /^Acquire::(http|https|ftp|Check-Valid-Until|Retries|ForceIPv4)/;

export interface Mirror {
  readonly uri: string;
  readonly suite: string;
}

/** No mirror of Debian was found in apt's configuration. */
export class MirrorError extends Error {
  override readonly name = "MirrorError";
}

/**
 * @param targets lines "URI RELEASE" as apt knows them
 * @param codename release of the building machine
 */
export function mirrorsOf(targets: string, codename: string): readonly Mirror[] {
  const found = new Map<string, Mirror>();
  for (const line of targets.split("\n")) {
    const [uri = "", release = ""] = line.trim().split(/\s+/);
    if (!/^https?:|^file:|^ftp:/.test(uri)) continue;
    for (const suffix of SUFFIXES)
      if (release === codename + suffix) {
        const mirror = { uri: uri.replace(/\/$/, ""), suite: SUITE + suffix };
        found.set(`${mirror.uri} ${mirror.suite}`, mirror);
      }
  }
  const mirrors = [...found.values()];
  for (const suffix of ["", "-security"])
    if (!mirrors.some(({ suite }) => suite === SUITE + suffix))
      throw new MirrorError(
        `apt of this machine names no mirror for ${codename}${suffix}; the image needs a Debian machine whose sources list ${codename} and ${codename}-security (see /etc/apt)`,
      );
  return mirrors;
}

/** Mirrors of this machine. */
export async function machineMirrors(): Promise<readonly Mirror[]> {
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  if (codename === undefined)
    throw new MirrorError(
      "/etc/os-release names no release; the image is built on Debian 12 or 13",
    );
  const targets = await run([
    "apt-get",
    "indextargets",
    "--format",
    "$(REPO_URI) $(RELEASE)",
    "Created-By: Packages",
  ]);
  return mirrorsOf(targets, codename);
}

/** One-line entries, as mmdebstrap takes them. */
export function sourceLines(mirrors: readonly Mirror[]): readonly string[] {
  return mirrors.map(({ uri, suite }) => `deb [signed-by=${KEYRING}] ${uri} ${suite} main`);
}

/** The same for mkosi's apt. */
export function sourcesFile(mirrors: readonly Mirror[]): string {
  return mirrors
    .map(
      ({ uri, suite }) =>
        `Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: main\nSigned-By: ${KEYRING}\n`,
    )
    .join("\n");
}

/** How the mirrors are reached (proxies and the like), as lines of an apt.conf. */
export async function reachingOptions(): Promise<readonly string[]> {
  const dump = await run(["apt-config", "dump"]);
  return dump.split("\n").filter((line) => REACHING.test(line) && !/ "";$/.test(line));
}
