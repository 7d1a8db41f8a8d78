// POST query: C-FIND at an image server (PS3.4 Annex C), one level at a time.

import { createRoute } from "@hono/zod-openapi";
import { queryRequestSchema, queryResultSchema } from "../contract.ts";
import type { QueryPort } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, body, json, path, refusals } from "../route.ts";

const postQuery = createRoute({
  method: "post",
  path: path("/query"),
  summary: "Queries an image server",
  request: body(queryRequestSchema),
  responses: { 200: json(queryResultSchema, "What matched"), ...refusals },
});

export function queryRoutes(app: ApiApp, query: QueryPort): void {
  app.openapi(postQuery, async (c) =>
    c.json(granted(await query.find(c.req.valid("json"), c.req.raw.signal)), 200),
  );
}
