// POST remotes/{id}/echo: is the remote there, and does it know us (C-ECHO, PS3.7 §9.1.5).

import { createRoute, z } from "@hono/zod-openapi";
import { echoResultSchema } from "../contract.ts";
import type { Device } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, json, path, refusals } from "../route.ts";

const postEcho = createRoute({
  method: "post",
  path: path("/remotes/{id}/echo"),
  summary: "C-ECHO to a remote now; a remote that does not answer is a result, not an error",
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: json(echoResultSchema, "What came of it"), ...refusals },
});

export function remoteRoutes(app: ApiApp, device: Device): void {
  app.openapi(postEcho, async (c) =>
    c.json(granted(await device.remotes.echo(c.req.valid("param").id)), 200),
  );
}
