// Lag: a little of every frame comes again in later ones. Most of it in the next frame of a run (the
// sensor keeps that per pixel); a faint rest fades over seconds, builds up in runs and lies as a ghost
// over what is exposed after a bright picture. Linear in dose.

/** Part of a frame's signal that comes again in the next frame of a run. */
export const LAG_NEXT_FRAME = 0.03;
/** Part of a frame's signal that every later frame holds, at first … */
export const GHOST_SHARE = 1e-4;
/** … and how it fades, seconds. */
export const GHOST_FADES_S = 6;
/** A ghost that has faded to this part is forgotten. */
const FORGOTTEN = 1e-3;

/** What the exposures so far have left, as dose on a drawn grid. */
export interface Ghost {
  readonly columns: number;
  readonly rows: number;
  /** µGy of signal at `atMs`. */
  readonly microGray: Float32Array;
  readonly atMs: number;
}

/** Ghost of `frames` frames of 1 µGy each, in µGy, right after the last. */
export function ghostOfFrames(frames: number, periodS: number): number {
  const each = Math.exp(-periodS / GHOST_FADES_S);
  return (GHOST_SHARE * (1 - each ** frames)) / (1 - each);
}

/** What is left of a ghost after so many milliseconds, 0 … 1; 0 is nothing worth drawing. */
export function ghostLeft(ms: number): number {
  const left = Math.exp(-Math.max(0, ms) / 1000 / GHOST_FADES_S);
  return left < FORGOTTEN ? 0 : left;
}

/** A further exposure on top of what was left before. */
export function addGhost(
  before: Ghost | null,
  exposed: { readonly columns: number; readonly rows: number; readonly shares: Float32Array },
  microGray: number,
  atMs: number,
): Ghost {
  const { columns, rows, shares } = exposed;
  const left = before === null ? 0 : ghostLeft(atMs - before.atMs);
  const old = before === null || left === 0 ? null : resized(before, columns, rows);
  const sum = new Float32Array(shares.length);
  for (let i = 0; i < sum.length; i++)
    sum[i] = (shares[i] as number) * microGray + (old === null ? 0 : left * (old[i] as number));
  return { columns, rows, microGray: sum, atMs };
}

/** The ghost on another mode's grid: the nearest value. */
export function resized(ghost: Ghost, columns: number, rows: number): Float32Array {
  if (ghost.columns === columns && ghost.rows === rows) return ghost.microGray;
  const out = new Float32Array(columns * rows);
  for (let y = 0; y < rows; y++) {
    const from = Math.floor((y * ghost.rows) / rows) * ghost.columns;
    for (let x = 0; x < columns; x++)
      out[y * columns + x] = ghost.microGray[
        from + Math.floor((x * ghost.columns) / columns)
      ] as number;
  }
  return out;
}
