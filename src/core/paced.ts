// News that comes in a rush, told with pauses: at once when it was quiet, else once when the pause is
// over. The last news of a rush is never lost.

import type { Clock } from "./clock.ts";

/** Tells a key at most once in `gapMs`. */
export function paced(
  clock: Clock,
  gapMs: number,
  tell: (key: string) => void,
): (key: string) => void {
  /** Keys told within the last gap; true: there is more to tell. */
  const recent = new Map<string, boolean>();
  const told = (key: string) => {
    recent.set(key, false);
    tell(key);
    clock.after(gapMs, () => {
      if (recent.get(key) === true) told(key);
      else recent.delete(key);
    });
  };
  return (key) => {
    if (recent.has(key)) recent.set(key, true);
    else told(key);
  };
}
