// Fetches an instance's stored pixels; the last few stay in memory.

import { apiPath, fetchApi } from "../client.ts";
import type { PixelImage } from "./gl-window.ts";
import type { GreyWindow } from "./view.ts";

/** Bytes of images kept: some radiographs, or five seconds of a run. */
const KEPT_BYTES_MAX = 300 * 2 ** 20;
/** Where the object doesn't say how fast a run was. */
const FRAME_TIME_DEFAULT_MS = 1000 / 15;
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
  let bytes = 0;
  for (const { pixels } of kept.values()) bytes += pixels.byteLength;
  for (const [oldest, { pixels }] of kept) {
    if (bytes <= KEPT_BYTES_MAX) break;
    bytes -= pixels.byteLength;
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
    zero: 0,
    linear: headers.get("x-intensity") === "linear",
    frameTimeMs: number("frame-time-ms") || FRAME_TIME_DEFAULT_MS,
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
