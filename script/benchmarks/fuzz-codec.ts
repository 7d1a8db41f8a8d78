// Damaged data sets against the decoder: `script/bench fuzz-codec cases=1000000 seed=1`. Fails when
// one ends in anything but a data set or a DecodeError, or takes more than a second of processor time.

import { fuzzDecoding } from "../../test/dicom/data/mutations.ts";
import type { BenchTable } from "./table.ts";

const CASES = 1_000_000;
const SEED = 1;
const CASE_MS_MAX = 1000;
const MIB = 1024 * 1024;

/** Processor time, which other work on the machine doesn't stretch. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  const cases = Number(options["cases"] ?? CASES);
  const seed = Number(options["seed"] ?? SEED);
  const startMs = performance.now();
  const outcome = fuzzDecoding({ cases, seed, nowMs: cpuMs });
  const seconds = (performance.now() - startMs) / 1000;
  if (outcome.unexpected.length > 0)
    throw new Error(
      `${outcome.unexpected.length} bad ends: ${outcome.unexpected.slice(0, 5).join("; ")}`,
    );
  if (outcome.slowestMs > CASE_MS_MAX)
    throw new Error(`a case took ${outcome.slowestMs.toFixed(0)} ms (seed ${seed})`);
  return {
    title: "Fuzzing of the data-set codec",
    note: `\`script/bench fuzz-codec cases=${cases} seed=${seed}\`: each case is decoded, what could be read is encoded and read again, and the bytes are recoded.`,
    columns: ["cases", "read", "refused", "bad ends", "slowest CPU ms", "seconds", "memory MiB"],
    rows: [
      [
        String(outcome.cases),
        String(outcome.decoded),
        String(outcome.refused),
        String(outcome.unexpected.length),
        outcome.slowestMs.toFixed(1),
        seconds.toFixed(0),
        (process.memoryUsage.rss() / MIB).toFixed(0),
      ],
    ],
  };
}
