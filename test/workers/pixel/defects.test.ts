// The list of defects: good neighbours on both sides, reached over lines and clusters.

import { expect, test } from "bun:test";
import { listDefects } from "../../../src/workers/pixel/defects.ts";

const COLUMNS = 20;
const ROWS = 16;

interface Entry {
  readonly pixel: number;
  /** Neighbour and weight, those of weight 0 left out. */
  readonly from: readonly (readonly [number, number])[];
}

function list(defective: readonly number[]): Entry[] {
  const map = new Uint16Array(COLUMNS * ROWS);
  for (const pixel of defective) map[pixel] = 1;
  const records = new Uint32Array(8 * 400);
  const count = listDefects(map, COLUMNS, ROWS, records);
  return Array.from({ length: count ?? -1 }, (_, i) => {
    const r = [...records.subarray(i * 8, i * 8 + 8)];
    const [pixel = 0, a = 0, b = 0, c = 0, d = 0, low = 0, high = 0] = r;
    const weights = [low & 0xffff, low >>> 16, high & 0xffff, high >>> 16];
    expect(weights.reduce((sum, w) => sum + w, 0)).toBe(32768);
    const from = [a, b, c, d].map((n, j) => [n, weights[j] ?? 0] as const);
    return { pixel, from: from.filter(([, weight]) => weight > 0) };
  });
}

const at = (x: number, y: number) => y * COLUMNS + x;
const pixels = (entry: Entry | undefined) => entry?.from.map(([n]) => n).sort((a, b) => a - b);

test("a single dead pixel is the mean of its four neighbours", () => {
  const [entry] = list([at(5, 5)]);
  expect(pixels(entry)).toEqual([at(5, 4), at(4, 5), at(6, 5), at(5, 6)]);
  expect(entry?.from.map(([, weight]) => weight)).toEqual([8192, 8192, 8192, 8192]);
});

test("a dead column is bridged across, not along", () => {
  const entries = list(Array.from({ length: ROWS }, (_, y) => at(7, y)));
  expect(entries).toHaveLength(ROWS);
  for (const [y, entry] of entries.entries()) expect(pixels(entry)).toEqual([at(6, y), at(8, y)]);
});

test("in a double column the nearer side weighs more", () => {
  const entries = list(Array.from({ length: ROWS }, (_, y) => [at(7, y), at(8, y)]).flat());
  expect(entries[0]?.from).toEqual([
    [at(9, 0), Math.round(32768 / 3)],
    [at(6, 0), Math.round(65536 / 3)],
  ]);
});

test("a cluster takes only good pixels around it", () => {
  const cluster = [at(5, 5), at(6, 5), at(5, 6), at(6, 6), at(7, 6)];
  for (const entry of list(cluster))
    for (const [neighbour] of entry.from) expect(cluster).not.toContain(neighbour);
});

test("corners and edges take what there is inside", () => {
  const corners = [at(0, 0), at(COLUMNS - 1, 0), at(0, ROWS - 1), at(COLUMNS - 1, ROWS - 1)];
  for (const entry of list(corners)) {
    expect(entry.from.length).toBeGreaterThan(0);
    for (const [neighbour] of entry.from) expect(corners).not.toContain(neighbour);
  }
  expect(pixels(list([at(0, 5)])[0])).toEqual([at(0, 4), at(0, 6)]);
});

test("the list is sorted by pixel, so that bands can be cut out of it", () => {
  const entries = list([at(9, 9), at(1, 1), at(4, 15), at(0, 3)]);
  expect(entries.map((e) => e.pixel)).toEqual([at(1, 1), at(0, 3), at(9, 9), at(4, 15)]);
});

test("more defects than there is room for, or nothing good at all, is no list", () => {
  const map = new Uint16Array(100).fill(1);
  map[0] = 0;
  expect(listDefects(map, 10, 10, new Uint32Array(8 * 20))).toBeNull();
  expect(listDefects(new Uint16Array(100).fill(1), 10, 10, new Uint32Array(8000))).toBeNull();
});
