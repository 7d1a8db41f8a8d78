// The pixel pipeline against its targets, as a test: bun test ./test/bench/pixels.bench.ts. No part of the
// suite, since a busy machine would fail it; the measuring is script/bench's.

import { beforeAll, describe, expect, test } from "bun:test";
import { kernelTimes } from "../../script/benchmarks/pixels/kernels.ts";
import { type Measured, rowOf } from "../../script/benchmarks/pixels/measured.ts";
import { pipelineTimes } from "../../script/benchmarks/pixels/pipelines.ts";
import {
  fluoroscopyTarget,
  kernelTargets,
  radiographTarget,
} from "../../script/benchmarks/pixels/targets.ts";
import { build } from "../../script/build-kernels.ts";

const SIDE = 2688;
const ROUNDS = 15;
const PATIENCE_MS = 120_000;

/** Median and best ms, GB/s, × copy, × its bytes. */
const print = (all: readonly Measured[], copy?: Measured) => {
  for (const one of all) console.log(rowOf(one, copy).join("  "));
};

describe("the pixel pipeline", () => {
  beforeAll(build);

  test(
    "kernels keep up with memory",
    async () => {
      const times = await kernelTimes(SIDE, ROUNDS);
      print(times.all, times.copy);
      for (const target of kernelTargets(times)) expect(target).toMatchObject({ met: true });
    },
    PATIENCE_MS,
  );

  test(
    "a radiograph is processed in time",
    async () => {
      const times = await pipelineTimes(SIDE, ROUNDS);
      print(times.all);
      expect(radiographTarget(times)).toMatchObject({ met: true });
    },
    PATIENCE_MS,
  );

  test(
    "a frame of fluoroscopy is processed in time",
    async () => {
      const times = await pipelineTimes(SIDE / 2, ROUNDS);
      print(times.all);
      expect(fluoroscopyTarget(times)).toMatchObject({ met: true });
    },
    PATIENCE_MS,
  );
});
