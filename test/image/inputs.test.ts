// Whether the appliance image's recipe is the one that was last seen to boot.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inputsHash, isTried, noteTried } from "../../image/tool/inputs.ts";

let project: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "udr-inputs-"));
  await mkdir(join(project, "image/mkosi/units"), { recursive: true });
  await mkdir(join(project, "script"));
  await mkdir(join(project, "src"));
  for (const file of ["image/main.ts", "image/mkosi/units/a.service", "script/image", "bun.lock"])
    await writeFile(join(project, file), `of ${file}`);
});

afterEach(() => rm(project, { recursive: true }));

test("a recipe nobody has tried is new, and is not once it was found good", () => {
  expect(isTried(project)).toBe(false);
  noteTried(project, inputsHash(project));
  expect(isTried(project)).toBe(true);
});

test("what was changed while it was tried stays new", async () => {
  const hash = inputsHash(project);
  await writeFile(join(project, "image/main.ts"), "other");
  noteTried(project, hash);
  expect(isTried(project)).toBe(false);
});

test("a byte, a name, a file more and the lock file make it new; the program's sources do not", async () => {
  noteTried(project, inputsHash(project));
  await writeFile(join(project, "src/main.ts"), "the program");
  expect(isTried(project)).toBe(true);
  const changes = [
    () => writeFile(join(project, "image/mkosi/units/a.service"), "of image/mkosi/units/a.servicf"),
    () => rename(join(project, "image/main.ts"), join(project, "image/start.ts")),
    () => writeFile(join(project, "image/more"), ""),
    () => writeFile(join(project, "bun.lock"), "newer"),
    () => writeFile(join(project, "script/image"), "newer"),
  ];
  for (const change of changes) {
    noteTried(project, inputsHash(project));
    await change();
    expect(isTried(project)).toBe(false);
  }
});
