// Builds the pixel kernels (AssemblyScript) into dist/kernels.wasm. Skipped when the module is newer
// than its sources and this file. The compiler wants a newer Node than some systems have, so it runs
// under Bun.

import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { execPath, pid } from "node:process";

const ROOT = join(import.meta.dir, "..");
const SOURCES = join(ROOT, "src/workers/pixel/kernels");
export const KERNELS_FILE = join(ROOT, "dist/kernels.wasm");

/** @throws Error with the compiler's messages. */
export async function build(): Promise<void> {
  const sources = readdirSync(SOURCES)
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => join(SOURCES, name));
  const newest = Math.max(...[...sources, import.meta.path].map((f) => statSync(f).mtimeMs));
  const built = statSync(KERNELS_FILE, { throwIfNoEntry: false });
  if (built !== undefined && built.mtimeMs > newest) return;

  mkdirSync(join(ROOT, "dist"), { recursive: true });
  // Written beside and renamed, so that nobody ever loads half a module.
  const fresh = `${KERNELS_FILE}.${pid}`;
  const compiler = Bun.spawn(
    [
      execPath,
      "--bun",
      join(ROOT, "node_modules/assemblyscript/bin/asc.js"),
      ...sources,
      ...["--outFile", fresh],
      ...["--enable", "simd,threads"],
      // Any shared memory up to 4 GiB fits; the pages say only what the module may be given.
      ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
      ...["--runtime", "stub", "--noExportMemory", "--noAssert", "--use", "abort="],
      ...["-O3", "--noColors"],
    ],
    { cwd: ROOT, stdout: "pipe", stderr: "pipe" },
  );
  const [out, err, code] = await Promise.all([
    new Response(compiler.stdout).text(),
    new Response(compiler.stderr).text(),
    compiler.exited,
  ]);
  if (code !== 0) throw new Error(`the kernels do not compile:\n${out}${err}`);
  renameSync(fresh, KERNELS_FILE);
}
