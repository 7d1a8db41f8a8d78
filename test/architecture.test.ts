// Who may import whom, as a table. Imports are read as text: a scanner that leaves out `import type`
// would miss arrows.

import { expect, test } from "bun:test";
import { dirname, join, normalize } from "node:path";
import { Glob } from "bun";

const ROOT = join(import.meta.dir, "..", "src");

/** Folder → folders it may import, besides itself. A row is a decision; change it on purpose. */
const ALLOWED: Record<string, readonly string[]> = {
  core: [],
  model: ["core"],
  config: ["core", "model"],
  hal: ["core", "model"],
  "dicom/dict": ["core"],
  "dicom/data": ["core", "dicom/dict"],
  "dicom/io": ["core", "dicom/dict", "dicom/data"],
  "dicom/iod": ["core", "model", "dicom/dict", "dicom/data"],
  "dicom/dir": ["core", "dicom/dict", "dicom/data", "dicom/io"],
  "dicom/ul": ["core"],
  "dicom/dimse": ["core", "dicom/dict", "dicom/data", "dicom/ul"],
  "dicom/ae": [
    "core",
    "model",
    "dicom/dict",
    "dicom/data",
    "dicom/io",
    "dicom/iod",
    "dicom/ul",
    "dicom/dimse",
  ],
  store: ["core", "model", "dicom"],
  workers: [
    "core",
    "model",
    "hal",
    "dicom/dict",
    "dicom/data",
    "dicom/io",
    "dicom/iod",
    "dicom/dir",
    "store",
    // The thread that writes a file-set runs the code of export, which knows no threads.
    "export",
  ],
  export: ["core", "model", "dicom", "hal"],
  jobs: ["core", "model", "config", "hal", "dicom", "store", "workers", "export"],
  services: ["core", "model", "config", "hal", "dicom", "store", "jobs"],
  exam: ["core", "model", "config", "hal", "workers", "dicom", "store", "jobs", "services"],
  api: ["core", "model", "config", "store", "export", "jobs", "services", "exam"],
  ui: ["api/contract.ts"],
};

/** Where everything is wired: they may import anything, and nothing in a folder may import them. */
const COMPOSITION: readonly string[] = ["main.ts", "assembly.ts", "repair.ts"];

const IMPORT = /(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g;

test("imports follow the table of the architecture", async () => {
  const wrong: string[] = [];
  for await (const file of new Glob("**/*.{ts,tsx}").scan(ROOT)) {
    const from = Object.keys(ALLOWED).find((folder) => file.startsWith(`${folder}/`));
    if (COMPOSITION.includes(file) || file.includes("/kernels/")) continue;
    if (from === undefined) {
      wrong.push(`${file} lies in no known folder`);
      continue;
    }
    for (const [, path] of (await Bun.file(join(ROOT, file)).text()).matchAll(IMPORT)) {
      const target = normalize(join(dirname(file), path ?? ""));
      const allowed = [from, ...(ALLOWED[from] ?? [])];
      if (!allowed.some((a) => target === a || target.startsWith(`${a}/`)))
        wrong.push(`${file} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});
