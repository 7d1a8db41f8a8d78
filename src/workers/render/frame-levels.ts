// One frame out of an object's file, as 8-bit levels: read, windowed by table, colour interleaved.

import { open } from "node:fs/promises";
import { applyLevels, interleave, levelTable } from "./levels.ts";
import type { RenderRequest } from "./render-request.ts";

/** Samples of a frame, 1 or 3 a pixel. @throws Error when the file ends before the frame does. */
export async function frameLevels(request: RenderRequest): Promise<Uint8Array> {
  const bytes = await readFrame(request);
  return request.samples === 3 ? colour(request, bytes) : monochrome(request, bytes);
}

async function readFrame(request: RenderRequest): Promise<Uint8Array> {
  const { path, columns, rows, samples, bitsAllocated, frame } = request;
  const length = (columns * rows * samples * bitsAllocated) / 8;
  const file = await open(path, "r");
  try {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, request.pixelOffset + frame * length);
    if (bytesRead < length)
      throw new Error(`${path} ends before frame ${frame + 1}; the object is damaged`);
    return bytes;
  } finally {
    await file.close();
  }
}

function monochrome(request: RenderRequest, bytes: Uint8Array): Uint8Array {
  if (request.bitsAllocated === 8) return applyLevels(bytes, levelTable(request, 256));
  return applyLevels(new Uint16Array(bytes.buffer), levelTable(request, 65536));
}

function colour(request: RenderRequest, bytes: Uint8Array): Uint8Array {
  if (request.bitsAllocated !== 8) throw new Error("colour of more than 8 bits is not shown");
  return request.planar === true ? interleave(bytes) : bytes;
}
