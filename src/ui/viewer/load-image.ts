// Fetches an instance's stored pixels; the last few stay in memory.

import { apiPath, fetchApi } from "../client.ts";
import type { PixelImage } from "./gl-window.ts";
import type { GreyWindow } from "./view.ts";

/** Images kept, 14 MB each at full size. */
const KEPT_MAX = 6;
const kept = new Map<string, PixelImage>();

/** @throws ProblemAnswer */
export async function loadImage(
  sopInstanceUid: string,
  frame: number,
  signal: AbortSignal,
): Promise<PixelImage> {
  const key = `${sopInstanceUid}/${frame}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const path = `${apiPath("instances", sopInstanceUid, "pixels")}?frame=${frame}`;
  const response = await fetchApi(path, { signal });
  const image = imageOf(response.headers, await response.arrayBuffer());
  kept.set(key, image);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_MAX) break;
    kept.delete(oldest);
  }
  return image;
}

function imageOf(headers: Headers, bytes: ArrayBuffer): PixelImage {
  const number = (name: string) => Number(headers.get(`x-${name}`) ?? Number.NaN);
  const wide = number("bits-allocated") === 16;
  const pixels = wide ? new Uint16Array(bytes) : new Uint8Array(bytes);
  const center = number("window-center");
  const width = number("window-width");
  return {
    columns: number("columns"),
    rows: number("rows"),
    bitsStored: number("bits-stored"),
    samplesPerPixel: number("samples-per-pixel") === 3 ? 3 : 1,
    lowIsBright: headers.get("x-photometric-interpretation") === "MONOCHROME1",
    numberOfFrames: number("number-of-frames") || 1,
    window: Number.isFinite(center + width) ? { center, width } : fullWindow(pixels),
    pixels,
  };
}

/** The window that shows every value there is. */
function fullWindow(pixels: Uint8Array | Uint16Array): GreyWindow {
  let low = 65_535;
  let high = 0;
  for (const value of pixels) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const width = Math.max(1, high - low + 1);
  return { center: low + width / 2, width };
}
