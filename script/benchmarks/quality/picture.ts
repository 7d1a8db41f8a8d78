// A picture as the measures take it: values of any scale in rows.

export interface Picture {
  readonly pixels: ArrayLike<number>;
  readonly columns: number;
  readonly rows: number;
}

/** A part of a picture; it lies within it. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
}

/** A copy of a part. */
export function cut({ pixels, columns: stride }: Picture, part: Part) {
  const out = new Float64Array(part.columns * part.rows);
  for (let y = 0; y < part.rows; y++)
    for (let x = 0; x < part.columns; x++)
      out[y * part.columns + x] = pixels[(part.top + y) * stride + part.left + x] ?? 0;
  return { pixels: out, columns: part.columns, rows: part.rows };
}

export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum / values.length;
}

/** The curve's value at `at`, between its points; `x` grows. */
export function interpolated(x: ArrayLike<number>, y: ArrayLike<number>, at: number): number {
  let i = 1;
  while (i < x.length - 1 && (x[i] ?? 0) < at) i++;
  const [x0 = 0, x1 = 1] = [x[i - 1], x[i]];
  const [y0 = 0, y1 = 0] = [y[i - 1], y[i]];
  return y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
}

/** Values below which a part `low` and a part `high` of a picture (or of a part of it) lie. */
export function quantiles(
  picture: Picture,
  low: number,
  high: number,
  part?: Part,
): { low: number; high: number } {
  const { pixels } = part === undefined ? picture : cut(picture, part);
  const sorted = Float64Array.from(pixels).sort();
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return { low: at(low), high: Math.max(at(high), at(low) + 1) };
}
