// GET live: the WebSocket of the live view. The page asks; the server upgrades and sends frames.

import { createRoute } from "@hono/zod-openapi";
import { LIVE_HEADER_BYTES } from "../live-frame.ts";
import { problem } from "../problem.ts";
import { type ApiApp, path, refusals } from "../route.ts";

const getLive = createRoute({
  method: "get",
  path: path("/live"),
  summary: "Live fluoroscopy over WebSocket; the newest frame wins",
  description: `Who connects sees the held image at once, where there is one. Binary messages, little endian: magic u32 (the letters UDRL), version u16 (1), flags u16 (bit 0: last image hold; bit 1: cleared, nothing is shown any more and no pixels follow), sequence u32, columns u32, rows u32, 4 bytes reserved, time of the frame f64 (epoch ms): ${LIVE_HEADER_BYTES} bytes, then one byte a pixel, row by row.`,
  responses: { 101: { description: "Frames follow" }, ...refusals },
});

export function liveRoutes(app: ApiApp): void {
  app.openapi(getLive, (c) => {
    if (c.env?.upgrade?.(c.req.raw) === true) return new Response(null);
    throw problem("upgrade-required", "Open this path as a WebSocket.");
  });
}
