// script/bench: runs the named parts (script/benchmarks/<name>.ts) or all quick ones, prints their
// tables and, for a run of all, rewrites docs/benchmarks.md.

import { existsSync, readdirSync } from "node:fs";
import { cpus } from "node:os";
import { argv, exit } from "node:process";
import { type BenchPart, type BenchTable, markdown } from "./benchmarks/table.ts";

/** Parts that take minutes to hours and run only when named. */
const LONG = new Set(["crash", "gige", "fluoro", "fuzz", "fuzz-codec", "fuzz-association", "sim"]);
const folder = new URL("./benchmarks/", import.meta.url);
const known = readdirSync(folder)
  .filter((f) => f.endsWith(".ts") && f !== "table.ts")
  .map((f) => f.slice(0, -3))
  .sort();

const words = argv.slice(2);
const options = Object.fromEntries(
  words
    .filter((w) => w.includes("="))
    .map((w) => w.replace(/^--/, "").split("=", 2) as [string, string]),
);
const names = words.filter((w) => !w.includes("="));
const unknown = names.filter((n) => !existsSync(new URL(`${n}.ts`, folder)));
if (unknown.length > 0) {
  console.error(`bench: no part called ${unknown.join(", ")}; there are: ${known.join(", ")}`);
  exit(2);
}

const tables: BenchTable[] = [];
for (const name of names.length > 0 ? names : known.filter((n) => !LONG.has(n))) {
  console.error(`bench: ${name}`);
  const part = (await import(new URL(`${name}.ts`, folder).href)) as BenchPart;
  const table = await part.run(options);
  console.log(markdown(table));
  tables.push(table);
}
if (names.length === 0) {
  const head = [
    "# Benchmarks",
    "",
    `Made by \`script/bench\` on ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), Bun ${Bun.version}.`,
    "Timings on shared machines drift by a third; the ratios, taken in one run, are what counts.",
    "",
  ].join("\n");
  await Bun.write(
    new URL("../docs/benchmarks.md", import.meta.url),
    `${head}\n${tables.map(markdown).join("\n")}`,
  );
}
