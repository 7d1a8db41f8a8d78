// The image area as a PNG: the picture as it is windowed and zoomed, with the words over it.

import { computed, signal } from "@preact/signals";

export interface ShownView {
  /** Draws the picture now, so that its canvas can be read before the browser clears it. */
  readonly draw: () => HTMLCanvasElement;
  /** The words in the upper corners, left and right. */
  readonly words: () => readonly [readonly string[], readonly string[]];
}

const shown = signal<ShownView | null>(null);
export const viewShown = computed(() => shown.value !== null);

/** The viewer on the screen; null when its image goes. */
export function showsView(view: ShownView | null): void {
  shown.value = view;
}

/** Secondary Capture Image Storage and its multi-frame classes (PS3.4 B.5). */
const CAPTURE_CLASS = "1.2.840.10008.5.1.4.1.1.7";

/** True for a capture made here: its words are in the picture and are not written over it again. */
export const bearsItsWords = ({
  sopClassUid,
  local = true,
}: {
  sopClassUid: string;
  local?: boolean;
}): boolean =>
  local && (sopClassUid === CAPTURE_CLASS || sopClassUid.startsWith(`${CAPTURE_CLASS}.`));

export const NO_WORDS = [[], []] as const;

/** Height of a line of words in parts of the picture's height, and the least that can be read. */
const LINE_SHARE = 0.028;
const LINE_PIXELS_MIN = 18;
const PREFIX = "data:image/png;base64,";

/** Base64 of the PNG; null while no image is shown. */
export function pictureOfView(): string | null {
  const view = shown.value;
  if (view === null) return null;
  const source = view.draw();
  const picture = document.createElement("canvas");
  picture.width = source.width;
  picture.height = source.height;
  const context = picture.getContext("2d", { alpha: false });
  if (context === null) return null;
  context.drawImage(source, 0, 0);
  const line = Math.max(LINE_PIXELS_MIN, picture.height * LINE_SHARE);
  const [left, right] = view.words();
  context.font = `${Math.round(line * 0.75)}px system-ui, "Noto Sans", sans-serif`;
  context.textBaseline = "top";
  context.lineWidth = line / 6;
  context.strokeStyle = "#000";
  context.fillStyle = "#fff";
  const write = (lines: readonly string[], align: "left" | "right", x: number) => {
    context.textAlign = align;
    lines.forEach((text, row) => {
      context.strokeText(text, x, line * (row + 0.5));
      context.fillText(text, x, line * (row + 0.5));
    });
  };
  write(left, "left", line * 0.5);
  write(right, "right", picture.width - line * 0.5);
  return picture.toDataURL("image/png").slice(PREFIX.length);
}
