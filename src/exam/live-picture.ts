// What the live screen is told: a run's pictures as they come, the last one of fluoroscopy held when the
// pedal is let go, nothing once something else begins. A held frame keeps its slots, so that nothing is
// copied and its 16 bits can still be stored.

import type { SharedHold } from "../core/shared-hold.ts";
import type { FrameHeader } from "../model/frame.ts";
import type { FrameResult } from "../workers/pixel/pipeline.ts";
import type { PixelWindow } from "../workers/pixel/window.ts";

/** A windowed frame for the screen; the pixels are valid during the call only. */
export interface DisplayFrame {
  readonly sequence: number;
  readonly columns: number;
  readonly rows: number;
  readonly atMs: number;
  readonly pixels: Uint8Array;
  /** "held": the beam is off and this is the last image; "cleared": nothing is shown any more. */
  readonly state: "live" | "held" | "cleared";
}

export const NOTHING_SHOWN: DisplayFrame = {
  sequence: 0,
  columns: 0,
  rows: 0,
  atMs: 0,
  pixels: new Uint8Array(0),
  state: "cleared",
};

/** The last frame of a run; who has it releases both slots. */
export interface LastFrame {
  readonly header: FrameHeader;
  readonly result: FrameResult;
  /** Significant bits of the image. */
  readonly bitsStored: number;
  /** The window it was shown with. */
  readonly window: PixelWindow;
  readonly imageSlot: number;
  readonly image: SharedHold;
  /** Null where no slot was free for a picture. */
  readonly picture: DisplayFrame | null;
  readonly display: SharedHold | null;
}

export function releaseFrame({ image, display }: LastFrame): void {
  image.release();
  display?.release();
}
