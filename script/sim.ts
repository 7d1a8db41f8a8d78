// One simulated day: bun run sim [--seed N] [--quarter | --short] [--log]. Prints what happened, and what was
// wrong; ends with 1 then.

import { runDay } from "../test/sim/day.ts";
import { QUARTER_DAY, SHORT_DAY, WHOLE_DAY } from "../test/sim/plan.ts";

const argument = (name: string) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const seed = Number(argument("--seed") ?? Math.floor(performance.timeOrigin % 1e9));
const has = (name: string) => process.argv.includes(name);
const size = has("--quarter") ? QUARTER_DAY : has("--short") ? SHORT_DAY : WHOLE_DAY;
const started = performance.now();
const report = await runDay(seed, size);
if (process.argv.includes("--log"))
  for (const line of report.log) process.stdout.write(`${line}\n`);
process.stdout.write(`seed ${seed}, ${Math.round(performance.now() - started)} ms\n`);
for (const [name, count] of Object.entries(report.counts))
  process.stdout.write(`  ${name} ${count}\n`);
for (const problem of report.problems) process.stdout.write(`WRONG ${problem}\n`);
process.exit(report.problems.length === 0 ? 0 : 1);
