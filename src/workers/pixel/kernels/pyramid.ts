// The Laplacian pyramid of radiographs (Burt and Adelson 1983), values 0 … 32767 in 16 bits. Low passes are
// 1-4-6-4-1 by rounded averages of two, so that no sum outgrows its lane. A detail, the difference of a
// picture and its enlarged half, is never kept but made again where it is wanted. Bands of rows may be worked
// on side by side; every kernel needs up to four lines of working space, see LINE_MARGIN.

/** Room before a line's first pixel and, at least, after its last: vectors and repeated ends. */
const LINE_MARGIN: i32 = 32;
/** Gains are 4.12 fixed point. */
const GAIN_BITS: i32 = 12;
const GAIN_HALF: i32 = 1 << (GAIN_BITS - 1);

function lineAt(lines: usize, columns: i32, index: i32): usize {
  const bytes = (columns + 3 * LINE_MARGIN) << 1;
  return lines + <usize>(bytes * index) + ((<usize>LINE_MARGIN) << 1);
}

/** Repeats the first and the last of `count` pixels twice beyond the ends. */
function repeatEnds(line: usize, count: i32): void {
  const first = load<u16>(line);
  store<u16>(line - 2, first);
  store<u16>(line - 4, first);
  const end = line + ((<usize>count) << 1);
  const last = load<u16>(end - 2);
  store<u16>(end, last);
  store<u16>(end, last, 2);
}

/** (a + 6c + b) / 8 */
function middle(a: v128, c: v128, b: v128): v128 {
  return i16x8.avgr_u(c, i16x8.avgr_u(i16x8.avgr_u(a, b), c));
}

/** (a + 4b + 6c + 4d + e) / 16 */
function five(a: v128, b: v128, c: v128, d: v128, e: v128): v128 {
  const outer = i16x8.avgr_u(a, e);
  return i16x8.avgr_u(i16x8.avgr_u(b, d), i16x8.avgr_u(c, i16x8.avgr_u(outer, c)));
}

function even(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
}

function odd(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}

/** Low pass and every second column and row. `outStride` is a multiple of 8: whole vectors are written. */
export function reduce(
  source: usize,
  stride: i32,
  columns: i32,
  rows: i32,
  out: usize,
  outStride: i32,
  rowFrom: i32,
  rowTo: i32,
  lines: usize,
): void {
  const line = lineAt(lines, columns, 0);
  const rowBytes = (<usize>stride) << 1;
  const outColumns = (columns + 1) >> 1;
  const last = rows - 1;
  for (let row = rowFrom; row < rowTo; row++) {
    const y = row << 1;
    let a = source + <usize>max(y - 2, 0) * rowBytes;
    let b = source + <usize>max(y - 1, 0) * rowBytes;
    let c = source + <usize>y * rowBytes;
    let d = source + <usize>min(y + 1, last) * rowBytes;
    let e = source + <usize>min(y + 2, last) * rowBytes;
    for (let x = 0; x < columns; x += 8) {
      v128.store(
        line + ((<usize>x) << 1),
        five(v128.load(a), v128.load(b), v128.load(c), v128.load(d), v128.load(e)),
      );
      a += 16;
      b += 16;
      c += 16;
      d += 16;
      e += 16;
    }
    repeatEnds(line, columns);
    let from = line;
    let to = out + ((<usize>(row * outStride)) << 1);
    for (let x = 0; x < outColumns; x += 8) {
      const here = v128.load(from);
      const next = v128.load(from, 16);
      const before = v128.load(from - 4);
      const beforeNext = v128.load(from + 12);
      const after = even(v128.load(from, 4), v128.load(from, 20));
      v128.store(
        to,
        five(
          even(before, beforeNext),
          odd(before, beforeNext),
          even(here, next),
          odd(here, next),
          after,
        ),
      );
      from += 32;
      to += 16;
    }
  }
}

/** Row `y` of the enlarged half into the line `out`, by way of the line `space`. */
function enlargeRow(
  half: usize,
  stride: i32,
  columns: i32,
  rows: i32,
  y: i32,
  space: usize,
  out: usize,
): void {
  const rowBytes = (<usize>stride) << 1;
  const row = y >> 1;
  const here = half + <usize>row * rowBytes;
  const below = half + <usize>min(row + 1, rows - 1) * rowBytes;
  const bytes = (<usize>columns) << 1;
  if (y & 1) {
    for (let x: usize = 0; x < bytes; x += 16)
      v128.store(space + x, i16x8.avgr_u(v128.load(here + x), v128.load(below + x)));
  } else {
    const above = half + <usize>max(row - 1, 0) * rowBytes;
    for (let x: usize = 0; x < bytes; x += 16)
      v128.store(
        space + x,
        middle(v128.load(above + x), v128.load(here + x), v128.load(below + x)),
      );
  }
  repeatEnds(space, columns);
  for (let x: usize = 0; x < bytes; x += 16) {
    const c = v128.load(space + x);
    const b = v128.load(space + x + 2);
    const evens = middle(v128.load(space + x - 2), c, b);
    const odds = i16x8.avgr_u(c, b);
    v128.store(out + (x << 1), i16x8.shuffle(evens, odds, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(out + (x << 1), i16x8.shuffle(evens, odds, 4, 12, 5, 13, 6, 14, 7, 15), 16);
  }
}

/** The same for gains, which are drawn out linearly. */
function gainRow(
  gains: usize,
  stride: i32,
  columns: i32,
  rows: i32,
  y: i32,
  space: usize,
  out: usize,
): void {
  const rowBytes = (<usize>stride) << 1;
  const row = y >> 1;
  const here = gains + <usize>row * rowBytes;
  const other = y & 1 ? gains + <usize>min(row + 1, rows - 1) * rowBytes : here;
  const bytes = (<usize>columns) << 1;
  for (let x: usize = 0; x < bytes; x += 16)
    v128.store(space + x, i16x8.avgr_u(v128.load(here + x), v128.load(other + x)));
  repeatEnds(space, columns);
  for (let x: usize = 0; x < bytes; x += 16) {
    const c = v128.load(space + x);
    const between = i16x8.avgr_u(c, v128.load(space + x + 2));
    v128.store(out + (x << 1), i16x8.shuffle(c, between, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(out + (x << 1), i16x8.shuffle(c, between, 4, 12, 5, 13, 6, 14, 7, 15), 16);
  }
}

/**
 * How much is going on in the detail of a picture: for each pixel of its half the sum of the four
 * amounts of detail, at most 65535. A last odd column or row counts twice.
 */
export function activity(
  source: usize,
  stride: i32,
  columns: i32,
  rows: i32,
  half: usize,
  halfStride: i32,
  out: usize,
  rowFrom: i32,
  rowTo: i32,
  lines: usize,
): void {
  const halfColumns = (columns + 1) >> 1;
  const halfRows = (rows + 1) >> 1;
  const space = lineAt(lines, columns, 0);
  const first = lineAt(lines, columns, 1);
  const second = lineAt(lines, columns, 2);
  const rowBytes = (<usize>stride) << 1;
  for (let row = rowFrom; row < rowTo; row++) {
    const y = row << 1;
    enlargeRow(half, halfStride, halfColumns, halfRows, y, space, first);
    enlargeRow(half, halfStride, halfColumns, halfRows, y + 1, space, second);
    const a = source + <usize>y * rowBytes;
    const b = source + <usize>min(y + 1, rows - 1) * rowBytes;
    const to = out + ((<usize>(row * halfStride)) << 1);
    const bytes = (<usize>columns) << 1;
    for (let x: usize = 0; x < bytes; x += 32) {
      const left = i16x8.add(
        i16x8.abs(i16x8.sub(v128.load(a + x), v128.load(first + x))),
        i16x8.abs(i16x8.sub(v128.load(b + x), v128.load(second + x))),
      );
      const right = i16x8.add(
        i16x8.abs(i16x8.sub(v128.load(a + x, 16), v128.load(first + x, 16))),
        i16x8.abs(i16x8.sub(v128.load(b + x, 16), v128.load(second + x, 16))),
      );
      v128.store(
        to + (x >> 1),
        i16x8.narrow_i32x4_u(
          i32x4.extadd_pairwise_i16x8_u(left),
          i32x4.extadd_pairwise_i16x8_u(right),
        ),
      );
    }
    if (columns & 1) {
      const x = (<usize>(columns - 1)) << 1;
      const sum =
        abs<i32>(<i32>load<u16>(a + x) - <i32>load<u16>(first + x)) +
        abs<i32>(<i32>load<u16>(b + x) - <i32>load<u16>(second + x));
      store<u16>(to + ((<usize>(halfColumns - 1)) << 1), <u16>min<i32>(2 * sum, 65535));
    }
  }
}

/** Place of an activity on a scale of 8 steps an octave: 0 … 111. */
function place(amount: u32): u32 {
  const shift = <u32>max<i32>(28 - clz<i32>(<i32>amount), 0);
  return (shift << 3) + (amount >> shift);
}

/**
 * The gain of the detail round each pixel of the half: the activity is smoothed (1-2-1 both ways), and
 * `table` says what it is worth at that level: 64 levels × 128 places, u16.
 */
export function gains(
  amounts: usize,
  levels: usize,
  stride: i32,
  columns: i32,
  rows: i32,
  table: usize,
  out: usize,
  rowFrom: i32,
  rowTo: i32,
  lines: usize,
): void {
  const line = lineAt(lines, columns, 0);
  const smooth = lineAt(lines, columns, 1);
  const rowBytes = (<usize>stride) << 1;
  const bytes = (<usize>columns) << 1;
  for (let row = rowFrom; row < rowTo; row++) {
    const above = amounts + <usize>max(row - 1, 0) * rowBytes;
    const here = amounts + <usize>row * rowBytes;
    const below = amounts + <usize>min(row + 1, rows - 1) * rowBytes;
    for (let x: usize = 0; x < bytes; x += 16)
      v128.store(
        line + x,
        i16x8.avgr_u(i16x8.avgr_u(v128.load(above + x), v128.load(below + x)), v128.load(here + x)),
      );
    repeatEnds(line, columns);
    for (let x: usize = 0; x < bytes; x += 16)
      v128.store(
        smooth + x,
        i16x8.avgr_u(
          i16x8.avgr_u(v128.load(line + x - 2), v128.load(line + x + 2)),
          v128.load(line + x),
        ),
      );
    const level = levels + <usize>row * rowBytes;
    const to = out + <usize>row * rowBytes;
    for (let x: usize = 0; x < bytes; x += 2) {
      const entry = ((<u32>load<u16>(level + x) >> 9) << 7) + place(load<u16>(smooth + x));
      store<u16>(to + x, load<u16>(table + ((<usize>entry) << 1)));
    }
  }
}

/**
 * Puts a picture together again: the enlarged half as it has become (`rebuilt`), plus the detail of the
 * picture (its difference to its enlarged `half`) times its gain, held to 0 … 32767. Where `factor` is
 * not 0 the result becomes a stored value: (min(value − low, span) · factor + half) >> shift. `out` may
 * be `source`.
 */
export function rebuild(
  source: usize,
  stride: i32,
  columns: i32,
  rows: i32,
  half: usize,
  rebuilt: usize,
  gain: usize,
  halfStride: i32,
  out: usize,
  outStride: i32,
  rowFrom: i32,
  rowTo: i32,
  low: i32,
  span: i32,
  factor: i32,
  shift: i32,
  lines: usize,
): void {
  const halfColumns = (columns + 1) >> 1;
  const halfRows = (rows + 1) >> 1;
  const space = lineAt(lines, columns, 0);
  const before = lineAt(lines, columns, 1);
  const after = lineAt(lines, columns, 2);
  const weight = lineAt(lines, columns, 3);
  const bytes = (<usize>columns) << 1;
  const rounding = i32x4.splat(GAIN_HALF);
  const zero = i16x8.splat(0);
  for (let row = rowFrom; row < rowTo; row++) {
    enlargeRow(half, halfStride, halfColumns, halfRows, row, space, before);
    enlargeRow(rebuilt, halfStride, halfColumns, halfRows, row, space, after);
    gainRow(gain, halfStride, halfColumns, halfRows, row, space, weight);
    const from = source + ((<usize>(row * stride)) << 1);
    for (let x: usize = 0; x < bytes; x += 16) {
      const detail = i16x8.sub(v128.load(from + x), v128.load(before + x));
      const w = v128.load(weight + x);
      const weighted = i16x8.narrow_i32x4_s(
        i32x4.shr_s(i32x4.add(i32x4.extmul_low_i16x8_s(detail, w), rounding), GAIN_BITS),
        i32x4.shr_s(i32x4.add(i32x4.extmul_high_i16x8_s(detail, w), rounding), GAIN_BITS),
      );
      const sum = i16x8.max_s(i16x8.add_sat_s(v128.load(after + x), weighted), zero);
      v128.store(after + x, sum);
    }
    if (factor !== 0) store16(after, bytes, low, span, factor, shift);
    memory.copy(out + ((<usize>(row * outStride)) << 1), after, bytes);
  }
}

/** A line's values to stored ones. */
function store16(line: usize, bytes: usize, low: i32, span: i32, factor: i32, shift: i32): void {
  const lows = i16x8.splat(<i16>low);
  const spans = i16x8.splat(<i16>span);
  const factors = i16x8.splat(<i16>factor);
  const rounding = i32x4.splat((<i32>1) << (shift - 1));
  for (let x: usize = 0; x < bytes; x += 16) {
    const t = i16x8.min_u(i16x8.sub_sat_u(v128.load(line + x), lows), spans);
    const value = i16x8.narrow_i32x4_u(
      i32x4.shr_u(i32x4.add(i32x4.extmul_low_i16x8_u(t, factors), rounding), shift),
      i32x4.shr_u(i32x4.add(i32x4.extmul_high_i16x8_u(t, factors), rounding), shift),
    );
    v128.store(line + x, value);
  }
}
