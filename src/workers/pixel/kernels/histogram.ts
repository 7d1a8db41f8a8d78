// Histogram of a rectangle. Four tables are filled in turn, because equal neighbours in one table
// would wait for each other's store; they are added up at the end into the first.

/**
 * Adds to `bins`, which has room for 4 × 2^bits × u32; values beyond the last bin count in it.
 * `stride` is the distance of two rows in pixels.
 */
export function histogram(
  source: usize,
  stride: i32,
  columns: i32,
  rows: i32,
  bins: usize,
  bits: i32,
): void {
  const tableBytes: usize = (<usize>4) << bits;
  const last = ((<u32>1) << bits) - 1;
  const top = i16x8.splat(<i16>last);
  const second = bins + tableBytes;
  const third = second + tableBytes;
  const fourth = third + tableBytes;
  for (let y = 0; y < rows; y++) {
    let at = source + ((<usize>(y * stride)) << 1);
    const end = at + ((<usize>(columns & ~7)) << 1);
    while (at < end) {
      const v = i16x8.min_u(v128.load(at), top);
      const low = i64x2.extract_lane(v, 0);
      const high = i64x2.extract_lane(v, 1);
      count(bins, <u32>low & 0xffff);
      count(second, <u32>low >> 16);
      count(third, <u32>(<u64>low >> 32) & 0xffff);
      count(fourth, <u32>(<u64>low >> 48));
      count(bins, <u32>high & 0xffff);
      count(second, <u32>high >> 16);
      count(third, <u32>(<u64>high >> 32) & 0xffff);
      count(fourth, <u32>(<u64>high >> 48));
      at += 16;
    }
    for (let x = columns & ~7; x < columns; x++) {
      count(bins, min<u32>(load<u16>(at), last));
      at += 2;
    }
  }
}

/** Adds the second to fourth table up into the first. */
export function foldHistogram(bins: usize, bits: i32): void {
  const tableBytes: usize = (<usize>4) << bits;
  for (let table: usize = 1; table < 4; table++)
    addUp(bins, bins + table * tableBytes, (<i32>1) << bits);
}

/** Adds the u32 table `more` to `sums`; `count` is a multiple of 4. */
export function addUp(sums: usize, more: usize, count: i32): void {
  for (let i = 0; i < count; i += 4) {
    v128.store(sums, i32x4.add(v128.load(sums), v128.load(more)));
    sums += 16;
    more += 16;
  }
}

function count(table: usize, bin: u32): void {
  const at = table + ((<usize>bin) << 2);
  store<u32>(at, load<u32>(at) + 1);
}
