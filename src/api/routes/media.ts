// GET media: removable drives and disc writers, as targets of an export.

import { createRoute, z } from "@hono/zod-openapi";
import { mediumSchema } from "../contract.ts";
import type { MediaPort } from "../device.ts";
import { type ApiApp, json, path, refusals } from "../route.ts";

const getMedia = createRoute({
  method: "get",
  path: path("/media"),
  summary: "Removable drives and disc writers",
  responses: { 200: json(z.array(mediumSchema), "What is plugged in"), ...refusals },
});

export function mediaRoutes(app: ApiApp, media: MediaPort): void {
  app.openapi(getMedia, async (c) => c.json([...(await media.list())], 200));
}
