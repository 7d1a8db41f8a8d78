// Discs through xorriso: what lies in the drive, burning a folder as ISO 9660 level 1 (PS3.12 annexes F
// and P), closing the disc, and comparing what it gives back with the folder.

import { spawn } from "node:child_process";

export type DiscType = "CD-R" | "DVD-R" | "file";

export type DiscState =
  | { readonly kind: "blank"; readonly type: DiscType; readonly capacityBytes: number }
  /** The message says what to put in. */
  | { readonly kind: "unusable"; readonly reason: string };

export type DiscOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "interrupted" };

export interface DiscBurner {
  /** What is in the drive now. */
  state(device: string): Promise<DiscState>;
  /** Writes all of a folder, closes the disc, reads it back and compares. `percent` 0 to 100. */
  burn(request: BurnRequest): Promise<DiscOutcome>;
}

export interface BurnRequest {
  readonly device: string;
  readonly folder: string;
  /** Also the File-set ID (PS3.12 §F.1). */
  readonly volumeId: string;
  readonly signal: AbortSignal;
  percent(done: number): void;
}

const SECTOR_BYTES = 2048;
/** Capacity that a file standing for a disc is given. */
const FILE_CAPACITY_BYTES = 4_700_000_000;
/** Lines of xorriso that a reason is taken from. */
const LINES_KEPT = 400;

/** `program` is replaced in tests. */
export function xorrisoBurner(
  program = "xorriso",
  fileCapacityBytes = FILE_CAPACITY_BYTES,
): DiscBurner {
  const run = (
    args: readonly string[],
    signal?: AbortSignal,
    onLine: (line: string) => void = () => {},
  ) => runProgram(program, args, signal, onLine);
  return {
    async state(device) {
      if (device.startsWith("stdio:"))
        return { kind: "blank", type: "file", capacityBytes: fileCapacityBytes };
      const ran = await run(["-outdev", device, "-toc"]);
      return parseToc(ran.lines);
    },
    async burn({ device, folder, volumeId, signal, percent }) {
      const burned = await run(burnArguments(device, folder, volumeId), signal, (line) => {
        const share = /(\d+(?:\.\d+)?)% /.exec(line)?.[1];
        if (share !== undefined && line.includes("Writing")) percent(Number(share));
      });
      if (signal.aborted) return { kind: "interrupted" };
      const isWritten = burned.lines.some((l) => l.includes("completed successfully"));
      if (burned.code !== 0 || !isWritten)
        return { kind: "failed", reason: burnReason(burned.lines) };
      const compared = await run(["-indev", device, "-compare_r", folder, "/"], signal);
      if (signal.aborted) return { kind: "interrupted" };
      const difference = firstDifference(compared.lines);
      return difference === null
        ? { kind: "done" }
        : {
            kind: "failed",
            reason: `The disc reads back wrong (${difference}). Throw it away and try again with a new one.`,
          };
    },
  };
}

/** Level 1 names and nothing but ISO 9660; closed, so that nobody can add to it. */
export function burnArguments(device: string, folder: string, volumeId: string): string[] {
  return [
    ...["-abort_on", "FAILURE", "-return_with", "SORRY", "32"],
    ...["-outdev", device, "-volid", volumeId],
    ...["-compliance", "iso_9660_level=1", "-rockridge", "off", "-joliet", "off"],
    ...["-close", "on", "-map", folder, "/", "-commit"],
  ];
}

/** Reads the answer of `-toc`. */
export function parseToc(lines: readonly string[]): DiscState {
  const after = (title: string) =>
    lines
      .find((line) => line.startsWith(title))
      ?.slice(title.length)
      .trim() ?? "";
  const media = after("Media current:");
  const status = after("Media status :");
  if (media === "" || media.includes("is not recognizable") || status.includes("not present"))
    return {
      kind: "unusable",
      reason: "There is no disc in the drive. Put in an empty CD-R or DVD-R.",
    };
  const type = /^CD-R\b(?!W)/.test(media) ? "CD-R" : /^DVD-R\b(?!W)/.test(media) ? "DVD-R" : null;
  if (type === null)
    return {
      kind: "unusable",
      reason: `The disc in the drive is ${media}. Put in an empty CD-R or DVD-R.`,
    };
  if (!status.includes("is blank"))
    return {
      kind: "unusable",
      reason: "The disc in the drive is not empty. Put in an empty CD-R or DVD-R.",
    };
  const writable = /(\d+) writable/.exec(after("Media blocks :"))?.[1];
  return { kind: "blank", type, capacityBytes: Number(writable ?? 0) * SECTOR_BYTES };
}

/** The first difference of content in what `-compare_r` says; modes and times do not count. */
export function firstDifference(lines: readonly string[]): string | null {
  const bad = lines.find((line) => line.startsWith("? ") || / : (content|st_size|type)/.test(line));
  if (bad !== undefined) return bad.trim();
  const isDone = lines.some((l) => l.includes("Differences detected") || l.includes("Both file"));
  return isDone ? null : "it could not be read to its end";
}

function burnReason(lines: readonly string[]): string {
  const said = lines.filter((line) => /: (FAILURE|FATAL|SORRY) :/.test(line));
  const last = said.at(-1)?.replace(/^.*: (FAILURE|FATAL|SORRY) : /, "") ?? "no reason was given";
  return `Writing the disc failed: ${last}. Throw the disc away and try again with a new one.`;
}

function runProgram(
  program: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
  onLine: (line: string) => void,
): Promise<{ code: number; lines: readonly string[] }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; lines: string[] }>();
  const lines: string[] = [];
  const child = spawn(program, [...args], { stdio: ["ignore", "pipe", "pipe"], signal });
  const take = (chunk: Buffer) => {
    for (const line of chunk.toString().split(/[\r\n]+/)) {
      if (line.trim() === "") continue;
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
      onLine(line);
    }
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  child.on("error", (error) => {
    lines.push(`${program} : FATAL : ${error.message}`);
    resolve({ code: -1, lines });
  });
  child.on("close", (code) => resolve({ code: code ?? -1, lines }));
  return promise;
}
