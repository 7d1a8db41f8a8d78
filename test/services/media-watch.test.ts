import { expect, test } from "bun:test";
import { SimulatedClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import type { MediumInfo } from "../../src/hal/media/media.ts";
import { MediaWatch } from "../../src/services/media-watch.ts";

const STICK: MediumInfo = { kind: "usb", device: "/dev/sdb1", label: "STICK", usable: true };

function room() {
  const clock = new SimulatedClock();
  const room = { clock, looks: 0, plugged: [] as MediumInfo[], isExposing: false };
  const watch = new MediaWatch({
    clock,
    log: silentLog,
    drives: {
      async list() {
        room.looks++;
        return room.plugged;
      },
    },
    isExposing: () => room.isExposing,
  });
  const told: (readonly MediumInfo[])[] = [];
  watch.changes.add((media) => told.push(media));
  watch.start();
  return { clock, room, watch, told };
}

test("a stick that comes or goes is told once, in the slow rhythm where no bus tells", async () => {
  const r = room();
  await r.clock.advance(20_000);
  expect(r.room.looks).toBe(5);
  r.room.plugged = [STICK];
  await r.clock.advance(10_000);
  r.room.plugged = [{ ...STICK, freeBytes: 7 }];
  await r.clock.advance(10_000);
  r.room.plugged = [];
  await r.clock.advance(10_000);
  expect(r.told).toEqual([[STICK], []]);
  await r.watch.stop();
});

test("the bus's word is followed at once, and closely for ten seconds", async () => {
  const r = room();
  await r.clock.advance(1_000);
  const before = r.room.looks;
  r.watch.stir();
  await r.clock.advance(9_000);
  expect(r.room.looks - before).toBe(19);
  await r.clock.advance(60_000);
  expect(r.room.looks - before).toBeLessThan(19 + 15);
  await r.watch.stop();
});

test("nobody looks while the beam is on, and what came meanwhile is found right after", async () => {
  const r = room();
  await r.clock.advance(1_000);
  r.room.isExposing = true;
  const before = r.room.looks;
  r.room.plugged = [STICK];
  r.watch.stir();
  await r.clock.advance(120_000);
  expect([r.room.looks, r.told]).toEqual([before, []]);
  r.room.isExposing = false;
  await r.clock.advance(1_000);
  expect(r.told).toEqual([[STICK]]);
  // It may have to be mounted yet: still closely.
  expect(r.room.looks - before).toBeGreaterThanOrEqual(2);
  await r.watch.stop();
});

test("a stop in the middle of an exposure ends it", async () => {
  const r = room();
  await r.clock.advance(1_000);
  r.room.isExposing = true;
  await r.clock.advance(60_000);
  await r.watch.stop();
  r.room.isExposing = false;
  const before = r.room.looks;
  await r.clock.advance(60_000);
  expect(r.room.looks).toBe(before);
});
