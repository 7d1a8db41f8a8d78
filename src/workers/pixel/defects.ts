// From a map of defective pixels to the list that the repair kernel walks: for every defect up to
// four good neighbours and their weights. Lines and clusters are reached over by looking further.

/** How far a good neighbour is looked for, pixels. */
export const REACH_MAX = 64;
/** A second line through the defect is used when its span is less than this times the shortest. */
const LONGER_MAX = Math.SQRT2;

const WEIGHT_ONE = 32768;
const RECORD_WORDS = 8;

/** Both ways along four lines; a step's length decides which is shortest. */
const DIRECTIONS = [
  { x: 1, y: 0, length: 1 },
  { x: 0, y: 1, length: 1 },
  { x: 1, y: 1, length: Math.SQRT2 },
  { x: 1, y: -1, length: Math.SQRT2 },
] as const;

interface Neighbour {
  readonly pixel: number;
  readonly distance: number;
}

/**
 * Writes one record per defect (see kernels/repair.ts) into `records`, sorted by pixel, and answers
 * how many defects there are; null when they do not fit, which is a panel to be serviced. A defect
 * with no good pixel in reach takes the nearest good one before it in the frame.
 */
export function listDefects(
  map: Uint16Array,
  columns: number,
  rows: number,
  records: Uint32Array,
): number | null {
  let count = 0;
  let lastGood = map.indexOf(0);
  if (lastGood < 0) return null;
  for (let pixel = 0; pixel < columns * rows; pixel++) {
    if (map[pixel] === 0) {
      lastGood = pixel;
      continue;
    }
    if ((count + 1) * RECORD_WORDS > records.length) return null;
    const found = neighboursOf(map, columns, rows, pixel);
    writeRecord(
      records.subarray(count * RECORD_WORDS, (count + 1) * RECORD_WORDS),
      pixel,
      found.length > 0 ? found : [{ pixel: lastGood, distance: 1 }],
    );
    count++;
  }
  return count;
}

function neighboursOf(map: Uint16Array, columns: number, rows: number, pixel: number): Neighbour[] {
  const px = pixel % columns;
  const py = (pixel - px) / columns;
  const goodAlong = (stepX: number, stepY: number, length: number): Neighbour | null => {
    for (let n = 1; n <= REACH_MAX; n++) {
      const x = px + n * stepX;
      const y = py + n * stepY;
      if (x < 0 || y < 0 || x >= columns || y >= rows) return null;
      if (map[y * columns + x] === 0) return { pixel: y * columns + x, distance: n * length };
    }
    return null;
  };
  const pairs: { both: readonly [Neighbour, Neighbour]; span: number }[] = [];
  const singles: Neighbour[] = [];
  for (const { x, y, length } of DIRECTIONS) {
    const ahead = goodAlong(x, y, length);
    const behind = goodAlong(-x, -y, length);
    if (ahead && behind)
      pairs.push({ both: [ahead, behind], span: ahead.distance + behind.distance });
    else if (ahead) singles.push(ahead);
    else if (behind) singles.push(behind);
  }
  // A pair on both sides keeps a slope; a single one, at an edge, only a level.
  if (pairs.length === 0) return singles.sort((a, b) => a.distance - b.distance).slice(0, 2);
  const [first, second] = pairs.sort((a, b) => a.span - b.span);
  if (first === undefined) return [];
  return second !== undefined && second.span < first.span * LONGER_MAX
    ? [...first.both, ...second.both]
    : [...first.both];
}

function writeRecord(record: Uint32Array, pixel: number, neighbours: readonly Neighbour[]): void {
  const inverse = neighbours.map((n) => 1 / n.distance);
  const sum = inverse.reduce((a, b) => a + b, 0);
  const weights = inverse.map((w) => Math.round((w / sum) * WEIGHT_ONE));
  // What rounding left over goes to the first, so that a flat surrounding stays flat.
  weights[0] = (weights[0] ?? 0) + WEIGHT_ONE - weights.reduce((a, b) => a + b, 0);
  const at = (i: number) => neighbours[i]?.pixel ?? pixel;
  const weight = (i: number) => weights[i] ?? 0;
  record.set([
    pixel,
    at(0),
    at(1),
    at(2),
    at(3),
    (weight(0) | (weight(1) << 16)) >>> 0,
    (weight(2) | (weight(3) << 16)) >>> 0,
    0,
  ]);
}
