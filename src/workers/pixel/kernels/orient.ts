// The eight orientations. Source rows rowFrom … rowTo are moved to where they belong in the whole
// destination, so bands may run side by side.

/** Rows stay rows: left and right, top and bottom may change places. */
export function mirror(
  source: usize,
  out: usize,
  columns: i32,
  rows: i32,
  rowFrom: i32,
  rowTo: i32,
  leftRight: bool,
  topBottom: bool,
): void {
  const rowBytes = (<usize>columns) << 1;
  for (let y = rowFrom; y < rowTo; y++) {
    const from = source + <usize>y * rowBytes;
    const to = out + <usize>(topBottom ? rows - 1 - y : y) * rowBytes;
    if (!leftRight) {
      memory.copy(to, from, rowBytes);
      continue;
    }
    let x = 0;
    for (; x + 8 <= columns; x += 8) {
      const v = v128.load(from + ((<usize>x) << 1));
      const turned = i16x8.shuffle(v, v, 7, 6, 5, 4, 3, 2, 1, 0);
      v128.store(to + ((<usize>(columns - 8 - x)) << 1), turned);
    }
    for (; x < columns; x++)
      store<u16>(to + ((<usize>(columns - 1 - x)) << 1), load<u16>(from + ((<usize>x) << 1)));
  }
}

/** Rows of a block that fill a cache line of the destination: 32 pixels of 2 bytes. */
const BLOCK_ROWS: i32 = 32;
/** Columns of a panel: so many rows, and memory pages, of the destination are written at a time. */
const PANEL_COLUMNS: i32 = 64;

/**
 * Rows become columns: source (x, y) goes to column y (or rows − 1 − y where `reverseColumns`) of row
 * x (or columns − 1 − x where `reverseRows`). Done in 8 × 8 tiles in registers.
 */
export function transpose(
  source: usize,
  out: usize,
  columns: i32,
  rows: i32,
  rowFrom: i32,
  rowTo: i32,
  reverseColumns: bool,
  reverseRows: bool,
): void {
  for (let panel = 0; panel < columns; panel += PANEL_COLUMNS) {
    const panelEnd = min(panel + PANEL_COLUMNS, columns);
    for (let block = rowFrom; block < rowTo; block += BLOCK_ROWS) {
      const blockEnd = min(block + BLOCK_ROWS, rowTo);
      let x = panel;
      for (; x + 8 <= panelEnd; x += 8) {
        let y = block;
        for (; y + 8 <= blockEnd; y += 8)
          tile(source, out, columns, rows, x, y, reverseColumns, reverseRows);
        for (; y < blockEnd; y++)
          for (let i = 0; i < 8; i++)
            one(source, out, columns, rows, x + i, y, reverseColumns, reverseRows);
      }
      for (; x < panelEnd; x++)
        for (let y = block; y < blockEnd; y++)
          one(source, out, columns, rows, x, y, reverseColumns, reverseRows);
    }
  }
}

function one(
  source: usize,
  out: usize,
  columns: i32,
  rows: i32,
  x: i32,
  y: i32,
  reverseColumns: bool,
  reverseRows: bool,
): void {
  const column = reverseColumns ? rows - 1 - y : y;
  const row = reverseRows ? columns - 1 - x : x;
  store<u16>(
    out + ((<usize>(row * rows + column)) << 1),
    load<u16>(source + ((<usize>(y * columns + x)) << 1)),
  );
}

function tile(
  source: usize,
  out: usize,
  columns: i32,
  rows: i32,
  x: i32,
  y: i32,
  reverseColumns: bool,
  reverseRows: bool,
): void {
  const rowBytes = (<usize>columns) << 1;
  let from = source + ((<usize>((reverseColumns ? y + 7 : y) * columns + x)) << 1);
  const step: usize = reverseColumns ? 0 - rowBytes : rowBytes;
  const r0 = v128.load(from);
  from += step;
  const r1 = v128.load(from);
  from += step;
  const r2 = v128.load(from);
  from += step;
  const r3 = v128.load(from);
  from += step;
  const r4 = v128.load(from);
  from += step;
  const r5 = v128.load(from);
  from += step;
  const r6 = v128.load(from);
  from += step;
  const r7 = v128.load(from);

  const a0 = i16x8.shuffle(r0, r1, 0, 8, 1, 9, 2, 10, 3, 11);
  const a1 = i16x8.shuffle(r0, r1, 4, 12, 5, 13, 6, 14, 7, 15);
  const a2 = i16x8.shuffle(r2, r3, 0, 8, 1, 9, 2, 10, 3, 11);
  const a3 = i16x8.shuffle(r2, r3, 4, 12, 5, 13, 6, 14, 7, 15);
  const a4 = i16x8.shuffle(r4, r5, 0, 8, 1, 9, 2, 10, 3, 11);
  const a5 = i16x8.shuffle(r4, r5, 4, 12, 5, 13, 6, 14, 7, 15);
  const a6 = i16x8.shuffle(r6, r7, 0, 8, 1, 9, 2, 10, 3, 11);
  const a7 = i16x8.shuffle(r6, r7, 4, 12, 5, 13, 6, 14, 7, 15);

  const b0 = i32x4.shuffle(a0, a2, 0, 4, 1, 5);
  const b1 = i32x4.shuffle(a0, a2, 2, 6, 3, 7);
  const b2 = i32x4.shuffle(a1, a3, 0, 4, 1, 5);
  const b3 = i32x4.shuffle(a1, a3, 2, 6, 3, 7);
  const b4 = i32x4.shuffle(a4, a6, 0, 4, 1, 5);
  const b5 = i32x4.shuffle(a4, a6, 2, 6, 3, 7);
  const b6 = i32x4.shuffle(a5, a7, 0, 4, 1, 5);
  const b7 = i32x4.shuffle(a5, a7, 2, 6, 3, 7);

  const outBytes = (<usize>rows) << 1;
  const column = reverseColumns ? rows - 8 - y : y;
  let to = out + ((<usize>((reverseRows ? columns - 1 - x : x) * rows + column)) << 1);
  const next: usize = reverseRows ? 0 - outBytes : outBytes;
  v128.store(to, i64x2.shuffle(b0, b4, 0, 2));
  to += next;
  v128.store(to, i64x2.shuffle(b0, b4, 1, 3));
  to += next;
  v128.store(to, i64x2.shuffle(b1, b5, 0, 2));
  to += next;
  v128.store(to, i64x2.shuffle(b1, b5, 1, 3));
  to += next;
  v128.store(to, i64x2.shuffle(b2, b6, 0, 2));
  to += next;
  v128.store(to, i64x2.shuffle(b2, b6, 1, 3));
  to += next;
  v128.store(to, i64x2.shuffle(b3, b7, 0, 2));
  to += next;
  v128.store(to, i64x2.shuffle(b3, b7, 1, 3));
}
