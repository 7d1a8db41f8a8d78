// Twenty short days with every kind of fault. A day that goes wrong names its seed; the same day is
// played again by `bun run sim --seed N --short`.

import { expect, setDefaultTimeout, test } from "bun:test";
import { runDay } from "./day.ts";
import { SHORT_DAY } from "./plan.ts";

/** A busy machine takes its time. */
setDefaultTimeout(60_000);

const SEEDS = 20;

for (let seed = 1; seed <= SEEDS; seed++)
  test(`seed ${seed}: every image is archived once and committed, every step and dose told`, async () => {
    const { problems, counts } = await runDay(seed, SHORT_DAY);
    expect({ seed, problems }).toEqual({ seed, problems: [] });
    // A day on which nothing happens would be a good one, too.
    expect(counts["exams"]).toBe(SHORT_DAY.exams);
    expect(counts["archived"]).toBeGreaterThan(SHORT_DAY.exams);
    expect(counts["steps"]).toBeGreaterThan(SHORT_DAY.exams / 2);
    expect(counts["cuts"]).toBeGreaterThan(0);
  });

test("the same seed gives the same day", async () => {
  const [one, two] = [await runDay(7, SHORT_DAY), await runDay(7, SHORT_DAY)];
  expect(two.counts).toEqual(one.counts);
});
