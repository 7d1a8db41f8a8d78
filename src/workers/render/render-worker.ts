// Thread that makes PNG pictures: reads one frame's bytes out of the object's file, windows them by
// table, and lets sharp resample and encode.

import { open } from "node:fs/promises";
import sharp from "sharp";
import { serveTasks } from "../worker-thread.ts";
import { applyLevels, interleave, levelTable } from "./levels.ts";
import { RENDER_WIDTH_MAX, type RenderRequest } from "./render-request.ts";

declare const self: Worker;

/** Of 9: noise does not compress, and the operator waits. */
const PNG_COMPRESSION = 3;

// One frame at a time on one core: the others belong to the acquisition.
sharp.concurrency(1);
sharp.cache(false);

serveTasks<null, RenderRequest, Uint8Array>(self, () => render);

async function render(request: RenderRequest): Promise<Uint8Array> {
  const { columns, rows, samples } = request;
  const bytes = await readFrame(request);
  const levels = samples === 3 ? colour(request, bytes) : monochrome(request, bytes);
  let picture = sharp(levels, { raw: { width: columns, height: rows, channels: samples } });
  if (request.width !== undefined && request.width < columns)
    picture = picture.resize({ width: Math.min(request.width, RENDER_WIDTH_MAX) });
  return picture
    .toColourspace(samples === 3 ? "srgb" : "b-w")
    .png({ compressionLevel: PNG_COMPRESSION })
    .toBuffer();
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
