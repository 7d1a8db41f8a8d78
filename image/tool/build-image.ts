// One image: the app bundled, the recipe staged with its modes, mkosi run, products named and signed.

import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  type BuilderManifest,
  billOfMaterials,
  type Lock,
  lockedPackages,
} from "./bill-of-materials.ts";
import { bundleApp } from "./bundle-app.ts";
import { machineMirrors, reachingOptions, sourcesFile } from "./mirrors.ts";
import { run } from "./run.ts";
import type { SigningKey } from "./signing-key.ts";
import { signFolder } from "./update-files.ts";

/** Without or with the screen; "lab" ones carry the tests' way in besides and are never shipped. */
export type Edition = "base" | "kiosk" | "lab" | "kiosk-lab";

export const PROFILES: Readonly<Record<Edition, readonly string[]>> = {
  base: [],
  kiosk: ["kiosk"],
  lab: ["lab"],
  "kiosk-lab": ["kiosk", "lab"],
};

/** Written beside the products, so that a later check finds them. */
const RECORD = "products.json";

export interface BuildOptions {
  readonly projectFolder: string;
  readonly workFolder: string;
  readonly toolsRoot: string;
  readonly edition: Edition;
  readonly version: string;
  readonly key: SigningKey;
  /** Folder laid over the app's in the image: how the tests break a version. */
  readonly overApp?: string;
  /** Where the products go; default: products/EDITION/VERSION in the working folder. */
  readonly productsFolder?: string;
}

export interface Products {
  readonly folder: string;
  /** The whole disk. */
  readonly disk: string;
  /** Folder of the update set. */
  readonly updateSet: string;
  /** The same folder as one file, for the API. */
  readonly updateTar: string;
  readonly billOfMaterials: string;
  readonly sizes: { readonly root: number; readonly kernel: number; readonly disk: number };
  readonly tookMs: number;
}

/** Same inputs, same image: the time stamp is the commit's. */
async function sourceDateEpoch(projectFolder: string): Promise<string> {
  return (await run(["git", "-C", projectFolder, "log", "-1", "--format=%ct"])).trim();
}

/** Where the products of an edition's version go. */
export function productsFolder({
  workFolder,
  edition,
  version,
}: Pick<BuildOptions, "workFolder" | "edition" | "version">): string {
  return join(workFolder, "products", edition, version);
}

export async function buildImage(options: BuildOptions): Promise<Products> {
  const { projectFolder, workFolder, toolsRoot, edition, version, key } = options;
  const startedMs = performance.now();
  const epoch = await sourceDateEpoch(projectFolder);
  const app = join(workFolder, "app");
  await bundleApp(projectFolder, app, version);
  if (options.overApp !== undefined) cpSync(options.overApp, app, { recursive: true });
  writeFileSync(join(app, "update-key.pem"), key.publicPem);
  evenModes(app);

  const recipe = join(workFolder, "recipe");
  rmSync(recipe, { recursive: true, force: true });
  cpSync(join(projectFolder, "image/mkosi"), recipe, { recursive: true, verbatimSymlinks: true });
  const apt = join(recipe, "mkosi.sandbox/etc/apt");
  mkdirSync(join(apt, "sources.list.d"), { recursive: true });
  mkdirSync(join(apt, "apt.conf.d"), { recursive: true });
  // This very name keeps mkosi from adding mirrors of its own choice.
  writeFileSync(join(apt, "sources.list.d/mkosi.sources"), sourcesFile(await machineMirrors()));
  writeFileSync(join(apt, "apt.conf.d/90machine"), `${(await reachingOptions()).join("\n")}\n`);
  evenModes(recipe);

  const output = join(workFolder, "output");
  rmSync(output, { recursive: true, force: true });
  const cache = cacheFolder(options, epoch);
  for (const folder of [
    cache,
    ...["output", "packages", "workspace"].map((n) => join(workFolder, n)),
  ])
    mkdirSync(folder, { recursive: true });
  process.stdout.write(`image: building ${edition} ${version}\n`);
  await run(
    [
      ...["nice", "-n", "5", "python3", "-m", "mkosi"],
      `--directory=${recipe}`,
      `--tools-tree=${toolsRoot}`,
      `--output-directory=${output}`,
      `--cache-directory=${cache}`,
      `--package-cache-directory=${join(workFolder, "packages")}`,
      `--workspace-directory=${join(workFolder, "workspace")}`,
      "--incremental=yes",
      `--image-version=${version}`,
      `--source-date-epoch=${epoch}`,
      `--extra-tree=${app}:/usr/lib/udr`,
      ...PROFILES[edition].map((profile) => `--profile=${profile}`),
      ...["--force", "build"],
    ],
    { env: { PYTHONPATH: join(toolsRoot, "usr/lib/python3/dist-packages") } },
  );

  const products = options.productsFolder ?? productsFolder(options);
  return await gather(options, output, products, Number(epoch) * 1000, () =>
    Math.round(performance.now() - startedMs),
  );
}

/**
 * The cached tree of one edition is none of another's, nor that of another time stamp: what was made in it
 * would keep the old one, and the same inputs would not give the same image. Others are removed.
 */
function cacheFolder(
  { workFolder, edition }: Pick<BuildOptions, "workFolder" | "edition">,
  epoch: string,
): string {
  const ofEdition = join(workFolder, "cache", edition);
  mkdirSync(ofEdition, { recursive: true });
  for (const name of readdirSync(ofEdition))
    if (name !== epoch) rmSync(join(ofEdition, name), { recursive: true, force: true });
  return join(ofEdition, epoch);
}

async function gather(
  { projectFolder, workFolder, version, key }: BuildOptions,
  output: string,
  products: string,
  builtMs: number,
  tookMs: () => number,
): Promise<Products> {
  const stem = `udr-10a_${version}`;
  rmSync(products, { recursive: true, force: true });
  const updateSet = join(products, "udr-update");
  mkdirSync(updateSet, { recursive: true });
  const made = readdirSync(output);
  const parts = made.filter(
    (name) => name === `${stem}.efi` || /\.(root|verity)_[0-9a-f-]{32,36}\.raw$/.test(name),
  );
  for (const name of parts) renameSync(join(output, name), join(updateSet, name));
  const disk = join(products, `${stem}.raw`);
  renameSync(join(output, `${stem}.raw`), disk);

  copyFileSync(join(workFolder, "app/update.json"), join(updateSet, "update.json"));
  await signFolder(updateSet, key);
  const updateTar = join(products, `${stem}.update.tar`);
  await run(
    [
      ...["tar", "--create", "--file", updateTar, "--sort=name", "--owner=0", "--group=0"],
      ...["--numeric-owner", "--mode=0644", `--mtime=@${builtMs / 1000}`, "--format=ustar"],
      ...readdirSync(updateSet).sort(),
    ],
    { cwd: updateSet },
  );

  const manifest = made.find((name) => name.endsWith(".manifest"));
  if (manifest === undefined) throw new Error("the builder left no manifest");
  copyFileSync(join(output, manifest), join(products, `${stem}.manifest.json`));
  const bill = join(products, `${stem}.cdx.json`);
  const { dependencies } = json<{ dependencies: Record<string, string> }>(
    readFileSync(join(projectFolder, "package.json"), "utf8"),
  );
  const lock = json<Lock>(readFileSync(join(projectFolder, "bun.lock"), "utf8"));
  writeFileSync(
    bill,
    `${JSON.stringify(
      billOfMaterials(
        version,
        builtMs,
        json<BuilderManifest>(readFileSync(join(output, manifest), "utf8")),
        lockedPackages(lock, Object.keys(dependencies)),
      ),
      null,
      1,
    )}\n`,
  );
  const root = parts.find((name) => name.includes(".root_")) ?? "";
  const record: Products = {
    folder: products,
    disk,
    updateSet,
    updateTar,
    billOfMaterials: bill,
    sizes: {
      root: statSync(join(updateSet, root)).size,
      kernel: statSync(join(updateSet, `${stem}.efi`)).size,
      disk: statSync(disk).size,
    },
    tookMs: tookMs(),
  };
  writeFileSync(join(products, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  return record;
}

/** JSON as lock files have it, with a comma after the last member. */
function json<T>(text: string): T {
  return JSON.parse(text.replace(/,(\s*[}\]])/g, "$1")) as T;
}

/** Git keeps no more of a mode than whether a file may be run; the rest would be this machine's umask. */
function evenModes(path: string): void {
  const found = lstatSync(path);
  if (found.isSymbolicLink()) return;
  if (found.isDirectory()) {
    chmodSync(path, 0o755);
    for (const name of readdirSync(path)) evenModes(join(path, name));
  } else chmodSync(path, (found.mode & 0o100) === 0 ? 0o644 : 0o755);
}

/** What an earlier build left in its folder; null where it is not there any more. */
export function earlierProducts(folder: string): Products | null {
  const record = join(folder, RECORD);
  return existsSync(record) ? json<Products>(readFileSync(record, "utf8")) : null;
}
