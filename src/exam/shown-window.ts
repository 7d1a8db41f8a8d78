// The window a run of fluoroscopy is shown with. The stored object keeps the one of its first frame; the
// screen follows what is found since, slowly, so that neither a contrast bolus nor noise makes it flicker.

import type { PixelWindow } from "../workers/pixel/window.ts";

/** One frame in so many is looked at. */
export const LOOK_EVERY_FRAMES = 5;
/** Part of the way that is gone at each look: two thirds in a second at 30 frames a second. */
const PART_OF_THE_WAY = 0.17;

/** A step from the window that is shown towards the one that was found, in whole grey levels. */
export function followed(shown: PixelWindow, found: PixelWindow): PixelWindow {
  return {
    center: step(shown.center, found.center),
    width: Math.max(1, step(shown.width, found.width)),
  };
}

/** Rounded away from where it stands, so that it arrives. */
function step(from: number, to: number): number {
  const way = (to - from) * PART_OF_THE_WAY;
  if (Math.abs(to - from) < 1) return from;
  return Math.round(from + (way < 0 ? Math.min(way, -1) : Math.max(way, 1)));
}
