// UIDs by the scheme: valid, within 64 characters, and never the same twice.

import { describe, expect, test } from "bun:test";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { Random } from "../../../src/core/random.ts";
import { isValidUid } from "../../../src/dicom/dict/uids.ts";
import {
  blockCounter,
  reportSeriesNumber,
  UidError,
  UidGenerator,
} from "../../../src/dicom/iod/uid.ts";
import { ROOT, START_MS } from "./variants.ts";

const scheme = { root: ROOT, uidNumber: "11011921", timeZone: "Asia/Tokyo" };

function counting(start = 0) {
  let count = start;
  return { next: () => count++ };
}

describe("the scheme", () => {
  test("is root, 1.1, number, local date and time, six-digit counter", () => {
    const uids = new UidGenerator(scheme, new SimulatedClock(START_MS), counting());
    expect(uids.next()).toBe(`${ROOT}.1.1.11011921.20190129203615.100000`);
    expect(uids.next()).toBe(`${ROOT}.1.1.11011921.20190129203615.100001`);
  });

  test("comes round after 999999 without a leading zero", () => {
    const uids = new UidGenerator(scheme, new SimulatedClock(START_MS), counting(899_999));
    expect(uids.next()).toEndWith(".999999");
    expect(uids.next()).toEndWith(".100000");
  });

  test("gives valid UIDs for every length of root that leaves room, and refuses the others", () => {
    for (let digits = 1; digits < 64; digits++) {
      const root = `1.2.${"3".repeat(digits)}`;
      const make = () =>
        new UidGenerator({ ...scheme, root }, new SimulatedClock(START_MS), counting());
      if (`${root}.1.1.11011921.20190129203615.100000`.length > 64) expect(make).toThrow(UidError);
      else {
        expect(isValidUid(make().next())).toBe(true);
        expect(isValidUid(make().series(make().next(), 9001))).toBe(true);
      }
    }
  });

  test("refuses a root that is no UID, saying what to do", () => {
    const make = (root: string) => () =>
      new UidGenerator({ ...scheme, root }, new SimulatedClock(START_MS), counting());
    expect(make("1.02.3")).toThrow("without leading zeros");
    expect(make("ABC")).toThrow(UidError);
  });
});

describe("series", () => {
  const uids = new UidGenerator(scheme, new SimulatedClock(START_MS), counting());

  test("below a study UID of our own extend it", () => {
    const study = uids.next();
    expect(uids.series(study, 1)).toBe(`${study}.1`);
    expect(uids.series(study, 9001)).toBe(`${study}.9001`);
  });

  test("below a scheduler's study UID have a base of their own", () => {
    const series = uids.series("1.2.840.99.1", 9001);
    expect(series).not.toContain("1.2.840.99.1");
    expect(series).toMatch(/\.\d{14}\.\d{6}\.9001$/);
    expect(uids.series("1.2.840.99.1", 1)).not.toBe(uids.series("1.2.840.99.1", 1));
  });

  test("don't extend what was extended before, nor the UID of another device", () => {
    const study = uids.next();
    expect(uids.isOwn(study)).toBe(true);
    expect(uids.isOwn(`${study}.1`)).toBe(false);
    expect(uids.isOwn(study.replace("11011921", "11011922"))).toBe(false);
  });

  test("of dose reports are numbered 9001, 9002, … by step", () => {
    expect([1, 2, 3].map(reportSeriesNumber)).toEqual([9001, 9002, 9003]);
  });
});

test("no UID is given twice across restarts, clock changes and parallel workers", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const clock = new SimulatedClock(START_MS);
    // The durable part: what was reserved survives a restart, what was only in memory doesn't.
    let reserved = random.int(0, 2_000_000);
    const reserve = (size: number) => {
      const first = reserved;
      reserved += size;
      return first;
    };
    const worker = () =>
      new UidGenerator(scheme, shifted, blockCounter(reserve, random.int(1, 20)));
    let offsetMs = 0;
    const shifted = {
      nowMs: () => clock.nowMs() + offsetMs,
      monotonicMs: () => clock.monotonicMs(),
      after: clock.after.bind(clock),
    };
    let workers = [worker(), worker(), worker()];
    const seen = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      if (random.chance(0.01)) workers = workers.map(worker);
      if (random.chance(0.02)) offsetMs = random.int(-7_200_000, 7_200_000);
      if (random.chance(0.2)) await clock.advance(random.int(0, 1500));
      const uid = random.pick(workers).next();
      expect(seen.has(uid)).toBe(false);
      seen.add(uid);
    }
  }
});
