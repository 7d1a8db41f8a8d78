// Smaller pictures by area averaging. The destination has ceil(columns / factor) × ceil(rows /
// factor) pixels; boxes that hang over the edge average what lies inside. Rounded half up.

/** Half the size. `source` is the first of `rows` whole rows. */
export function halve(source: usize, columns: i32, rows: i32, out: usize): void {
  const outColumns = (columns + 1) >> 1;
  const rowBytes = (<usize>columns) << 1;
  const two = i32x4.splat(2);
  for (let y = 0; y < rows; y += 2) {
    let a = source + <usize>y * rowBytes;
    let b = y + 1 < rows ? a + rowBytes : a;
    let to = out + ((<usize>((y >> 1) * outColumns)) << 1);
    let x = 0;
    for (; x + 16 <= columns; x += 16) {
      const low = i32x4.add(
        i32x4.extadd_pairwise_i16x8_u(v128.load(a)),
        i32x4.extadd_pairwise_i16x8_u(v128.load(b)),
      );
      const high = i32x4.add(
        i32x4.extadd_pairwise_i16x8_u(v128.load(a, 16)),
        i32x4.extadd_pairwise_i16x8_u(v128.load(b, 16)),
      );
      v128.store(
        to,
        i16x8.narrow_i32x4_u(
          i32x4.shr_u(i32x4.add(low, two), 2),
          i32x4.shr_u(i32x4.add(high, two), 2),
        ),
      );
      a += 32;
      b += 32;
      to += 16;
    }
    for (; x < columns; x += 2) {
      const right: usize = x + 1 < columns ? 2 : 0;
      const sum =
        <u32>load<u16>(a) +
        <u32>load<u16>(a + right) +
        <u32>load<u16>(b) +
        <u32>load<u16>(b + right);
      store<u16>(to, <u16>((sum + 2) >> 2));
      a += 4;
      b += 4;
      to += 2;
    }
  }
}

/** Any whole factor from 1 to 256. `source` is the first of `rows` whole rows. */
export function shrink(source: usize, columns: i32, rows: i32, out: usize, factor: i32): void {
  const rowBytes = (<usize>columns) << 1;
  for (let top = 0; top < rows; top += factor) {
    const height = min(factor, rows - top);
    for (let left = 0; left < columns; left += factor) {
      const width = min(factor, columns - left);
      let sums = i32x4.splat(0);
      let sum: u32 = 0;
      let row = source + <usize>top * rowBytes + ((<usize>left) << 1);
      for (let y = 0; y < height; y++) {
        let x = 0;
        for (; x + 8 <= width; x += 8)
          sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(v128.load(row + ((<usize>x) << 1))));
        for (; x < width; x++) sum += <u32>load<u16>(row + ((<usize>x) << 1));
        row += rowBytes;
      }
      sum +=
        i32x4.extract_lane(sums, 0) +
        i32x4.extract_lane(sums, 1) +
        i32x4.extract_lane(sums, 2) +
        i32x4.extract_lane(sums, 3);
      const area = <u32>(width * height);
      store<u16>(out, <u16>((<u64>sum + (area >> 1)) / area));
      out += 2;
    }
  }
}
