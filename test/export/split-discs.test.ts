// How a selection is shared out over discs.

import { expect, test } from "bun:test";
import { sizeText } from "../../src/export/space.ts";
import { DISC_FIXED_BYTES, splitDiscs } from "../../src/export/split-discs.ts";

const MB = 1_000_000;
const object = (study: string, n: number, megabytes: number) => ({
  sopInstanceUid: `${study}.${n}`,
  fileBytes: megabytes * MB,
  facts: { studyInstanceUid: study },
});
const capacity = (megabytes: number) => DISC_FIXED_BYTES + megabytes * MB;
const shared = (objects: readonly ReturnType<typeof object>[], megabytes: number) => {
  const plan = splitDiscs(objects, capacity(megabytes));
  return plan.kind === "plan" ? plan.discs.map((d) => d.map((o) => o.sopInstanceUid)) : plan.reason;
};

test("what fits goes onto one disc", () => {
  expect(shared([object("1", 1, 40), object("2", 1, 40)], 100)).toEqual([["1.1", "2.1"]]);
});

test("a study that fits on a disc of its own is not torn apart", () => {
  expect(shared([object("1", 1, 60), object("2", 1, 40), object("2", 2, 40)], 100)).toEqual([
    ["1.1"],
    ["2.1", "2.2"],
  ]);
});

test("a study larger than a disc is shared out between its objects, and the next goes on behind it", () => {
  const large = [1, 2, 3].map((n) => object("1", n, 60));
  expect(shared([...large, object("2", 1, 30)], 100)).toEqual([["1.1"], ["1.2"], ["1.3", "2.1"]]);
});

test("an object larger than a disc is refused with its size", () => {
  expect(shared([object("1", 1, 120)], 100)).toBe(
    "Object 1.1 has 120 MB; a disc holds 100 MB. Export it to a USB stick.",
  );
});

test("sizes read as a person says them", () => {
  expect([0, 999, 1500, 12_345_678, 4.7e9].map(sizeText)).toEqual([
    "0 bytes",
    "999 bytes",
    "1.5 kB",
    "12.3 MB",
    "4.7 GB",
  ]);
});
