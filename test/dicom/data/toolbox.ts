// DCMTK's programs and iconv as oracles: temporary files in, text or bytes out.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function isInstalled(program: string): boolean {
  return Bun.which(program) !== null;
}

export interface DcmtkRow {
  /** Of a repeating group the first. */
  readonly tag: number;
  readonly repeating: boolean;
  readonly vr: string;
  readonly keyword: string;
  readonly vm: string;
  readonly retired: boolean;
}

const SHARE = "/usr/share";
const ROW =
  /^\(([0-9A-Fa-f]{4})(-[^,]+)?,([0-9A-Fa-f]{4})(-[^)]+)?\)\t(\w+)\t(\w+)\t(\S+)\tDICOM(.*)/;

/** The data dictionary that DCMTK is installed with; empty where it is not. */
export function dcmtkDictionary(): DcmtkRow[] {
  const folders = existsSync(SHARE) ? readdirSync(SHARE).map((name) => join(SHARE, name)) : [];
  const path = folders.map((folder) => join(folder, "dicom.dic")).find(existsSync);
  if (path === undefined) return [];
  return readFileSync(path, "latin1")
    .split("\n")
    .flatMap((line) => {
      const match = ROW.exec(line);
      if (match === null) return [];
      const [, group, groups, element, elements, vr = "", keyword = "", vm = "", rest = ""] = match;
      return {
        tag: Number.parseInt(`${group}${element}`, 16),
        repeating: groups !== undefined || elements !== undefined,
        vr,
        keyword,
        vm,
        retired: rest.includes("retired"),
      };
    });
}

/** A folder that goes away with `using`, and programs run on files in it. */
export class Toolbox implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "dicom-data-"));

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: Uint8Array | string): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(this.path(name)));
  }

  /** Standard output of a program. @throws Error with what it said when it fails. */
  run(program: string, args: readonly string[], input?: Uint8Array): Uint8Array {
    const { exitCode, stdout, stderr } = Bun.spawnSync([program, ...args], {
      stdin: input ?? "ignore",
    });
    if (exitCode !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr.toString()}`);
    return new Uint8Array(stdout);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
