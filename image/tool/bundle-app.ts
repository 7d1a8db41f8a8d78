// The app's folder of the image, as script/bundle.ts makes it, with the program that runs it.

import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";

/** Makes the folder anew, with update.json for the version in it. */
export async function bundleApp(
  projectFolder: string,
  folder: string,
  version: string,
): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const bun = realpathSync(join(projectFolder, ".bun/bin/bun"));
  await run([bun, join(projectFolder, "script/bundle.ts"), folder, version], {
    cwd: projectFolder,
  });
  const carried = join(folder, "bun");
  if (!existsSync(carried)) copyFileSync(bun, carried);
  chmodSync(carried, 0o755);
}
