// Where the picture lies on the canvas and which grey values it shows: pure arithmetic.

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Linear window of PS3.3 C.11.2.1.2. */
export interface GreyWindow {
  readonly center: number;
  readonly width: number;
}

export interface View {
  /** Canvas pixels per image pixel. */
  readonly scale: number;
  /** Canvas position of the image's upper left corner. */
  readonly x: number;
  readonly y: number;
}

export const SCALE_MIN = 0.02;
export const SCALE_MAX = 32;

/** The whole image, as large as the canvas allows, in its middle. */
export function fitView(image: Size, canvas: Size): View {
  const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
  return centered(image, canvas, clampScale(scale));
}

/** One canvas pixel for each image pixel, the image's middle in the canvas' middle. */
export const oneToOneView = (image: Size, canvas: Size): View => centered(image, canvas, 1);

function centered(image: Size, canvas: Size, scale: number): View {
  return {
    scale,
    x: (canvas.width - image.width * scale) / 2,
    y: (canvas.height - image.height * scale) / 2,
  };
}

/** Zooms by `factor`; the image point under (x, y) stays there. */
export function zoomAt(view: View, factor: number, x: number, y: number): View {
  const scale = clampScale(view.scale * factor);
  const real = scale / view.scale;
  return { scale, x: x - (x - view.x) * real, y: y - (y - view.y) * real };
}

export const pan = (view: View, dx: number, dy: number): View => ({
  ...view,
  x: view.x + dx,
  y: view.y + dy,
});

/** Right widens, down darkens: a drag across the canvas covers the whole range of grey values. */
export function dragWindow(
  window: GreyWindow,
  dx: number,
  dy: number,
  canvas: Size,
  bitsStored: number,
): GreyWindow {
  const range = 2 ** bitsStored;
  const width = window.width + (dx / canvas.width) * range;
  const center = window.center + (dy / canvas.height) * range;
  return {
    width: Math.min(2 * range, Math.max(1, width)),
    center: Math.min(1.5 * range, Math.max(-0.5 * range, center)),
  };
}

const clampScale = (scale: number) => Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale));
