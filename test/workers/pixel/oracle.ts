// The kernels said again in plain JavaScript, one pixel at a time, for comparison. Nothing here is
// shared with the code under test.

export interface Frame {
  readonly pixels: Uint16Array;
  readonly columns: number;
  readonly rows: number;
}

export function correct(raw: number, offset: number, gain: number): number {
  const difference = Math.max(0, raw - offset);
  return Math.min(65535, Math.floor((difference * gain) / 32768 + 0.5));
}

/**
 * PS3.3 C.11.2.1.2.1 as it is printed there, for outputs 0 to 255, before rounding; in floating point, so
 * right to some 1e-12.
 */
export function windowFormula(x: number, c: number, w: number): number {
  const [yMin, yMax] = [0, 255];
  if (x <= c - 0.5 - (w - 1) / 2) return yMin;
  if (x > c - 0.5 + (w - 1) / 2) return yMax;
  return ((x - (c - 0.5)) / (w - 1) + 0.5) * (yMax - yMin) + yMin;
}

/** The same rounded half up, in whole numbers: center and width have at most two decimals. */
export function windowed(x: number, c: number, w: number): number {
  const center = BigInt(Math.round(c * 100));
  const lessOne = BigInt(Math.round(w * 100)) - 100n;
  const twice = 2n * (BigInt(x) * 100n - center) + 100n;
  if (twice <= -lessOne) return 0;
  if (twice > lessOne) return 255;
  return Number((255n * twice + 256n * lessOne) / (2n * lessOne));
}

/** One clockwise quarter turn. */
function quarterTurn({ pixels, columns, rows }: Frame): Frame {
  const turned = new Uint16Array(pixels.length);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++)
      turned[x * rows + (rows - 1 - y)] = pixels[y * columns + x] ?? 0;
  return { pixels: turned, columns: rows, rows: columns };
}

export function orient(frame: Frame, rotate: number, flip: boolean): Frame {
  let result = frame;
  for (let angle = 0; angle < rotate; angle += 90) result = quarterTurn(result);
  if (!flip) return result;
  const { pixels, columns, rows } = result;
  const mirrored = new Uint16Array(pixels.length);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++)
      mirrored[y * columns + (columns - 1 - x)] = pixels[y * columns + x] ?? 0;
  return { pixels: mirrored, columns, rows };
}

export function shrink({ pixels, columns, rows }: Frame, factor: number): Uint16Array {
  const out: number[] = [];
  for (let top = 0; top < rows; top += factor)
    for (let left = 0; left < columns; left += factor) {
      let sum = 0;
      let area = 0;
      for (let y = top; y < Math.min(rows, top + factor); y++)
        for (let x = left; x < Math.min(columns, left + factor); x++) {
          sum += pixels[y * columns + x] ?? 0;
          area++;
        }
      out.push(Math.floor(sum / area + 0.5));
    }
  return Uint16Array.from(out);
}

/** Halving repeats the last row or column of an odd frame, which is the same average. */
export const halve = (frame: Frame) => shrink(frame, 2);

/** Sums of frames and squares of the differences of those that follow each other. */
export function accumulated(frames: readonly Uint16Array[]): { sums: number[]; squares: number[] } {
  const sums = Array.from(frames[0] ?? [], (_, i) =>
    frames.reduce((sum, frame) => sum + (frame[i] ?? 0), 0),
  );
  const squares = sums.map((_, i) => {
    let sum = 0;
    for (let k = 1; k < frames.length; k++) {
      const d = Math.abs((frames[k]?.[i] ?? 0) - (frames[k - 1]?.[i] ?? 0));
      sum += Math.min(d, 4095) ** 2;
    }
    return sum;
  });
  return { sums, squares };
}
