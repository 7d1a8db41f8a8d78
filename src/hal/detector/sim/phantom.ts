// What lies on the simulated panel: layers of solids, of which some move in a run. Lung and bone
// displace soft tissue; contrast agent is mixed into it.

import type { Dome, Trunk, Tubes } from "./solids.ts";

export type PhantomMaterial = "soft" | "lung" | "bone" | "iodine";

export type Layer = { readonly material: PhantomMaterial } & (
  | { readonly dome: Dome }
  | { readonly trunk: Trunk }
  | { readonly tubes: Tubes }
);

export interface Phantom {
  readonly still: readonly Layer[];
  /** Still parts that hold contrast agent; only in runs. */
  readonly contrast: readonly Layer[];
  /**
   * Parts that differ from phase to phase: lung and contrast agent. They may reach beyond `box`, but must not change there.
   * @param phase 0 … 1, one turn of the loop
   * @param contrast whether contrast agent is given
   */
  varying(phase: number, contrast: boolean): readonly Layer[];
  /** Where things move, mm: left, top, right, bottom; null when nothing does. */
  readonly box: readonly [number, number, number, number] | null;
  /** Amplitude of the fine structure of soft tissue, mm. */
  readonly structureMm: number;
}

export const soft = (dome: Dome): Layer => ({ material: "soft", dome });
export const bone = (dome: Dome): Layer => ({ material: "bone", dome });

/** 0 below `from`, 1 above `to`, smooth between. */
export function smoothStep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}
