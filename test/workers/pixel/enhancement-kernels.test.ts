// The kernels of the pyramid, bit by bit against their plain twins, whole and in bands, with planes that
// are part of a larger one.

import { afterEach, beforeAll, expect, test } from "bun:test";
import { Random } from "../../../src/core/random.ts";
import { type Bench, BUILD_TIME_MAX_MS, bench } from "./bench-memory.ts";
import type { Frame } from "./oracle.ts";
import * as oracle from "./pyramid-oracle.ts";

let b: Bench;
const random = new Random(20);

beforeAll(async () => {
  b = await bench();
}, BUILD_TIME_MAX_MS);

afterEach(() => {
  b.checkGuards();
  b.clear();
});

const SHAPES = [
  [2, 2],
  [7, 3],
  [8, 8],
  [17, 9],
  [31, 16],
  [67, 35],
  [150, 31],
] as const;
const TONE_MAX = 32767;

/** Neighbours alike, as in pictures, and leaps to the ends among them. */
function picture(columns: number, rows: number, most = TONE_MAX): Frame {
  let level = 9000;
  const pixels = Uint16Array.from({ length: columns * rows }, () => {
    if (random.chance(0.05))
      level = random.chance(0.5) ? random.pick([0, most]) : random.int(0, most);
    return Math.min(most, Math.max(0, level + random.int(-60, 60)));
  });
  return { pixels, columns, rows };
}

interface Put {
  readonly at: number;
  readonly stride: number;
  read(): Frame;
}

/** A plane with rows of whole vectors, what lies between them anything. */
function plane({ pixels, columns, rows }: Frame): Put {
  const stride = Math.ceil(columns / 8) * 8;
  const { at, view } = b.put16(Array.from({ length: stride * rows }, () => random.int(0, 65535)));
  for (let y = 0; y < rows; y++)
    view.set(pixels.subarray(y * columns, (y + 1) * columns), y * stride);
  const read = () => ({
    columns,
    rows,
    pixels: Uint16Array.from(
      { length: columns * rows },
      (_, i) => view[Math.floor(i / columns) * stride + (i % columns)] ?? 0,
    ),
  });
  return { at, stride, read };
}

const empty = (columns: number, rows: number) =>
  plane({ pixels: new Uint16Array(columns * rows), columns, rows });
const lines = (columns: number) => b.put16(new Uint16Array(4 * (columns + 96))).at;

/** The whole, and two bands, the second one first. */
function bands(rows: number): readonly (readonly (readonly [number, number])[])[] {
  const middle = Math.floor(rows / 2);
  return [
    [[0, rows]],
    [
      [middle, rows],
      [0, middle],
    ],
  ];
}

/** Runs the body for every shape and cut. */
function everywhere(
  of: (columns: number, rows: number) => number,
  body: (frame: Frame, cut: readonly (readonly [number, number])[]) => void,
): void {
  for (const [columns, rows] of SHAPES)
    for (const cut of bands(of(columns, rows))) {
      body(picture(columns, rows), cut);
      b.checkGuards();
      b.clear();
    }
}

const halfOf = (_: number, rows: number) => Math.ceil(rows / 2);

test("a picture is halved as its plain twin does", () => {
  everywhere(halfOf, (frame, cut) => {
    const want = oracle.reduce(frame);
    const [from, out] = [plane(frame), empty(want.columns, want.rows)];
    const { columns, rows } = frame;
    const space = lines(columns);
    for (const [top, end] of cut)
      b.kernels.reduce(from.at, from.stride, columns, rows, out.at, out.stride, top, end, space);
    expect(out.read()).toEqual(want);
  });
});

test("activity is the sum of four details as its plain twin finds it", () => {
  everywhere(halfOf, (frame, cut) => {
    const { columns, rows } = frame;
    const half = picture(Math.ceil(columns / 2), Math.ceil(rows / 2));
    const [from, small, out] = [plane(frame), plane(half), empty(half.columns, half.rows)];
    const space = lines(columns);
    for (const [top, end] of cut)
      b.kernels.activity(
        from.at,
        from.stride,
        columns,
        rows,
        small.at,
        small.stride,
        out.at,
        top,
        end,
        space,
      );
    expect(out.read()).toEqual(oracle.activity(frame, half));
  });
});

test("gains are looked up by level and smoothed activity as their plain twin does", () => {
  const table = Uint16Array.from({ length: 64 * 128 }, () => random.int(0, TONE_MAX));
  everywhere(
    (_, rows) => rows,
    (levels, cut) => {
      const { columns, rows } = levels;
      const amounts = picture(columns, rows, 65535);
      const [a, l, out] = [plane(amounts), plane(levels), empty(columns, rows)];
      const { at } = b.put16(table);
      const space = lines(columns);
      for (const [top, end] of cut)
        b.kernels.gains(a.at, l.at, l.stride, columns, rows, at, out.at, top, end, space);
      expect(out.read()).toEqual(oracle.gains(amounts, levels, table));
    },
  );
});

const STORED = [
  null,
  { low: 2048, span: 28672, factor: 37449, shift: 16 },
  { low: 2048, span: 28672, factor: 37304, shift: 22 },
  { low: 2048, span: 28672, factor: 37448, shift: 14 },
];
for (const stored of STORED)
  test(`a picture is rebuilt as its plain twin does, ${stored === null ? "as tones" : `by ${stored.factor} >> ${stored.shift}`}`, () => {
    everywhere(
      (_, rows) => rows,
      (frame, cut) => {
        const { columns, rows } = frame;
        const small = () => picture(Math.ceil(columns / 2), Math.ceil(rows / 2));
        const [half, rebuilt, gain] = [small(), small(), small()];
        const [from, h, r, g] = [plane(frame), plane(half), plane(rebuilt), plane(gain)];
        const out = b.put16(new Uint16Array(columns * rows));
        const space = lines(columns);
        const { low, span, factor, shift } = stored ?? { low: 0, span: 0, factor: 0, shift: 0 };
        for (const [top, end] of cut)
          b.kernels.rebuild(
            from.at,
            from.stride,
            columns,
            rows,
            h.at,
            r.at,
            g.at,
            h.stride,
            out.at,
            columns,
            top,
            end,
            low,
            span,
            factor,
            shift,
            space,
          );
        expect(out.view).toEqual(oracle.rebuild(frame, half, rebuilt, gain, stored).pixels);
      },
    );
  });

test("with every gain 1 a picture is rebuilt as it was", () => {
  everywhere(
    (_, rows) => rows,
    (frame, cut) => {
      const { columns, rows } = frame;
      const half = oracle.reduce(frame);
      const one = { ...half, pixels: half.pixels.map(() => 4096) };
      const [from, h, g] = [plane(frame), plane(half), plane(one)];
      const { at, stride } = from;
      const space = lines(columns);
      for (const [top, end] of cut)
        b.kernels.rebuild(
          at,
          stride,
          columns,
          rows,
          h.at,
          h.at,
          g.at,
          h.stride,
          at,
          stride,
          top,
          end,
          0,
          0,
          0,
          0,
          space,
        );
      expect(from.read()).toEqual(frame);
    },
  );
});
