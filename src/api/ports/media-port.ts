// Sticks and discs for the API: what is plugged in, and safe removal of what nobody uses.

import type { MediaWatch } from "../../services/media-watch.ts";
import type { MediaPort } from "../device.ts";
import { answer, refuse } from "../problem.ts";
import { mediumView } from "../views.ts";

interface Removable {
  list(): Promise<readonly Parameters<typeof mediumView>[0][]>;
  /** Words for the hand; null: it is not plugged in. */
  release(device: string): Promise<string | null>;
}

/** @param use who uses a medium now, as a sentence with what to do; null: nobody */
export function mediaPort(
  drives: Removable,
  watch: Pick<MediaWatch, "stir">,
  use: (device: string) => string | null,
): MediaPort {
  return {
    list: async () => (await drives.list()).map(mediumView),
    async release(device) {
      const inUse = use(device);
      if (inUse !== null) return refuse("in-use", inUse);
      const text = await drives.release(device);
      watch.stir();
      return text === null ? refuse("not-found", `${device} is not plugged in.`) : answer({ text });
    },
  };
}
