// Seeded mutations of recorded associations against the running acceptor, as many as asked for
// (cases=1000000 seed=1): no crash, no hang over a second, every case answered.

import {
  type FuzzResult,
  fuzzAssociations,
} from "../../test/services/acceptor/association-fuzz.ts";
import type { BenchTable } from "./table.ts";

const CASES = 1_000_000;
/** A run is cut into parts, so that one says where it is. */
const PART = 50_000;

export async function run(options: {
  readonly cases?: string | number;
  readonly seed?: string | number;
}): Promise<BenchTable> {
  const cases = Number(options.cases ?? CASES);
  const seed = Number(options.seed ?? 1);
  const before = process.memoryUsage.rss();
  const started = performance.now();
  const parts: FuzzResult[] = [];
  for (let done = 0; done < cases; done += PART) {
    parts.push(await fuzzAssociations({ cases: Math.min(PART, cases - done), seed: seed + done }));
    console.error(`fuzz-association: ${Math.min(cases, done + PART)} of ${cases}`);
  }
  const seconds = (performance.now() - started) / 1000;
  const endings: Record<string, number> = {};
  for (const part of parts)
    for (const [ending, n] of Object.entries(part.endings))
      endings[ending] = (endings[ending] ?? 0) + n;
  const rssMax = Math.max(...parts.map((part) => part.rssMaxBytes));
  return {
    title: "Mutated associations",
    note: `\`script/bench fuzz-association cases=${cases} seed=${seed}\`: recorded associations with one to four things wrong, over loopback TCP; a hang or a crash ends the run with the seed.`,
    columns: ["figure", "value"],
    rows: [
      ["cases", String(cases)],
      ["cases a second", (cases / seconds).toFixed(0)],
      ["slowest case, ms", Math.max(...parts.map((part) => part.slowestMs)).toFixed(0)],
      ["memory before / most, MB", `${(before / 1e6).toFixed(0)} / ${(rssMax / 1e6).toFixed(0)}`],
      ...Object.entries(endings)
        .sort()
        .map(([ending, n]) => [`last answer: ${ending}`, String(n)]),
    ],
  };
}
