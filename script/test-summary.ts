// Reads the test runner's JUnit report and prints the closing line with the true counts.

import { argv, exit } from "node:process";

const report = await Bun.file(argv[2] ?? "").text();
const head = /<testsuites[^>]*>/.exec(report)?.[0] ?? "";
const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
const failed = count("failures") + count("errors");
const skipped = count("skipped");
const passed = count("tests") - failed - skipped;
for (const [, name, reason] of report.matchAll(
  /<testcase name="([^"]*)"[^>]*>\s*<skipped(?: message="([^"]*)")?/g,
))
  console.log(`skipped: ${name}${reason ? ` (${reason})` : ""}`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
if (passed === 0 || failed > 0) exit(1);
