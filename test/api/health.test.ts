// What the health record says of archives that owe a commitment, and of the last exposure's frames.

import { expect, test } from "bun:test";
import { healthSchema } from "../../src/api/contract.ts";
import { COMMITMENT_LATE_MS, type HealthFacts, healthOf } from "../../src/api/ports/health.ts";
import { parseConfiguration } from "../../src/config/configuration.ts";
import type { PipelineFigures } from "../../src/exam/pipeline-meter.ts";
import type { ArchiveCommitment } from "../../src/services/commitment/commitment-service.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 8, 0, 0);

function health(commitment: ArchiveCommitment | undefined, pipeline?: PipelineFigures) {
  const parsed = parseConfiguration({
    remotes: [{ id: "archive", aeTitle: "ARCHIVE", host: "127.0.0.1", port: 104, archive: true }],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const facts: HealthFacts = {
    nowMs: NOW_MS,
    startedMs: NOW_MS,
    configuration: parsed.configuration,
    dicomPort: 11_104,
    acquisition: { state: "idle" },
    detector: {
      driver: "simulated",
      state: "idle",
      temperatureC: [],
      heartbeatAgeMs: 0,
      packets: 0,
      lost: 0,
      resent: 0,
      overruns: 0,
      discarded: 0,
    },
    generator: { driver: "simulated", state: "idle" },
    pipeline,
    freeBytes: 1e12,
    totalBytes: 2e12,
    remote: () => undefined,
    commitment: () => commitment,
    missing: 0,
    calibration: [],
    lostImages: 0,
  };
  return healthSchema.parse(healthOf(facts));
}

test("an archive that owes nothing, or not for long, is no problem", () => {
  expect(health(undefined)).toMatchObject({ status: "ok", problems: [] });
  const pending = { supported: true, pending: 3, failed: 0, oldestMs: NOW_MS - COMMITMENT_LATE_MS };
  const waiting = health(pending);
  expect(waiting.problems).toEqual([]);
  expect(waiting.remotes[0]?.commitment).toEqual({
    supported: true,
    pending: 3,
    failed: 0,
    oldestAt: "2026-01-04T08:00:00.000Z",
  });
});

const worries: readonly (readonly [string, ArchiveCommitment, string])[] = [
  [
    "E13: the age of an answer that is late",
    { supported: true, pending: 3, failed: 0, oldestMs: NOW_MS - 50 * 3_600_000 },
    "archive has not answered for 3 object(s), the first asked for 50 hours ago",
  ],
  [
    "what was not committed, with the reason",
    { supported: true, pending: 0, failed: 2, reason: "0110 processing failure" },
    "archive did not commit 2 object(s) (0110 processing failure); they are asked for again at the next start",
  ],
  [
    "S10: an archive without commitment, and what can be done",
    { supported: false, pending: 0, failed: 0 },
    "archive does not support storage commitment: studies cannot be deleted without the service PIN",
  ],
];
for (const [what, commitment, sentence] of worries)
  test(`health tells ${what}`, () => {
    const { status, problems } = health(commitment);
    expect([status, problems.length]).toEqual(["degraded", 1]);
    expect(problems[0]).toContain(sentence);
  });

test("how the frames of the last exposure kept up is told once there was one", () => {
  expect(health(undefined)).not.toHaveProperty("pipeline");
  const durations = { p50: 3, p99: 8, max: 21 };
  const pipeline = {
    frames: 1800,
    arrivalMs: durations,
    pictures: 1799,
    pictureMs: durations,
    loopStallMs: durations,
  };
  expect(health(undefined, pipeline).pipeline).toEqual(pipeline);
});
