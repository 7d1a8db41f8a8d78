// The layout of the shared memory: nothing overlaps, everything is where vectors want it.

import { expect, test } from "bun:test";
import { slotPoolBytes } from "../../../src/core/slot-pool.ts";
import { GAIN_TABLES_BYTES } from "../../../src/workers/pixel/enhancement-tables.ts";
import {
  DEFECT_RECORD_BYTES,
  HISTOGRAM_BINS,
  KERNEL_DATA_BYTES,
  memoryMap,
} from "../../../src/workers/pixel/memory-map.ts";
import { pyramidBytes } from "../../../src/workers/pixel/pyramid.ts";

const MODES = [
  { columns: 2688, rows: 2688, bitsStored: 14 },
  { columns: 1344, rows: 1344, bitsStored: 14 },
  { columns: 333, rows: 77, bitsStored: 16 },
];

test("areas lie behind each other on 64-byte borders, from the kernels' page to the end", () => {
  const map = memoryMap(MODES, 3);
  const pool = (p: typeof map.raw) => [p.base, slotPoolBytes(p.slots, p.slotBytes)] as const;
  const areas = [
    pool(map.raw),
    pool(map.image),
    pool(map.display),
    ...map.modes.flatMap((mode) => {
      const bytes = mode.columns * mode.rows * 2;
      return [
        [mode.offset, bytes],
        [mode.gain, bytes],
        [mode.defects, mode.defectsMax * DEFECT_RECORD_BYTES],
      ] as const;
    }),
    [map.work, 2688 * 2688 * 2] as const,
    [map.preview, 256 * 256 * 2] as const,
    [map.mask, 256 * 256] as const,
    [map.curve, 65536 * 2] as const,
    [map.levels, 65536] as const,
    ...map.history.map((base) => [base, 2688 * 2688 * 2] as const),
    [map.enhancement.pyramid, pyramidBytes(2688, 2688)] as const,
    [map.enhancement.tones, 65536 * 2] as const,
    [map.enhancement.gains, GAIN_TABLES_BYTES] as const,
    ...map.scratch.map((base) => [base, 4 * HISTOGRAM_BINS * 4] as const),
  ].sort(([a], [b]) => a - b);
  let end = KERNEL_DATA_BYTES;
  for (const [base, bytes] of areas) {
    expect(base % 64).toBe(0);
    expect(base).toBeGreaterThanOrEqual(end);
    end = base + bytes;
  }
  expect(map.totalBytes).toBeGreaterThanOrEqual(end);
  expect(map.scratch).toHaveLength(3);
});

test("a slot holds the largest mode, and the standard panel fits with room to spare", () => {
  const map = memoryMap(MODES, 2);
  expect(map.raw.slotBytes).toBe(2688 * 2688 * 2);
  expect(map.display.slotBytes).toBe(2688 * 2688);
  expect(map.totalBytes).toBeLessThan(512 * 2 ** 20);
});

test("more than 4 GiB is refused", () => {
  const slots = { raw: 300, image: 6, display: 4 };
  expect(() => memoryMap(MODES, 2, slots)).toThrow(/ask for fewer/);
});
