// Bundles the program into one folder that runs anywhere with the same Bun:
//   bun script/bundle.ts OUT [VERSION]
// main.js, the code of its threads and processes, the kernels, the kiosk page, update.json, and of
// node_modules what holds machine code for Linux on x86-64 (glibc). The same sources give the same bytes.

import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { PRODUCT, type UpdateFacts } from "../src/hal/appliance/update-set.ts";
import { MIGRATIONS, readableFromSchema } from "../src/store/migrations.ts";
import { build as buildKernels, KERNELS_FILE } from "./build-kernels.ts";
import { buildInto } from "./build-ui.ts";

const ROOT = join(import.meta.dir, "..");

/** Every file of code that is started by its name; each becomes NAME.js. */
const ENTRIES = [
  "src/main.ts",
  "src/hal/appliance/helper/appliance-helper.ts",
  "src/hal/detector/gige/simulator/simulator-main.ts",
  "src/workers/acquisition/acquisition-worker.ts",
  "src/workers/backup/backup-worker.ts",
  "src/workers/export/export-worker.ts",
  "src/workers/pixel/pixel-worker.ts",
  "src/workers/render/render-worker.ts",
  "src/workers/storage/storage-worker.ts",
];

/** Packages that load machine code by a path of their own. */
const UNBUNDLED = ["sharp", "usb"];
/** Their parts for the one machine that the bundle is for; other machines' are never installed beside them. */
const MACHINE_CODE = [
  "@img/sharp-linux-x64",
  "@img/sharp-libvips-linux-x64",
  "@node-usb/usb-linux-x64-gnu",
];
/** Never needed to run: types, maps, headers, sources, documentation. */
const LEFT_OUT = /\.(d\.[cm]?ts|map|md|h|hpp|c|cc|cpp|gyp|gypi|flow)$|\/(include|src|test|docs)$/i;
const LICENCE = /licen[cs]e|notice|copying/i;

/**
 * Makes the folder anew.
 * @param version three numbers; the package's own unless told
 * @throws when something does not build or a package is missing
 */
export async function bundle(out: string, version = packageJson.version): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const result = await Bun.build({
    entrypoints: ENTRIES.map((entry) => join(ROOT, entry)),
    outdir: out,
    target: "bun",
    format: "esm",
    // Names stay: a stack in a log must tell something.
    minify: { whitespace: true, syntax: true, identifiers: false },
    naming: { entry: "[name].js", asset: "asset-[hash].[ext]" },
    external: UNBUNDLED,
  });
  if (!result.success) throw new AggregateError(result.logs, "the program cannot be bundled");
  await buildKernels();
  cpSync(KERNELS_FILE, join(out, "kernels.wasm"));
  await buildInto(join(out, "ui"));
  copyPackages(out);
  const facts: UpdateFacts = {
    product: PRODUCT,
    version,
    schema: MIGRATIONS.length,
    readableFromSchema: readableFromSchema(MIGRATIONS),
  };
  writeFileSync(join(out, "update.json"), `${JSON.stringify(facts, null, 2)}\n`);
}

/** The packages left outside, with all that they depend on. */
function copyPackages(out: string): void {
  const wanted = [...UNBUNDLED, ...MACHINE_CODE];
  const seen = new Set<string>();
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (seen.has(name) || name.startsWith("@types/")) continue;
    seen.add(name);
    const from = join(ROOT, "node_modules", name);
    if (!existsSync(from)) throw new Error(`${from} is not there; run script/setup`);
    copyFolder(from, join(out, "node_modules", name));
    const { dependencies = {} } = require(join(from, "package.json")) as {
      dependencies?: Record<string, string>;
    };
    wanted.push(...Object.keys(dependencies));
  }
}

function copyFolder(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (LEFT_OUT.test(source) && !LICENCE.test(entry.name)) continue;
    if (entry.isDirectory()) {
      if (entry.name !== "node_modules") copyFolder(source, target);
      continue;
    }
    mkdirSync(dirname(target), { recursive: true });
    cpSync(source, target, { dereference: true });
  }
}

if (import.meta.main) {
  const [out, version] = process.argv.slice(2);
  if (out === undefined) {
    process.stderr.write("bundle: give the folder to make: bun script/bundle.ts OUT [VERSION]\n");
    process.exit(2);
  }
  await bundle(resolve(out), version);
}
