// Bundles the kiosk page into dist/ui: one HTML file, one script, one style sheet, nothing from
// elsewhere. Skipped while the output is newer than everything it is made of.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pid } from "node:process";

const ROOT = join(import.meta.dir, "..");
const SOURCES = ["src/ui", "package.json", "bun.lock", "script/build-ui.ts"];
const OUTPUT = join(ROOT, "dist", "ui");

export async function build(): Promise<void> {
  const page = join(OUTPUT, "index.html");
  const newest = Math.max(...SOURCES.map((source) => newestMs(join(ROOT, source))));
  if (existsSync(page) && statSync(page).mtimeMs > newest) return;
  await buildInto(OUTPUT);
}

/** Bundles into `folder`, which is replaced as a whole once the bundle is complete. */
export async function buildInto(folder: string): Promise<void> {
  // Two builds at a time must not write into one folder.
  const fresh = `${folder}.new-${pid}`;
  mkdirSync(fresh, { recursive: true });
  const result = await Bun.build({
    entrypoints: [join(ROOT, "src", "ui", "index.html")],
    outdir: fresh,
    target: "browser",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
    naming: { entry: "[name].[ext]", chunk: "kiosk-[hash].[ext]", asset: "asset-[hash].[ext]" },
  });
  if (!result.success) throw new AggregateError(result.logs, "the kiosk page cannot be built");
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}

function newestMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}
