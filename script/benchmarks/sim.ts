// Simulated days of the whole device: how many seeds, what happened on them, what went wrong. The days are
// dealt out to processes of their own, since a day keeps one core busy.

import { type DayReport, runDay } from "../../test/sim/day.ts";
import { type DaySize, QUARTER_DAY, SHORT_DAY, WHOLE_DAY } from "../../test/sim/plan.ts";
import type { BenchTable } from "./table.ts";

const SIZES: Readonly<Record<string, DaySize>> = {
  whole: WHOLE_DAY,
  quarter: QUARTER_DAY,
  short: SHORT_DAY,
};
/** Of a day that went wrong so many problems are named. */
const PROBLEMS_SHOWN_MAX = 3;
/** A process plays so many days and makes room for a fresh one: a long life fills it with compiled code and garbage. */
const DAYS_PER_PROCESS = 10;
/** How far the run is, is told so often. */
const PROGRESS_DAYS = 50;

type DayLine = Pick<DayReport, "seed" | "problems" | "counts">;

/** `seeds=1000 from=1 size=whole|quarter|short processes=2`. */
export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  const seeds = Number(options["seeds"] ?? 1000);
  const from = Number(options["from"] ?? 1);
  const processes = Number(options["processes"] ?? 2);
  const name = options["size"] ?? "whole";
  const size = SIZES[name];
  if (size === undefined) throw new Error(`size is ${Object.keys(SIZES).join(", ")}, not ${name}`);
  const sums: Record<string, number> = {};
  let bad = 0;
  let played = 0;
  const startedMs = performance.now();
  const take = ({ seed, problems, counts }: DayLine) => {
    for (const [what, count] of Object.entries(counts)) sums[what] = (sums[what] ?? 0) + count;
    played++;
    if (played % PROGRESS_DAYS === 0)
      process.stderr.write(`${played} of ${seeds} days, ${bad} bad\n`);
    if (problems.length === 0) return;
    bad++;
    const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).join(" | ");
    process.stderr.write(`seed ${seed}: ${shown}\n`);
  };
  let next = from;
  const lane = async () => {
    while (next < from + seeds) {
      const first = next;
      next = Math.min(from + seeds, first + DAYS_PER_PROCESS);
      const player = Bun.spawn([process.execPath, import.meta.path, name, `${first}`, `${next}`], {
        stdout: "pipe",
        stderr: "inherit",
      });
      for await (const line of linesOf(player.stdout)) take(JSON.parse(line) as DayLine);
      if ((await player.exited) !== 0)
        throw new Error(`a process that plays days ended with ${player.exitCode}`);
    }
  };
  await Promise.all(Array.from({ length: processes }, lane));
  if (played !== seeds) throw new Error(`${played} of ${seeds} days were played`);
  const seconds = (performance.now() - startedMs) / 1000;
  const simulatedHours = seeds * size.hours;
  const total = (what: string) => String(sums[what] ?? 0);
  return {
    title: "A day in the life, simulated",
    note: `${seeds} ${name} days (${size.hours} h, ${size.exams} exams, ${size.cuts} power cuts, archive away ${size.archiveDownHours} h, scheduler ${size.risDownHours} h), seeds ${from} to ${from + seeds - 1}, in ${processes} processes. Again: script/bench sim seeds=${seeds} from=${from} size=${name}; one day: bun run sim --seed N${name === "whole" ? "" : ` --${name}`}.`,
    columns: ["what", "value"],
    rows: [
      ["days with a problem", String(bad)],
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

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const piece of stream) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** The process of its own: some seeds, a line of JSON a day. */
if (import.meta.main) {
  const [name = "", from, to] = process.argv.slice(2);
  const size = SIZES[name];
  if (size === undefined) throw new Error(`size is ${Object.keys(SIZES).join(", ")}, not ${name}`);
  for (let seed = Number(from); seed < Number(to); seed++) {
    const { problems, counts } = await runDay(seed, size);
    process.stdout.write(`${JSON.stringify({ seed, problems, counts } satisfies DayLine)}\n`);
  }
}
