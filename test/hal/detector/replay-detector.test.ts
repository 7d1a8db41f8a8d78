// The replaying panel: the contract, raw frames, fitting, and words for what can't be replayed.

import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedClock } from "../../../src/core/clock.ts";
import { DetectorError } from "../../../src/hal/detector/detector.ts";
import {
  COUNTS_MAX,
  countsByValue,
  TOP_COUNTS,
} from "../../../src/hal/detector/replay/dose-scale.ts";
import { replayDetector } from "../../../src/hal/detector/replay/replay-detector.ts";
import { fitInto } from "../../../src/hal/detector/replay/resample.ts";
import { detectorContract } from "../../contract/detector.ts";
import { EventLog, FULL, makeSlots, radiograph, run, SMALL_MODES } from "./small-panel.ts";

const ROOT = mkdtempSync(join(tmpdir(), "replay-"));
afterAll(() => rmSync(ROOT, { recursive: true }));

let folders = 0;
function folder(): string {
  const path = join(ROOT, String(folders++));
  mkdirSync(path);
  return path;
}

function raw(path: string, values: readonly number[]): void {
  writeFileSync(path, new Uint8Array(Uint16Array.from(values).buffer));
}

/** A picture of one value, as large as the mode. */
const even = (value: number) => Array<number>(FULL.columns * FULL.rows).fill(value);

const sample = folder();
raw(
  join(sample, `ramp_${FULL.columns}x${FULL.rows}.raw`),
  even(0).map((_, i) => i % 4096),
);
detectorContract("replaying", (clock) =>
  replayDetector({ path: sample, clock, modes: SMALL_MODES }),
);

async function opened(path: string) {
  const clock = new SimulatedClock();
  const panel = replayDetector({ path, clock, modes: SMALL_MODES });
  const slots = makeSlots();
  const log = new EventLog();
  await panel.open(slots, log.add);
  const expose = async (request = radiograph()) => {
    log.clear();
    const armed = panel.arm(request);
    await clock.advance(100);
    await armed;
    await panel.trigger();
    await clock.advance(1000);
    const mode = panel.info.modes.find((m) => m.id === request.modeId) ?? FULL;
    return log.frames().map(({ slot }) => {
      const pixels = slots.uint16(slot, mode.columns * mode.rows).slice();
      slots.release(slot);
      return pixels;
    });
  };
  return { panel, expose };
}

const problemOf = async (path: string): Promise<string> => {
  const error = await opened(path).then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(DetectorError);
  const { message } = error as DetectorError;
  expect(message).toContain(path);
  return message;
};

describe("replayed raw frames", () => {
  test("come one after the other, files in order of their numbers, then from the start", async () => {
    const path = folder();
    const size = `${FULL.columns}x${FULL.rows}`;
    raw(join(path, `shot10_${size}.raw`), even(300));
    raw(join(path, `shot2_${size}.raw`), [...even(100), ...even(200)]);
    const { expose } = await opened(path);
    const middles: number[] = [];
    for (let i = 0; i < 4; i++) middles.push((await expose())[0]?.[5000] ?? 0);
    expect(middles).toEqual([100, 200, 300, 100]);
  });

  test("of 16 bits are brought to the panel's 14, of 14 bits stay as they are", async () => {
    const path = folder();
    const size = `${FULL.columns}x${FULL.rows}`;
    const ramp = (top: number) => even(0).map((_, i) => (i < 10_000 ? Math.floor(top / 2) : top));
    raw(join(path, `a_${size}.raw`), ramp(65_535));
    raw(join(path, `b_${size}.raw`), ramp(8000));
    const { expose } = await opened(path);
    const [wide] = await expose();
    expect([wide?.[100], wide?.[20_000]]).toEqual([8191, 16_383]);
    const [narrow] = await expose();
    expect([narrow?.[100], narrow?.[20_000]]).toEqual([4000, 8000]);
  });

  test("play on in a run and start over at the end", async () => {
    const path = folder();
    const frames = [100, 200, 400].flatMap(even);
    raw(join(path, `cine_${FULL.columns}x${FULL.rows}.raw`), frames);
    const { expose } = await opened(path);
    const played = await expose(run({ modeId: "full", fps: 15, frames: 4 }));
    expect(played.map((f) => f[9000])).toEqual([100, 200, 400, 100]);
  });

  test("of another shape stand in the middle, aspect kept, with open beam around them", async () => {
    const path = folder();
    raw(join(path, "tall_40x80.raw"), Array<number>(3200).fill(0));
    const { expose } = await opened(path);
    const [frame] = await expose();
    // 80 rows become 160, 40 columns 80; 56 columns are left over on each side.
    const row = Array.from(frame?.subarray(192 * 80, 192 * 81) ?? []);
    expect(row.slice(0, 56)).toEqual(Array(56).fill(TOP_COUNTS));
    expect(row.slice(56, 136)).toEqual(Array(80).fill(0));
    expect(row.slice(136)).toEqual(Array(56).fill(TOP_COUNTS));
  });
});

describe("fitting", () => {
  test("keeps a picture of the same size as it is", () => {
    const source = Float32Array.from({ length: 12 }, (_, i) => i);
    const into = new Uint16Array(12);
    fitInto(source, 4, 3, into, 4, 3, 99);
    expect([...into]).toEqual([...source]);
  });

  test("averages over areas where it shrinks", () => {
    const source = Float32Array.from([1, 3, 5, 7, 1, 3, 5, 7]);
    const into = new Uint16Array(2);
    fitInto(source, 4, 2, into, 2, 1, 0);
    expect([...into]).toEqual([2, 6]);
  });

  test("keeps the mean when the sizes don't divide", () => {
    const source = Float32Array.from({ length: 70 * 70 }, (_, i) => (i * 7919) % 1000);
    const into = new Uint16Array(30 * 30);
    fitInto(source, 70, 70, into, 30, 30, 0);
    const mean = (v: ArrayLike<number>) => Array.from(v).reduce((a, b) => a + b, 0) / v.length;
    expect(Math.abs(mean(into) - mean(source))).toBeLessThan(0.5);
  });

  test("interpolates where it grows", () => {
    const into = new Uint16Array(8);
    fitInto(Float32Array.from([0, 100]), 2, 1, into, 4, 2, 7);
    expect([...into]).toEqual([0, 25, 75, 100, 0, 25, 75, 100]);
  });

  test("takes a single pixel", () => {
    const into = new Uint16Array(4);
    fitInto(Float32Array.from([42]), 1, 1, into, 2, 2, 7);
    expect([...into]).toEqual([42, 42, 42, 42]);
  });
});

describe("foreign values become counts", () => {
  test("on a logarithmic scale equal steps are equal factors, two decades in all", () => {
    const table = countsByValue(
      { scale: "logarithmic", risesWithDose: true },
      { low: 0, high: 1000 },
    );
    expect(table[1000]).toBe(TOP_COUNTS);
    expect(table[0]).toBeCloseTo(TOP_COUNTS / 100, 3);
    expect((table[600] ?? 0) / (table[500] ?? 1)).toBeCloseTo(
      (table[300] ?? 0) / (table[200] ?? 1),
      4,
    );
  });

  test("values that fall with dose are turned over", () => {
    const range = { low: 10, high: 200 };
    const log = countsByValue({ scale: "logarithmic", risesWithDose: false }, range);
    expect(log[10]).toBe(TOP_COUNTS);
    expect(log[200]).toBeCloseTo(TOP_COUNTS / 100, 3);
    const linear = countsByValue({ scale: "linear", risesWithDose: false, fullScale: 255 }, range);
    expect([linear[0], linear[255]]).toEqual([COUNTS_MAX, 0]);
  });

  test("a picture of one value has no range and still gives counts", () => {
    const table = countsByValue({ scale: "linear", risesWithDose: true }, { low: 0, high: 0 });
    expect(table[0]).toBe(0);
  });
});

describe("what can't be replayed is refused in words", () => {
  test("a path that is not there", async () => {
    expect(await problemOf(join(ROOT, "nowhere"))).toContain("does not exist");
  });

  test("an empty folder, or one without pictures", async () => {
    const path = folder();
    expect(await problemOf(path)).toContain("nothing to replay");
    writeFileSync(join(path, "README.md"), "no picture");
    expect(await problemOf(path)).toContain("nothing to replay");
  });

  test("a raw frame without its size in the name", async () => {
    const path = join(folder(), "frame.raw");
    raw(path, [1, 2]);
    expect(await problemOf(path)).toContain("name_2688x2688.raw");
  });

  test("a raw frame of another length than its name says", async () => {
    const path = join(folder(), "frame_4x4.raw");
    raw(path, Array<number>(17).fill(1));
    expect(await problemOf(path)).toContain("34 bytes are no whole number of frames");
  });

  test.skipIf(process.getuid?.() === 0)("a folder that this user may not read", async () => {
    const path = folder();
    chmodSync(path, 0);
    expect(await problemOf(path)).toContain("right to read");
    chmodSync(path, 0o700);
  });

  test("leaves the panel disconnected with the reason, to be opened again when it is put right", async () => {
    const path = folder();
    const clock = new SimulatedClock();
    const panel = replayDetector({ path, clock, modes: SMALL_MODES });
    const log = new EventLog();
    await expect(panel.open(makeSlots(), log.add)).rejects.toBeInstanceOf(DetectorError);
    expect(log.words()).toEqual(["initializing", "disconnected"]);
    expect(log.events[1]).toMatchObject({ reason: expect.stringContaining("nothing to replay") });
    raw(join(path, "one_2x2.raw"), [1, 2, 3, 4]);
    await panel.open(makeSlots(), log.add);
    expect(panel.state()).toBe("idle");
  });
});
