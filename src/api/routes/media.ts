// Removable drives and disc writers, as targets of an export, and letting a stick go.

import { createRoute, z } from "@hono/zod-openapi";
import { mediumSchema, releasedSchema } from "../contract.ts";
import type { MediaPort } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, json, path, refusals } from "../route.ts";

const getMedia = createRoute({
  method: "get",
  path: path("/media"),
  summary: "Removable drives and disc writers",
  responses: { 200: json(z.array(mediumSchema), "What is plugged in"), ...refusals },
});

const postRelease = createRoute({
  method: "post",
  path: path("/media/{device}/release"),
  summary: "Writes everything to a stick and lets it go, so that it can be pulled out",
  description: "The device of GET media, percent-encoded. 409 while an export writes to it.",
  request: { params: z.object({ device: z.string().min(1).max(4096) }) },
  responses: { 200: json(releasedSchema, "What may be done now, in words"), ...refusals },
});

export function mediaRoutes(app: ApiApp, media: MediaPort): void {
  app.openapi(getMedia, async (c) => c.json([...(await media.list())], 200));
  const { release } = media;
  if (release !== undefined)
    app.openapi(postRelease, async (c) =>
      c.json(granted(await release.call(media, c.req.valid("param").device)), 200),
    );
}
