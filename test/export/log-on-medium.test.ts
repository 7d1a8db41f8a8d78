// A log bundle on a stick: there whole, or not at all, whichever call of the medium fails.

import { expect, test } from "bun:test";
import { writeLog } from "../../src/export/log-on-medium.ts";
import { MediumError } from "../../src/hal/media/medium-files.ts";
import { FaultyMedium, filesOf } from "./faulty-medium.ts";

const NAME = "2026-01-05T08-00-00";
const PATH = `udr-log/${NAME}.tar`;
const TAR = Uint8Array.from({ length: 5000 }, (_, i) => i);

test("it lies on the stick with its name, and only there", async () => {
  const medium = new FaultyMedium();
  expect(await writeLog(medium, NAME, TAR)).toBe(PATH);
  expect([...filesOf(medium.disk)]).toEqual([[PATH, TAR]]);
  // Synced and read back before it bears its name, and the name is durable at the end.
  const at = (call: string) => medium.trace.findIndex((done) => done.startsWith(call));
  expect(at("sync udr-log")).toBeLessThan(at("read udr-log"));
  expect(at("read udr-log")).toBeLessThan(at("rename udr-log"));
  expect(at("rename udr-log")).toBeLessThan(at("sync-folder udr-log"));
});

test("two in one second get names of their own", async () => {
  const medium = new FaultyMedium();
  await writeLog(medium, NAME, TAR);
  expect(await writeLog(medium, NAME, TAR)).toBe(`udr-log/${NAME}-2.tar`);
  expect(filesOf(medium.disk).size).toBe(2);
});

test("whichever call fails, no file bears the name of a bundle without being one", async () => {
  const whole = new FaultyMedium();
  await writeLog(whole, NAME, TAR);
  const { calls } = whole;
  expect(calls).toBeGreaterThan(8);
  for (let failAt = 0; failAt < calls; failAt++) {
    const medium = new FaultyMedium();
    medium.failAt = failAt;
    const failure = await writeLog(medium, NAME, TAR).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MediumError);
    for (const [path, bytes] of filesOf(medium.disk)) {
      expect(path).toBe(PATH);
      expect(bytes).toEqual(TAR);
    }
  }
});

test("a stick without room is told before anything is written", async () => {
  const medium = new FaultyMedium();
  medium.freeBytes = () => 100_000;
  expect(await writeLog(medium, NAME, TAR).catch((error: unknown) => error)).toMatchObject({
    fault: "full",
    message: "100 kB are free, 136 kB are needed",
  });
  expect(filesOf(medium.disk).size).toBe(0);
});
