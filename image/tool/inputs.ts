// What the image is made by, as one hash: so that it is known whether this state of it has been seen to boot.
// The program inside changes with every commit; what is asked here is whether the recipe does.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Folders and files the hash is made of, below the project's folder. */
const INPUTS = ["image", "script/image", "bun.lock"];
/** Holds the hash of the state that `script/image short` or `check` last found good. Checked in. */
export const TRIED_FILE = "image/tried.sha256";

/** SHA-256, hexadecimal, of all inputs with their names, whatever the order the disk lists them in. */
export function inputsHash(projectFolder: string): string {
  const hash = createHash("sha256");
  const files = INPUTS.flatMap((input) => filesOf(projectFolder, input)).sort();
  for (const file of files) {
    if (file === TRIED_FILE) continue;
    const bytes = readFileSync(join(projectFolder, file));
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/** Whether the inputs are those that were last found good. */
export function isTried(projectFolder: string): boolean {
  try {
    const tried = readFileSync(join(projectFolder, TRIED_FILE), "utf8").trim();
    return tried === inputsHash(projectFolder);
  } catch {
    return false;
  }
}

/** Notes that an image of inputs with this hash was built, booted and found good. */
export function noteTried(projectFolder: string, hash: string): void {
  writeFileSync(join(projectFolder, TRIED_FILE), `${hash}\n`);
}

function filesOf(projectFolder: string, path: string): string[] {
  if (!statSync(join(projectFolder, path)).isDirectory()) return [path];
  return readdirSync(join(projectFolder, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(projectFolder.length + 1));
}
