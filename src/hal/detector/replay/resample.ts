// Fits a picture into the panel's geometry, aspect kept: averages over areas where it shrinks,
// interpolates where it grows, fills what is left over.

/** For each output position: first source position and weights from there on. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: readonly Float32Array[];
}

function taps(from: number, to: number): Taps {
  const first = new Int32Array(to);
  const weights: Float32Array[] = [];
  const step = from / to;
  for (let i = 0; i < to; i++) {
    if (step > 1) {
      const start = i * step;
      const end = Math.min(from, start + step);
      const low = Math.floor(start);
      const high = Math.min(from, Math.ceil(end - 1e-9));
      const w = new Float32Array(high - low);
      for (let k = low; k < high; k++)
        w[k - low] = (Math.min(end, k + 1) - Math.max(start, k)) / (end - start);
      first[i] = low;
      weights.push(w);
    } else {
      const middle = Math.min(from - 1, Math.max(0, (i + 0.5) * step - 0.5));
      const low = Math.min(Math.floor(middle), Math.max(0, from - 2));
      const part = middle - low;
      first[i] = low;
      weights.push(from === 1 ? Float32Array.of(1) : Float32Array.of(1 - part, part));
    }
  }
  return { first, weights };
}

/**
 * Fits `source` into `into`, centred; the rest of `into` gets `fill`.
 * @param source values of `columns` × `rows` pixels
 */
export function fitInto(
  source: Float32Array,
  columns: number,
  rows: number,
  into: Uint16Array,
  intoColumns: number,
  intoRows: number,
  fill: number,
): void {
  const scale = Math.min(intoColumns / columns, intoRows / rows);
  const width = Math.min(intoColumns, Math.max(1, Math.round(columns * scale)));
  const height = Math.min(intoRows, Math.max(1, Math.round(rows * scale)));
  const left = (intoColumns - width) >> 1;
  const top = (intoRows - height) >> 1;
  if (width < intoColumns || height < intoRows) into.fill(fill);

  const across = taps(columns, width);
  const narrow = new Float32Array(width * rows);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < width; x++) {
      const at = y * columns + (across.first[x] as number);
      const w = across.weights[x] as Float32Array;
      let sum = 0;
      for (let k = 0; k < w.length; k++) sum += (source[at + k] as number) * (w[k] as number);
      narrow[y * width + x] = sum;
    }

  const down = taps(rows, height);
  const line = new Float32Array(width);
  for (let y = 0; y < height; y++) {
    const w = down.weights[y] as Float32Array;
    line.fill(0.5);
    for (let k = 0; k < w.length; k++) {
      const weight = w[k] as number;
      const at = ((down.first[y] as number) + k) * width;
      for (let x = 0; x < width; x++)
        line[x] = (line[x] as number) + (narrow[at + x] as number) * weight;
    }
    into.set(line, (top + y) * intoColumns + left);
  }
}
