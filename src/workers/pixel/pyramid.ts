// The levels of the pyramid and where they lie in its area of the memory. Level 0 is the frame itself (or the
// collimated field in it); every other level is half of the one before and has four planes: the low pass, what it
// is rebuilt to, and, for the detail between it and the level before, activity and gain.

/** A picture within a larger one: `stride` pixels from row to row. */
export interface Plane {
  readonly columns: number;
  readonly rows: number;
  readonly stride: number;
  readonly at: number;
}

export interface Level extends Plane {
  readonly rebuilt: number;
  readonly activity: number;
  readonly gain: number;
}

export interface Pyramid {
  readonly finest: Plane;
  /** Each half of the one before, the first half of the finest. */
  readonly levels: readonly Level[];
}

/** Scales of detail at most: the coarsest of 7 is 64 pixels, a centimetre. */
export const SCALES_MAX = 7;
/** The coarsest level is no smaller than this on its shorter side. */
const SIDE_MIN = 12;
/** Kernels write whole vectors and read a little beyond. */
const VECTOR_PIXELS = 8;
const PLANES = 4;
/** Planes begin at cache lines. */
const ALIGNMENT_BYTES = 64;

/** How many scales of detail a picture of this size has; 0 where it is too small. */
export function scalesOf(columns: number, rows: number): number {
  let scales = 0;
  while (scales < SCALES_MAX && Math.min(columns, rows) / 2 ** (scales + 1) >= SIDE_MIN) scales++;
  return scales;
}

/** The pyramid over a picture, its levels from byte `base` on. */
export function pyramidOver(finest: Plane, base: number): Pyramid {
  const levels: Level[] = [];
  let at = base;
  let { columns, rows } = finest;
  const scales = scalesOf(columns, rows);
  for (let scale = 0; scale < scales; scale++) {
    columns = Math.ceil(columns / 2);
    rows = Math.ceil(rows / 2);
    const stride = strideOf(columns);
    const bytes = planeBytes(columns, rows);
    levels.push({
      columns,
      rows,
      stride,
      at,
      rebuilt: at + bytes,
      activity: at + 2 * bytes,
      gain: at + 3 * bytes,
    });
    at += PLANES * bytes;
  }
  return { finest, levels };
}

/** Bytes of the levels over a picture of this size; never less than over a part of it. */
export function pyramidBytes(columns: number, rows: number): number {
  let bytes = 0;
  for (let scale = 0; scale < SCALES_MAX; scale++) {
    columns = Math.ceil(columns / 2);
    rows = Math.ceil(rows / 2);
    bytes += PLANES * planeBytes(columns, rows);
  }
  return bytes;
}

const strideOf = (columns: number) => Math.ceil(columns / VECTOR_PIXELS) * VECTOR_PIXELS;

function planeBytes(columns: number, rows: number): number {
  const bytes = strideOf(columns) * rows * 2 + VECTOR_PIXELS * 2;
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}
