// The worklist: asking the scheduler now, and what it answered last.

import { createRoute } from "@hono/zod-openapi";
import { worklistKeysSchema, worklistResultSchema } from "../contract.ts";
import type { WorklistPort } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, json, optionalBody, path, refusals } from "../route.ts";

const postQuery = createRoute({
  method: "post",
  path: path("/worklist/query"),
  summary: "Queries the worklist server",
  request: optionalBody(worklistKeysSchema),
  responses: { 200: json(worklistResultSchema, "The items"), ...refusals },
});

const getWorklist = createRoute({
  method: "get",
  path: path("/worklist"),
  summary: "The last result",
  responses: { 200: json(worklistResultSchema, "The items"), ...refusals },
});

export function worklistRoutes(app: ApiApp, worklist: WorklistPort): void {
  app.openapi(postQuery, async (c) =>
    c.json(granted(await worklist.query(c.req.valid("json"))), 200),
  );
  app.openapi(getWorklist, async (c) => c.json(await worklist.last(), 200));
}
