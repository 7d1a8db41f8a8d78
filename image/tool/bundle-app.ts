// The app's folder of the image, as script/bundle.ts makes it, with the program that runs it.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { MIGRATIONS } from "../../src/store/migrations.ts";
import { run } from "./run.ts";

export interface DatabaseSchema {
  readonly schema: number;
  readonly readableFromSchema: number;
}

/** Makes the folder anew and answers which database schemas its program has to do with. */
export async function bundleApp(projectFolder: string, folder: string): Promise<DatabaseSchema> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const bun = realpathSync(join(projectFolder, ".bun/bin/bun"));
  await run([bun, join(projectFolder, "script/bundle.ts"), folder], { cwd: projectFolder });
  const carried = join(folder, "bun");
  if (!existsSync(carried)) copyFileSync(bun, carried);
  chmodSync(carried, 0o755);
  const description = join(folder, "update.json");
  if (!existsSync(description))
    return { schema: MIGRATIONS.length, readableFromSchema: MIGRATIONS.length };
  return JSON.parse(readFileSync(description, "utf8")) as DatabaseSchema;
}
