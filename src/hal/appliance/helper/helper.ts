// What root does for the unprivileged program: a short list of things, each request judged as if a
// stranger had sent it. Programs of the system and all paths come in, so that it is tried without one.

import { chown, mkdir, open, readdir, readFile, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { parseMountInfo } from "../../media/mounts.ts";
import { ApplianceError } from "../appliance.ts";
import {
  type AnswerLine,
  type ApplianceRequest,
  JOURNAL_BYTES_MAX,
  requestSchema,
  type StatusAnswer,
} from "../messages.ts";
import { networkFault } from "../network-settings.ts";
import { copyUpdateSet, parseUpdateFacts, readUpdateSet, UpdateSetError } from "../update-set.ts";
import { FAILED_UNITS_COMMAND, failedUnits } from "./failed-units.ts";
import {
  networkFile,
  readNetworkFiles,
  readTimeServers,
  timeServersFile,
} from "./settings-files.ts";
import { bootEntries, slotOf } from "./slots.ts";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunLimits {
  readonly timeoutMs: number;
  /** What a program says beyond is cut off. */
  readonly stdoutBytesMax?: number;
}

export interface System {
  /** Runs a program to its end; one that cannot be started answers a code other than 0. */
  run(program: string, args: readonly string[], limits: RunLimits): Promise<Ran>;
  /** Addresses in use, with their prefix, by network card. */
  addresses(): readonly { readonly interface: string; readonly address: string }[];
  /** One installation at a time, whatever process does it; null: one is going on. */
  lockInstallation(): Promise<AsyncDisposable | null>;
}

/** Where things lie; {@link SYSTEM_PATHS} on the appliance. */
export interface HelperPaths {
  /** Sticks are mounted below. */
  readonly sticks: string;
  /** The program puts uploaded update sets below. */
  readonly uploads: string;
  /** Root's own copy of an update set; systemd-sysupdate reads it. */
  readonly staging: string;
  /** Settings that outlive restarts and updates. */
  readonly settings: string;
  /** The journal's export is put there. */
  readonly exports: string;
  /** Whose group may read it. */
  readonly dataFolder: string;
  /** Kernels of both slots; the first of these folders that is there. */
  readonly kernels: readonly string[];
  readonly mountInfo: string;
  /** update.json of the running program. */
  readonly facts: string;
  readonly publicKey: string;
}

export interface HelperParts {
  readonly system: System;
  readonly paths: HelperPaths;
}

export type Answer = (line: AnswerLine) => void;

const RELEASE_LIMITS = { timeoutMs: 120_000 };
const SHORT_LIMITS = { timeoutMs: 20_000 };
const SYSUPDATE = "/usr/lib/systemd/systemd-sysupdate";
const SYSUPDATE_LIMITS = { timeoutMs: 20 * 60_000 };
const FACTORY_RESET_UNIT = "udr-factory-reset.service";
const JOURNAL_LINES_MAX = 200_000;
const JOURNAL_LIMITS = { timeoutMs: 60_000, stdoutBytesMax: JOURNAL_BYTES_MAX };
/** Left free on the data partition beside the copy. */
const SPACE_RESERVE_BYTES = 64 * 1024 * 1024;
/** Copying's share of an installation, by time. */
const COPY_SHARE = 0.4;
const MS_PER_SECOND = 1000;

/** Does what one line asks. Always ends with one answer; never throws for what was asked wrongly. */
export async function answerRequest(
  line: string,
  parts: HelperParts,
  answer: Answer,
  note: (problem: string) => void,
): Promise<void> {
  try {
    const request = requestSchema.safeParse(jsonOf(line));
    if (!request.success) {
      answer({ ok: false, reason: "The request is not one that the system's helper knows." });
      return;
    }
    answer({ ok: true, ...(await perform(request.data, parts, answer)) });
  } catch (error) {
    if (error instanceof ApplianceError || error instanceof UpdateSetError) {
      answer({ ok: false, reason: error.message });
      return;
    }
    note(error instanceof Error ? (error.stack ?? error.message) : String(error));
    answer({
      ok: false,
      reason: "The system's helper failed; the journal has the details. Call service.",
    });
  }
}

async function perform(
  request: ApplianceRequest,
  { system, paths }: HelperParts,
  answer: Answer,
): Promise<object> {
  switch (request.do) {
    case "status":
      return statusOf(system, paths);
    case "release":
      await release(request.mountPoint, system, paths);
      return {};
    case "install-update":
      return { version: await installUpdate(request.folder, system, paths, answer) };
    case "restart":
      await must(system, "systemctl", ["--no-block", "reboot"], "The device cannot be restarted");
      return {};
    case "power-off":
      await must(
        system,
        "systemctl",
        ["--no-block", "poweroff"],
        "The device cannot be switched off",
      );
      return {};
    case "factory-reset":
      // The unit notes the reset for the next start and restarts.
      await must(
        system,
        "systemctl",
        ["start", FACTORY_RESET_UNIT],
        "The factory reset cannot be prepared",
      );
      return {};
    case "journal":
      return { path: await exportJournal(request.sinceMs, system, paths) };
    case "set-time-servers":
      await writeSetting(paths, "timesyncd.conf.d", "10-servers.conf", timeServersFile(request));
      await must(
        system,
        "systemctl",
        ["restart", "systemd-timesyncd.service"],
        "The time servers are kept, but not asked yet: restart the device",
      );
      return {};
    case "set-network": {
      const fault = networkFault(request, system.addresses());
      if (fault !== null) throw new ApplianceError(fault);
      await writeSetting(
        paths,
        "network",
        `10-${request.interface}.network`,
        networkFile({ ...request }),
      );
      await must(
        system,
        "networkctl",
        ["reload"],
        "The network settings are kept, but not in force yet: restart the device",
      );
      return {};
    }
    default:
      return request satisfies never;
  }
}

async function statusOf(system: System, paths: HelperPaths): Promise<StatusAnswer> {
  const { version } = await runningProgram(paths);
  const entries = bootEntries(await kernelNames(paths));
  const own = entries.find((entry) => entry.version === version);
  const lsblk = await system.run(
    "lsblk",
    ["--json", "--output", "NAME,PARTTYPE,MOUNTPOINTS"],
    SHORT_LIMITS,
  );
  const units = await system.run("systemctl", FAILED_UNITS_COMMAND, SHORT_LIMITS);
  return {
    version,
    slot: lsblk.code === 0 ? slotOf(lsblk.stdout) : null,
    tries: own?.triesLeft ?? null,
    good: own !== undefined && own.triesLeft === null,
    other: entries.find((entry) => entry.version !== version)?.version ?? null,
    failedUnits: [...failedUnits(units.stdout)],
    timeServers: await readTimeServers(join(paths.settings, "timesyncd.conf.d", "10-servers.conf")),
    network: {
      addresses: [...system.addresses()],
      settings: await readNetworkFiles(join(paths.settings, "network")),
    },
  };
}

async function release(mountPoint: string, system: System, paths: HelperPaths): Promise<void> {
  const name = mountPoint.startsWith(`${paths.sticks}/`)
    ? mountPoint.slice(paths.sticks.length + 1)
    : "";
  if (!/^[a-z0-9]{1,32}$/.test(name))
    throw new ApplianceError(`${mountPoint} is no place of a stick.`);
  const mounts = parseMountInfo(await readFile(paths.mountInfo, "utf8"));
  if (!mounts.some((mount) => mount.path === mountPoint))
    throw new ApplianceError("The stick is not there any more; it may be pulled out.");
  const trouble = "The stick is still in use. Wait some seconds and try again";
  await must(system, "sync", ["--file-system", mountPoint], trouble, RELEASE_LIMITS);
  await must(system, "systemd-umount", [mountPoint], trouble, RELEASE_LIMITS);
}

async function installUpdate(
  folder: string,
  system: System,
  paths: HelperPaths,
  answer: Answer,
): Promise<string> {
  const within = [paths.sticks, paths.uploads].some((top) => folder.startsWith(`${top}/`));
  if (!within || folder.split("/").some((part) => part === "." || part === ".."))
    throw new ApplianceError("An update is taken from a stick, or from what was uploaded.");
  await using lock = await system.lockInstallation();
  if (lock === null)
    throw new ApplianceError("An update is being installed already. Wait until it is done.");
  await using _cleaned = { [Symbol.asyncDispose]: () => clear(paths.staging) };
  await clear(paths.staging);

  const source = {
    folder,
    publicKey: await readFile(paths.publicKey, "utf8"),
    running: await runningProgram(paths),
  };
  const { facts, totalBytes } = await readUpdateSet(source);
  if (bootEntries(await kernelNames(paths)).some((entry) => entry.version === facts.version))
    throw new ApplianceError(
      `Version ${facts.version} is in the other slot already. Restart the device to run it; where the device came back from it by itself, take a newer one.`,
    );
  await requireSpace(paths.staging, totalBytes);
  const set = await copyUpdateSet({
    ...source,
    create: (name) => open(join(paths.staging, name), "wx", 0o600),
    progress: (share) => answer({ progress: share * COPY_SHARE, step: "copying" }),
  });
  answer({ progress: COPY_SHARE, step: "writing" });
  await must(
    system,
    SYSUPDATE,
    ["--verify=no", "update"],
    "The update could not be written to the free slot; the device stays as it is",
    SYSUPDATE_LIMITS,
  );
  // It also ends well where it finds nothing to do.
  if (!bootEntries(await kernelNames(paths)).some((entry) => entry.version === set.facts.version))
    throw new ApplianceError(
      "The update was not written to the free slot; the device stays as it is. Call service.",
    );
  answer({ progress: 1, step: "written" });
  return set.facts.version;
}

async function exportJournal(
  sinceMs: number | null,
  system: System,
  paths: HelperPaths,
): Promise<string> {
  // Newest first: where it is cut off, the old goes.
  const ran = await system.run(
    "journalctl",
    [
      ...["--no-pager", "--quiet", "--reverse", "--output=short-iso-precise"],
      `--lines=${JOURNAL_LINES_MAX}`,
      ...(sinceMs === null ? [] : [`--since=@${Math.floor(sinceMs / MS_PER_SECOND)}`]),
    ],
    JOURNAL_LIMITS,
  );
  if (ran.code !== 0)
    throw new ApplianceError(`The journal cannot be read (${lastLine(ran.stderr)}). Call service.`);
  const path = join(paths.exports, "journal.txt");
  const { gid } = await stat(paths.dataFolder);
  const beside = `${path}.part`;
  await rm(beside, { force: true });
  {
    await using file = await open(beside, "wx", 0o640);
    await file.writeFile(ran.stdout);
  }
  await chown(beside, -1, gid);
  await rename(beside, path);
  return path;
}

// ---- helpers ----------------------------------------------------------------------------------------

/** @throws ApplianceError "TROUBLE (what the program said)." */
async function must(
  system: System,
  program: string,
  args: readonly string[],
  trouble: string,
  limits: RunLimits = SHORT_LIMITS,
): Promise<void> {
  const ran = await system.run(program, args, limits);
  if (ran.code !== 0) throw new ApplianceError(`${trouble} (${lastLine(ran.stderr)}).`);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() || "no reason was given";
}

/** Facts of the running program are the program's own; nobody else may write them. */
async function runningProgram(paths: HelperPaths) {
  return parseUpdateFacts(await readFile(paths.facts, "utf8"));
}

async function kernelNames(paths: HelperPaths): Promise<readonly string[]> {
  for (const folder of paths.kernels) {
    const names = await readdir(folder).catch(() => []);
    if (names.length > 0) return names;
  }
  return [];
}

/** Empties a folder, which stays. */
async function clear(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder))
    await rm(join(folder, name), { recursive: true, force: true });
}

async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const missing = bytes + SPACE_RESERVE_BYTES - bavail * bsize;
  if (missing > 0)
    throw new ApplianceError(
      `There is too little space for the update: ${Math.ceil(missing / 1024 ** 2)} MiB more are needed. Delete studies and try again.`,
    );
}

/** Written beside, synced, renamed: a power cut leaves the old or the new file. */
async function writeSetting(
  paths: HelperPaths,
  folder: string,
  name: string,
  text: string,
): Promise<void> {
  const place = join(paths.settings, folder);
  await mkdir(place, { recursive: true, mode: 0o755 });
  const beside = join(place, `${name}.part`);
  {
    await using file = await open(beside, "w", 0o644);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(beside, join(place, name));
  await using top = await open(place, "r");
  await top.sync();
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
