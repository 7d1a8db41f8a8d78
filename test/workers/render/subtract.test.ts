// Subtraction of a mask: what is in both is gone, what differs is the same behind thick and thin, the mask
// can be moved, and the window is one of differences.

import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { RenderClient } from "../../../src/workers/render/render-client.ts";
import {
  differenceLevels,
  differenceWindow,
  logarithms,
  subtracted,
} from "../../../src/workers/render/subtract.ts";

const COLUMNS = 32;
const ROWS = 24;
const PIXELS = COLUMNS * ROWS;
const STAY = { x: 0, y: 0 };

/** Bones that differ from column to column. */
const bones = Uint16Array.from({ length: PIXELS }, (_, i) => 500 + (i % COLUMNS) * 90);
/** A vessel in rows 10 to 13: its contrast medium takes 20 % of the counts. */
const vessel = bones.map((counts, i) =>
  i >= 10 * COLUMNS && i < 14 * COLUMNS ? Math.round(counts * 0.8) : counts,
);
const moved = (pixels: Uint16Array, by: number) =>
  pixels.map((_, i) => pixels[i - (i % COLUMNS) + Math.max(0, (i % COLUMNS) - by)] ?? 0);

test("of linear counts the vessel is equally deep behind every thickness, and nothing else is left", () => {
  const values = logarithms({ bitsStored: 14 }, true);
  const differences = subtracted(vessel, bones, COLUMNS, STAY, values);
  const depth = (Math.log(0.8) / Math.log(16384)) * 16383;
  for (let i = 0; i < PIXELS; i++) {
    const inside = i >= 10 * COLUMNS && i < 14 * COLUMNS;
    if (!inside) expect(differences[i]).toBe(0);
    else expect(Math.abs((differences[i] ?? 0) - depth)).toBeLessThan(4);
  }
});

test("stored logarithms are subtracted as they are", () => {
  const values = logarithms({ bitsStored: 12 }, false);
  const differences = subtracted(vessel, bones, COLUMNS, STAY, values);
  expect([...differences]).toEqual([...vessel].map((v, i) => v - (bones[i] ?? 0)));
});

test("a mask is moved to where the patient went, its edges repeated", () => {
  const values = logarithms({ bitsStored: 14 }, false);
  const now = moved(bones, 2);
  expect(subtracted(now, bones, COLUMNS, { x: 2, y: 0 }, values).every((d) => d === 0)).toBe(true);
  expect(subtracted(now, bones, COLUMNS, STAY, values).some((d) => d !== 0)).toBe(true);
  const down = subtracted(vessel, vessel, COLUMNS, { x: 0, y: 1 }, values);
  expect(down[10 * COLUMNS + 5]).toBeLessThan(0);
  expect(down[14 * COLUMNS + 5]).toBeGreaterThan(0);
});

test("zero is middle grey, and the window of its own shows nearly all there is", () => {
  const differences = Int32Array.from({ length: 1000 }, (_, i) => (i < 990 ? (i % 41) - 20 : 9000));
  expect(differenceWindow(differences).width).toBeGreaterThan(9000);
  const few = Int32Array.from({ length: 1000 }, (_, i) => (i < 996 ? (i % 41) - 20 : 9000));
  const window = differenceWindow(few);
  expect(window).toEqual({ center: 0, width: 41 });
  const levels = differenceLevels(Int32Array.of(0, -20, 20, 9000, -9000), undefined, false);
  expect(levels[0]).toBeGreaterThan(126);
  expect(levels[0]).toBeLessThan(130);
  expect([levels[3], levels[4]]).toEqual([255, 0]);
  expect([...differenceLevels(Int32Array.of(9000), window, true)]).toEqual([0]);
});

const folder = await mkdtemp(join(tmpdir(), "udr-subtract-"));
const client = new RenderClient();
afterAll(async () => {
  client.close();
  await rm(folder, { recursive: true });
});

test("the render thread subtracts one frame of a file from another", async () => {
  const path = join(folder, "run");
  await Bun.write(path, new Uint8Array([...bones, ...vessel].flatMap((v) => [v & 255, v >> 8])));
  const png = await client.render({
    path,
    pixelOffset: 0,
    columns: COLUMNS,
    rows: ROWS,
    samples: 1,
    bitsAllocated: 16,
    bitsStored: 14,
    frame: 1,
    invert: false,
    subtraction: { frame: 0, shift: STAY, linear: true },
  });
  const { data } = await sharp(png).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  expect(data[5 * COLUMNS + 3]).toBeGreaterThan(126);
  expect(data[5 * COLUMNS + 3]).toBeLessThan(130);
  expect(data[12 * COLUMNS + 3]).toBeLessThan(12);
  expect(data[12 * COLUMNS + 29]).toBeLessThan(12);
});
