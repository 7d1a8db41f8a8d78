// Writes pictures and curves into the folder of a run.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { cut, type Part, type Picture } from "./picture.ts";
import { type Plot, svgOf } from "./plot.ts";

export interface Gallery {
  /** Values between `low` and `high` as grey levels; `width` scales down. */
  picture(name: string, picture: Picture, range: Range, more?: PictureOptions): Promise<void>;
  plot(name: string, plot: Plot): Promise<void>;
  /** Pictures of equal height side by side. */
  strip(name: string, names: readonly string[]): Promise<void>;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface PictureOptions {
  readonly part?: Part | undefined;
  readonly width?: number | undefined;
  /** Whole-number enlargement without smoothing. */
  readonly enlarge?: number | undefined;
}

const GAP_PIXELS = 6;

export async function openGallery(folder: string): Promise<Gallery> {
  await mkdir(folder, { recursive: true });
  return {
    async picture(name, picture, { low, high }, { part, width, enlarge } = {}) {
      const { pixels, columns, rows } = part === undefined ? picture : cut(picture, part);
      const grey = new Uint8Array(columns * rows);
      for (let i = 0; i < grey.length; i++)
        grey[i] = Math.min(255, Math.max(0, (((pixels[i] ?? 0) - low) / (high - low)) * 255));
      let image = sharp(grey, { raw: { width: columns, height: rows, channels: 1 } });
      if (width !== undefined) image = image.resize({ width });
      if (enlarge !== undefined)
        image = image.resize({ width: columns * enlarge, kernel: "nearest" });
      await image
        .toColourspace("b-w")
        .png({ compressionLevel: 9 })
        .toFile(join(folder, `${name}.png`));
    },
    async plot(name, plot) {
      await Bun.write(join(folder, `${name}.svg`), svgOf(plot));
    },
    async strip(name, names) {
      const files = names.map((one) => join(folder, `${one}.png`));
      const sizes = await Promise.all(files.map((file) => sharp(file).metadata()));
      const height = Math.max(...sizes.map((size) => size.height));
      const width = sizes.reduce((sum, size) => sum + size.width + GAP_PIXELS, -GAP_PIXELS);
      let left = 0;
      const placed = files.map((input, i) => {
        const here = left;
        left += (sizes[i]?.width ?? 0) + GAP_PIXELS;
        return { input, left: here, top: 0 };
      });
      await sharp({ create: { width, height, channels: 3, background: "#fff" } })
        .composite(placed)
        .toColourspace("b-w")
        .png({ compressionLevel: 9 })
        .toFile(join(folder, `${name}.png`));
    },
  };
}
