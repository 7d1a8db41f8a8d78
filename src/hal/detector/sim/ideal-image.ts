// What a beam makes of its object, before any panel: shares of the open beam, still and moving.

import type { Region } from "./solids.ts";

/** Positions of the moving parts in a run, one turn of its loop. */
export const RUN_PHASES = 16;
/** Phases shown in a second: a loop lasts 1.6 s. */
export const PHASES_PER_SECOND = 10;
/** Shares of the open beam's mean signal, on a grid as fine as the mode or half as fine. */
export interface IdealImage {
  readonly columns: number;
  readonly rows: number;
  /** Panel pixels per drawn pixel, in each direction. */
  readonly factor: 1 | 2;
  readonly still: Float32Array;
  /** What differs from phase to phase; null for a single image or where nothing moves. */
  readonly moving: { readonly region: Region; readonly phases: readonly Float32Array[] } | null;
  /** The part of `still` that is scatter; null where there is none. */
  readonly scatter: Float32Array | null;
}
