// Thread that makes pictures: PNG of one frame's bytes out of an object's file, windowed by table and
// resampled by sharp; pages of text; image boxes of films; and the pixels of a PNG that was handed in.

import sharp from "sharp";
import { unreachable } from "../../core/assert.ts";
import { serveTasks } from "../worker-thread.ts";
import { composeFilmBox } from "./film-box.ts";
import { frameLevels } from "./frame-levels.ts";
import { PAGE_COLUMNS, pageSvg, type TextPage } from "./page.ts";
import { RENDER_WIDTH_MAX, type RenderRequest } from "./render-request.ts";
import {
  DECODED_PIXELS_MAX,
  type RawPicture,
  type RenderAnswer,
  type RenderTask,
} from "./render-task.ts";

declare const self: Worker;

/** Of 9: noise does not compress, and the operator waits. */
const PNG_COMPRESSION = 3;

// One frame at a time on one core: the others belong to the acquisition.
sharp.concurrency(1);
sharp.cache(false);

serveTasks<null, RenderTask, RenderAnswer>(self, () => async (task) => {
  switch (task.type) {
    case "frame":
      return { type: "png", bytes: await render(task.request) };
    case "page":
      return { type: "picture", picture: await draw(task.page) };
    case "decode":
      return decode(task.png);
    case "film-box":
      await composeFilmBox(
        task.box,
        new Uint8Array(task.into, 0, task.box.columns * task.box.rows),
      );
      return { type: "composed" };
    default:
      return unreachable(task);
  }
});

async function render(request: RenderRequest): Promise<Uint8Array> {
  const { columns, rows, samples } = request;
  const levels = await frameLevels(request);
  let picture = sharp(levels, { raw: { width: columns, height: rows, channels: samples } });
  if (request.width !== undefined && request.width < columns)
    picture = picture.resize({ width: Math.min(request.width, RENDER_WIDTH_MAX) });
  return picture
    .toColourspace(samples === 3 ? "srgb" : "b-w")
    .png({ compressionLevel: PNG_COMPRESSION })
    .toBuffer();
}

async function draw(page: TextPage): Promise<RawPicture> {
  const { svg, rows } = pageSvg(page);
  const pixels = await sharp(Buffer.from(svg))
    .flatten({ background: "#000000" })
    .toColourspace("b-w")
    .raw()
    .toBuffer();
  return { columns: PAGE_COLUMNS, rows, samples: 1, pixels: new Uint8Array(pixels) };
}

async function decode(png: Uint8Array): Promise<RenderAnswer> {
  try {
    const picture = sharp(png, { limitInputPixels: DECODED_PIXELS_MAX, failOn: "error" });
    const { format } = await picture.metadata();
    if (format !== "png") return { type: "refused", reason: `it is ${format}, not PNG` };
    const { data, info } = await picture
      .flatten({ background: "#000000" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const pixels = new Uint8Array(data);
    const { width: columns, height: rows } = info;
    return { type: "picture", picture: { columns, rows, samples: 3, pixels } };
  } catch (error) {
    return { type: "refused", reason: error instanceof Error ? error.message : String(error) };
  }
}
