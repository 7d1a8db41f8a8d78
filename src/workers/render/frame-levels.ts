// One frame out of an object's file, as 8-bit levels: read, windowed by table, colour interleaved.

import { open } from "node:fs/promises";
import type { Subtraction } from "../../model/stored-pixels.ts";
import { applyLevels, interleave, levelTable } from "./levels.ts";
import type { RenderRequest } from "./render-request.ts";
import { differenceLevels, logarithms, subtracted } from "./subtract.ts";

/** Samples of a frame, 1 or 3 a pixel. @throws Error when the file ends before the frame does. */
export async function frameLevels(request: RenderRequest): Promise<Uint8Array> {
  const bytes = await readFrame(request, request.frame);
  if (request.subtraction !== undefined) return difference(request, request.subtraction, bytes);
  return request.samples === 3 ? colour(request, bytes) : monochrome(request, bytes);
}

async function readFrame(request: RenderRequest, frame: number): Promise<Uint8Array> {
  const { path, columns, rows, samples, bitsAllocated } = request;
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

async function difference(
  request: RenderRequest,
  subtraction: Subtraction,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  if (request.samples === 3) throw new Error("colour is not subtracted");
  const mask = await readFrame(request, subtraction.frame);
  const { columns, bitsAllocated, window, invert } = request;
  const words = (of: Uint8Array) => (bitsAllocated === 8 ? of : new Uint16Array(of.buffer));
  const values = logarithms(request, subtraction.linear);
  const differences = subtracted(words(bytes), words(mask), columns, subtraction.shift, values);
  return differenceLevels(differences, window, invert);
}

function monochrome(request: RenderRequest, bytes: Uint8Array): Uint8Array {
  if (request.bitsAllocated === 8) return applyLevels(bytes, levelTable(request, 256));
  return applyLevels(new Uint16Array(bytes.buffer), levelTable(request, 65536));
}

function colour(request: RenderRequest, bytes: Uint8Array): Uint8Array {
  if (request.bitsAllocated !== 8) throw new Error("colour of more than 8 bits is not shown");
  return request.planar === true ? interleave(bytes) : bytes;
}
