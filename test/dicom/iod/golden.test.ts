// Every variant as text, against what was checked by eye and by validators once. A wanted change is
// taken over with UPDATE_GOLDEN=1 and seen in the diff.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { dump } from "./dump.ts";
import { BUILT } from "./iods.ts";

const { UPDATE_GOLDEN } = process.env;
const FOLDER = join(import.meta.dir, "..", "..", "golden");

for (const { name, variant } of BUILT)
  test(`${name} is the object it was`, async () => {
    const file = Bun.file(join(FOLDER, `${name}.txt`));
    const text = dump(variant.built.dataSet);
    if (UPDATE_GOLDEN === "1") await Bun.write(file, text);
    expect(text).toBe(await file.text());
  });
