// Pixel kernels beside memory copy, whole pipelines, and others at the same work. Everything is run in
// turn, round after round, over several frames, so that no frame is still in the processor's cache.
// test/bench asks the same of bun test.

import { build } from "../build-kernels.ts";
import { kernelTimes } from "./pixels/kernels.ts";
import { rowOf, WARM_UP_ROUNDS } from "./pixels/measured.ts";
import { peerTimes } from "./pixels/peers.ts";
import { pipelineTimes } from "./pixels/pipelines.ts";
import { FRAMES } from "./pixels/scene.ts";
import { pixelTargets } from "./pixels/targets.ts";
import type { BenchTable } from "./table.ts";

/** Options: side (2688), rounds (15). */
export async function run(options: Readonly<Record<string, string>>): Promise<BenchTable> {
  await build();
  const { side: sideWord = "2688", rounds: roundsWord = "15" } = options;
  const side = Number(sideWord);
  const rounds = Number(roundsWord);
  const kernels = await kernelTimes(side, rounds);
  const large = await pipelineTimes(side, rounds);
  const small = await pipelineTimes(side / 2, rounds);
  const peers = await peerTimes(side, rounds);
  return {
    title: "Pixels",
    note:
      `\`script/bench pixels\`. Frames of ${side}×${side}×16 in the shared memory, ${FRAMES} of them in turn so that ` +
      `none is in the cache; kernels on one thread, pipelines on two; ${rounds} rounds after ${WARM_UP_ROUNDS} to warm up, everything once a round. ` +
      "GB/s counts what is read and written. “× copy” is the time in units of a frame's memory copy in the same rounds, " +
      "“× its bytes” in units of the time that its bytes take at that copy's speed. GB/s and ratios are of the best " +
      "rounds, since on a shared machine others get in between. Pipelines with the processing of the first shipped " +
      `protocol of their kind.${peers.missing.map((why) => ` Left out: ${why}.`).join("")}`,
    columns: ["what", "median ms", "best ms", "GB/s", "× copy", "× its bytes"],
    rows: [
      ...kernels.all.map((one) => rowOf(one, kernels.copy)),
      ...[...large.all, ...small.all, ...peers.all].map((one) => rowOf(one)),
    ],
    targets: pixelTargets(kernels, large, small),
  };
}
