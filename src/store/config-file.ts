// The configuration file on disk: read with errors that say where and what, written so that a power
// cut leaves the old or the new one. The previous file is kept as config.json.bak.

import { existsSync } from "node:fs";
import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";
}

/** The parsed JSON document, or null when there is no file. @throws ConfigFileError */
export async function readConfigFile(path: string): Promise<unknown | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as { code?: string }).code === "ENOENT") return null;
    throw new ConfigFileError(
      `the configuration ${path} cannot be read (${(cause as Error).message}); check that it is a file this user may read`,
      { cause },
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const backup = backupOf(path);
    throw new ConfigFileError(
      `the configuration ${path} is not valid JSON${placeOfJsonError(text)} (${(cause as Error).message}); mend it${existsSync(backup) ? `, or restore ${backup}` : ""}`,
      { cause },
    );
  }
}

/** Writes beside, syncs, keeps the former file as .bak, renames over it and syncs the folder. */
export async function writeConfigFile(path: string, document: unknown): Promise<void> {
  const text = `${JSON.stringify(document, null, 2)}\n`;
  const former = await readFile(path).catch(() => null);
  if (former !== null) await replace(backupOf(path), former);
  await replace(path, new TextEncoder().encode(text));
}

const backupOf = (path: string) => `${path}.bak`;

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.part`;
  await withFile(beside, "w", async (file) => {
    await file.writeFile(bytes);
    await file.sync();
  });
  await rename(beside, path);
  await withFile(dirname(path), "r", (folder) => folder.sync());
}

async function withFile(
  path: string,
  flags: string,
  use: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

/**
 * Where JSON stops being JSON, as " at line 3, column 7": the longest prefix that could still be
 * continued is found by a small scan, because the parser names no position.
 */
export function placeOfJsonError(text: string): string {
  const at = firstJsonError(text);
  const before = text.slice(0, at).split("\n");
  return ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

const TOKEN =
  /\s*("(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:])/y;

/** Offset of the first token that cannot stand where it stands. */
function firstJsonError(text: string): number {
  const open: ("{" | "[")[] = [];
  let expect: "value" | "value-or-end" | "key" | "key-or-end" | "colon" | "comma" | "nothing" =
    "value";
  TOKEN.lastIndex = 0;
  for (;;) {
    const from = TOKEN.lastIndex;
    const start = from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0);
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) return start;
    const after = () => (open.length === 0 ? "nothing" : "comma");
    if (expect === "key" || expect === "key-or-end") {
      if (token === "}" && expect === "key-or-end") {
        open.pop();
        expect = after();
      } else if (token.startsWith('"')) expect = "colon";
      else return start;
    } else if (expect === "colon") {
      if (token !== ":") return start;
      expect = "value";
    } else if (expect === "comma") {
      const inside = open.at(-1);
      if (token === ",") expect = inside === "{" ? "key" : "value";
      else if ((token === "}" && inside === "{") || (token === "]" && inside === "[")) {
        open.pop();
        expect = after();
      } else return start;
    } else if (expect === "nothing") {
      return start;
    } else if (token === "{") {
      open.push("{");
      expect = "key-or-end";
    } else if (token === "[") {
      open.push("[");
      expect = "value-or-end";
    } else if (token === "]" && expect === "value-or-end") {
      open.pop();
      expect = after();
    } else if (/^[},:\]]$/.test(token)) return start;
    else expect = after();
  }
}
