// script/bench: runs the named parts (script/benchmarks/<name>.ts) or all quick ones, prints their
// tables and, for a run of all or with write=yes, puts them into docs/benchmarks.md.

import { existsSync, readdirSync } from "node:fs";
import { argv, exit } from "node:process";
import { withTables } from "./benchmark-document.ts";
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
  const made = [await part.run(options)].flat();
  for (const table of made) console.log(markdown(table));
  tables.push(...made);
}
for (const { what, target, here, met } of tables.flatMap((t) => t.targets ?? []))
  console.error(`bench: ${met ? "met" : "MISSED"}: ${what}: ${here}, target ${target}`);
if (names.length === 0 || options["write"] === "yes") {
  const path = new URL("../docs/benchmarks.md", import.meta.url);
  await Bun.write(path, withTables(await Bun.file(path).text(), tables));
}
