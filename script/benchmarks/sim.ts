// Simulated days of the whole device: how many seeds, what happened on them, what went wrong.

import { runDay } from "../../test/sim/day.ts";
import { type DaySize, QUARTER_DAY, SHORT_DAY, WHOLE_DAY } from "../../test/sim/plan.ts";
import type { BenchTable } from "./table.ts";

const SIZES: Readonly<Record<string, DaySize>> = {
  whole: WHOLE_DAY,
  quarter: QUARTER_DAY,
  short: SHORT_DAY,
};
/** Of a day that went wrong so many problems are named. */
const PROBLEMS_SHOWN_MAX = 3;

/** `seeds=1000 from=1 size=whole|quarter|short`. */
export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  const seeds = Number(options["seeds"] ?? 1000);
  const from = Number(options["from"] ?? 1);
  const name = options["size"] ?? "quarter";
  const size = SIZES[name];
  if (size === undefined) throw new Error(`size is ${Object.keys(SIZES).join(", ")}, not ${name}`);
  const sums: Record<string, number> = {};
  const bad: string[] = [];
  const startedMs = performance.now();
  for (let seed = from; seed < from + seeds; seed++) {
    const { problems, counts } = await runDay(seed, size);
    for (const [what, count] of Object.entries(counts)) sums[what] = (sums[what] ?? 0) + count;
    if (problems.length > 0)
      bad.push(`seed ${seed}: ${problems.slice(0, PROBLEMS_SHOWN_MAX).join(" | ")}`);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const simulatedHours = seeds * size.hours;
  for (const line of bad) process.stderr.write(`${line}\n`);
  const total = (what: string) => String(sums[what] ?? 0);
  return {
    title: "A day in the life, simulated",
    note: `${seeds} ${name} days (${size.hours} h, ${size.exams} exams, ${size.cuts} power cuts, archive away ${size.archiveDownHours} h, scheduler ${size.risDownHours} h), seeds ${from} to ${from + seeds - 1}. Again: script/bench sim seeds=${seeds} from=${from} size=${name}; one day: bun run sim --seed N${name === "whole" ? "" : ` --${name}`}.`,
    columns: ["what", "value"],
    rows: [
      ["days with a problem", String(bad.length)],
      ["exams", total("exams")],
      ["exposures", total("exposures")],
      ["instances made", total("instances")],
      ["instances archived", total("archived")],
      ["C-STOREs received by the archive", total("received")],
      ["instances committed", total("committed")],
      ["commitment transactions", total("transactions")],
      ["performed steps", total("steps")],
      ["instances deleted for space", total("deleted")],
      ["power cuts", total("cuts")],
      ["wall seconds a day", (seconds / seeds).toFixed(2)],
      ["times faster than the clock", Math.round((simulatedHours * 3600) / seconds).toString()],
    ],
  };
}
