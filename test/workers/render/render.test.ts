// Pictures of stored frames: the PNG is decoded and compared with the window's formula, pixel by pixel.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { Random } from "../../../src/core/random.ts";
import { RENDERS_WAITING_MAX, RenderClient } from "../../../src/workers/render/render-client.ts";
import type { RenderRequest } from "../../../src/workers/render/render-request.ts";
import { windowed } from "../pixel/oracle.ts";

const COLUMNS = 37;
const ROWS = 23;
const PIXELS = COLUMNS * ROWS;
/** Bytes in front of the pixels, as an object's header. */
const PIXEL_OFFSET = 333;

let folder: string;
let client: RenderClient;
const random = new Random(5);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "render-"));
  client = new RenderClient();
});

afterAll(async () => {
  client.close();
  await rm(folder, { recursive: true });
});

async function object(name: string, pixels: Uint8Array): Promise<string> {
  const path = join(folder, name);
  const bytes = new Uint8Array(PIXEL_OFFSET + pixels.length).fill(0xee);
  bytes.set(pixels, PIXEL_OFFSET);
  await writeFile(path, bytes);
  return path;
}

const words = (count: number, max: number) =>
  Uint16Array.from({ length: count }, () => random.int(0, max));
const bytesOf = (pixels: Uint16Array) => new Uint8Array(pixels.buffer);

function request(path: string, more: Partial<RenderRequest> = {}): RenderRequest {
  return {
    path,
    pixelOffset: PIXEL_OFFSET,
    columns: COLUMNS,
    rows: ROWS,
    samples: 1,
    bitsAllocated: 16,
    bitsStored: 14,
    frame: 0,
    window: { center: 8000, width: 9000 },
    invert: false,
    ...more,
  };
}

async function decode(png: Uint8Array) {
  // What the file itself holds; the decoder would turn grey into three equal channels by itself.
  const { channels, width, height } = await sharp(png).metadata();
  const picture = channels === 1 ? sharp(png).toColourspace("b-w") : sharp(png);
  return { levels: new Uint8Array(await picture.raw().toBuffer()), channels, width, height };
}

/** What a promise was rejected with; expect().rejects does not hear threads. */
const failure = (promise: Promise<unknown>) => promise.then(() => "nothing failed", String);

test("a frame of many is windowed exactly and stays one grey channel", async () => {
  const pixels = words(PIXELS * 3, 16383);
  const path = await object("frames", bytesOf(pixels));
  for (const frame of [0, 2]) {
    const shown = await decode(await client.render(request(path, { frame })));
    expect([shown.width, shown.height, shown.channels]).toEqual([COLUMNS, ROWS, 1]);
    const own = pixels.subarray(frame * PIXELS, (frame + 1) * PIXELS);
    expect(shown.levels).toEqual(Uint8Array.from(own, (x) => windowed(x, 8000, 9000)));
  }
});

test("MONOCHROME1 is shown with low values bright", async () => {
  const pixels = words(PIXELS, 16383);
  const path = await object("mono1", bytesOf(pixels));
  const { levels } = await decode(await client.render(request(path, { invert: true })));
  expect(levels).toEqual(Uint8Array.from(pixels, (x) => 255 - windowed(x, 8000, 9000)));
});

test("bits above those stored are ignored, and two's complement is rescaled before the window", async () => {
  const pixels = words(PIXELS, 65535);
  const path = await object("signed", bytesOf(pixels));
  const { levels } = await decode(
    await client.render(
      request(path, {
        bitsStored: 12,
        signed: true,
        rescale: { slope: 2, intercept: -100 },
        window: { center: 40, width: 400 },
      }),
    ),
  );
  const value = (x: number) => ((x & 0xfff) << 20) >> 20;
  expect(levels).toEqual(Uint8Array.from(pixels, (x) => windowed(value(x) * 2 - 100, 40, 400)));
});

test("without a window all stored values are spread over the grey scale", async () => {
  const pixels = words(PIXELS, 1023);
  pixels.set([0, 1023]);
  const path = await object("no-window", bytesOf(pixels));
  const { levels } = await decode(
    await client.render(request(path, { bitsStored: 10, window: undefined })),
  );
  expect([levels[0], levels[1]]).toEqual([0, 255]);
});

test("8-bit grey frames are windowed too", async () => {
  const pixels = Uint8Array.from({ length: PIXELS }, () => random.int(0, 255));
  const path = await object("grey8", pixels);
  const { levels } = await decode(
    await client.render(
      request(path, { bitsAllocated: 8, bitsStored: 8, window: { center: 100, width: 50 } }),
    ),
  );
  expect(levels).toEqual(pixels.map((x) => windowed(x, 100, 50)));
});

test("colour is shown as it is, by pixel or by plane", async () => {
  const pixels = Uint8Array.from({ length: PIXELS * 3 }, () => random.int(0, 255));
  const planes = new Uint8Array(PIXELS * 3);
  for (let i = 0; i < PIXELS * 3; i++)
    planes[(i % 3) * PIXELS + Math.floor(i / 3)] = pixels[i] ?? 0;
  const colour = { samples: 3, bitsAllocated: 8, bitsStored: 8, window: undefined } as const;
  const byPixel = await decode(await client.render(request(await object("rgb", pixels), colour)));
  const byPlane = await decode(
    await client.render(request(await object("planes", planes), { ...colour, planar: true })),
  );
  expect(byPixel.channels).toBe(3);
  expect(byPixel.levels).toEqual(pixels);
  expect(byPlane.levels).toEqual(pixels);
});

test("a smaller width keeps the shape and the mean, a larger one is not made up", async () => {
  const pixels = new Uint16Array(PIXELS).fill(8000);
  const path = await object("flat", bytesOf(pixels));
  const small = await decode(await client.render(request(path, { width: 18 })));
  expect([small.width, small.height]).toEqual([18, 11]);
  expect(new Set(small.levels)).toEqual(new Set([windowed(8000, 8000, 9000)]));
  const large = await decode(await client.render(request(path, { width: 500 })));
  expect(large.width).toBe(COLUMNS);
});

test("a missing file and a frame beyond the end are named", async () => {
  const path = await object("short", bytesOf(words(PIXELS, 100)));
  expect(await failure(client.render(request(path, { frame: 1 })))).toMatch(/ends before frame 2/);
  expect(await failure(client.render(request(join(folder, "absent"))))).toMatch(/ENOENT.*absent/);
  await client.render(request(path));
});

test("too many pictures at once are refused, the others are made", async () => {
  const path = await object("many", bytesOf(words(PIXELS, 16383)));
  const results = await Promise.all(
    Array.from({ length: RENDERS_WAITING_MAX + 1 }, () =>
      client.render(request(path)).then(() => "made", String),
    ),
  );
  expect(results.filter((result) => result === "made")).toHaveLength(RENDERS_WAITING_MAX);
  expect(results.at(-1)).toMatch(/ask again later/);
});
