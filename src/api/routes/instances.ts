// One instance: what is known of it, its file, a picture of it, and its stored pixels for the viewer.

import { createRoute, z } from "@hono/zod-openapi";
import { parseByteRange } from "../byte-range.ts";
import { instanceSchema, pixelQuerySchema, renderQuerySchema } from "../contract.ts";
import type { Device, FileRange } from "../device.ts";
import { granted, ProblemError, problem } from "../problem.ts";
import { type ApiApp, bytes, json, path, refusals } from "../route.ts";

const params = z.object({ uid: z.string() });

const getInstance = createRoute({
  method: "get",
  path: path("/instances/{uid}"),
  summary: "An instance with its send, commit, print and export state",
  request: { params },
  responses: { 200: json(instanceSchema, "The instance"), ...refusals },
});

const getFile = createRoute({
  method: "get",
  path: path("/instances/{uid}/file"),
  summary: "The DICOM file; one byte range may be asked for",
  request: { params },
  responses: {
    200: bytes("application/dicom", "The file"),
    206: bytes("application/dicom", "The range that was asked for"),
    ...refusals,
  },
});

const getRendered = createRoute({
  method: "get",
  path: path("/instances/{uid}/rendered"),
  summary: "A picture of one frame, windowed as stored or as asked, or its difference to a mask",
  request: { params, query: renderQuerySchema },
  responses: { 200: bytes("image/png", "The picture"), ...refusals },
});

const PIXEL_HEADERS = {
  "x-columns": "Pixels in a row",
  "x-rows": "Rows",
  "x-bits-allocated": "8 or 16 bits a sample",
  "x-bits-stored": "Significant bits",
  "x-samples-per-pixel": "1, or 3 for colour (interleaved)",
  "x-photometric-interpretation": "MONOCHROME1, MONOCHROME2 or RGB",
  "x-number-of-frames": "Frames of the instance",
  "x-frame-time-ms": "Time between the frames of a run, where the object says it",
  "x-intensity": "linear or logarithmic in the counts",
  "x-window-center": "Stored window centre, where there is one",
  "x-window-width": "Stored window width, where there is one",
} as const;

const getPixels = createRoute({
  method: "get",
  path: path("/instances/{uid}/pixels"),
  summary: "One frame's stored pixels: unsigned, little endian, row by row, described by headers",
  request: { params, query: pixelQuerySchema },
  responses: {
    200: {
      ...bytes("application/octet-stream", "rows x columns samples"),
      headers: Object.fromEntries(
        Object.entries(PIXEL_HEADERS).map(([name, description]) => [
          name,
          { description, schema: { type: "string" as const } },
        ]),
      ),
    },
    ...refusals,
  },
});

export function instanceRoutes(app: ApiApp, device: Device): void {
  const { studies } = device;
  app.openapi(getInstance, async (c) =>
    c.json(granted(await studies.instance(c.req.valid("param").uid)), 200),
  );

  app.openapi(getFile, async (c) => {
    const { uid } = c.req.valid("param");
    const file = granted(await studies.file(uid));
    const range = parseByteRange(c.req.header("range"), file.bytes);
    const headers = {
      "content-type": "application/dicom",
      "content-disposition": `attachment; filename="${uid.replace(/[^0-9.]/g, "_")}.dcm"`,
      "accept-ranges": "bytes",
      "cache-control": "no-store",
    };
    if (range.kind === "unsatisfiable")
      throw new ProblemError(
        { code: "range-not-satisfiable", detail: `The file has ${file.bytes} bytes.` },
        { "content-range": `bytes */${file.bytes}` },
      );
    if (range.kind === "whole") return stream(file, 200, headers);
    const part = {
      path: file.path,
      offset: file.offset + range.start,
      bytes: range.end - range.start,
    };
    const contentRange = `bytes ${range.start}-${range.end - 1}/${file.bytes}`;
    return stream(part, 206, { ...headers, "content-range": contentRange });
  });

  app.openapi(getRendered, async (c) => {
    const png = granted(await studies.render(c.req.valid("param").uid, c.req.valid("query")));
    return new Response(png, {
      headers: { "content-type": "image/png", "cache-control": "no-store" },
    });
  });

  app.openapi(getPixels, async (c) => {
    const frame = granted(
      await studies.pixels(c.req.valid("param").uid, c.req.valid("query").frame),
    );
    const headers: Record<keyof typeof PIXEL_HEADERS, string | undefined> = {
      "x-columns": String(frame.columns),
      "x-rows": String(frame.rows),
      "x-bits-allocated": String(frame.bitsAllocated),
      "x-bits-stored": String(frame.bitsStored),
      "x-samples-per-pixel": String(frame.samplesPerPixel),
      "x-photometric-interpretation": frame.photometricInterpretation,
      "x-number-of-frames": String(frame.numberOfFrames),
      "x-frame-time-ms": frame.frameTimeMs === undefined ? undefined : String(frame.frameTimeMs),
      "x-intensity": frame.linear === true ? "linear" : "logarithmic",
      "x-window-center": frame.window && String(frame.window.center),
      "x-window-width": frame.window && String(frame.window.width),
    };
    return stream(frame.range, 200, {
      "content-type": "application/octet-stream",
      "cache-control": "no-store",
      ...Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)),
    });
  });
}

/** The bytes of a file range, sent from the file without passing through memory as a whole. */
async function stream(
  range: FileRange,
  status: 200 | 206,
  headers: Record<string, string>,
): Promise<Response> {
  const file = Bun.file(range.path);
  if (!(await file.exists()))
    throw problem(
      "device-fault",
      "The file of this instance is missing on the disk. Restart the device so that it checks its disk, and call service.",
    );
  const whole = range.offset === 0 && range.bytes === file.size;
  return new Response(whole ? file : file.slice(range.offset, range.offset + range.bytes), {
    status,
    headers: { ...headers, "content-length": String(range.bytes) },
  });
}
