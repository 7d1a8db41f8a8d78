import { expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfigFile, writeConfigFile } from "../../src/store/config-file.ts";

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "udr-config-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("a missing file is no error, a folder in its place is", () =>
  withFolder(async (folder) => {
    expect(await readConfigFile(join(folder, "config.json"))).toBeNull();
    expect(readConfigFile(folder)).rejects.toThrow("cannot be read");
  }));

test("what was written is read, and the former file is kept", () =>
  withFolder(async (folder) => {
    const path = join(folder, "config.json");
    await writeConfigFile(path, { a: 1 });
    await writeConfigFile(path, { a: 2 });
    expect(await readConfigFile(path)).toEqual({ a: 2 });
    expect(JSON.parse(await readFile(`${path}.bak`, "utf8"))).toEqual({ a: 1 });
  }));

const broken: [string, string][] = [
  ['{\n  "a": 1\n  "b": 2\n}', "line 3, column 3"],
  ['{"a": 1,}', "line 1, column 9"],
  ['{"a": [1, 2}', "line 1, column 12"],
  ['{"a" 1}', "line 1, column 6"],
  ["{} x", "line 1, column 4"],
  ['{"a": tru}', "line 1, column 7"],
  ["", "line 1, column 1"],
];
for (const [text, where] of broken)
  test(`broken JSON ${JSON.stringify(text)} is reported at ${where}`, () =>
    withFolder(async (folder) => {
      const path = join(folder, "config.json");
      await writeFile(path, text);
      expect(readConfigFile(path)).rejects.toThrow(where);
    }));
