// Which rows of the conformance statement have a test that names them: counts the `[table id]`
// prefixes of passed tests in the runner's JUnit report. `--missing` lists the rows without one.

import { argv } from "node:process";
import { STATEMENT_ROWS } from "./statement-rows.ts";

const report = await Bun.file(argv[2] ?? "").text();
const named = new Set<string>();
for (const [, name = "", rest = ""] of report.matchAll(
  /<testcase name="([^"]*)"[^>]*?(\/>|>\s*<\w+)/g,
)) {
  if (/<(failure|error|skipped)/.test(rest)) continue;
  for (const [, row] of name
    .replaceAll("&gt;", ">")
    .matchAll(/\[((?:[\d.]+-|TID |body-parts|directory-keys|6)[^\]]*)\]/g))
    if (row) named.add(row);
}

let covered = 0;
let total = 0;
const missing: string[] = [];
for (const [table, ids] of Object.entries(STATEMENT_ROWS)) {
  const without = ids.filter((id) => !named.has(`${table} ${id}`));
  covered += ids.length - without.length;
  total += ids.length;
  if (without.length > 0) missing.push(`  ${table}: ${without.join("  ")}`);
}
if (argv.includes("--missing")) console.log(missing.join("\n"));
console.log(`rows of the statement with a test that names them: ${covered} of ${total}`);
