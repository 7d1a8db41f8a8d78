// POST simulator/expose: presses the simulated hand switch or pedal.

import { createRoute } from "@hono/zod-openapi";
import { exposedSchema, exposeRequestSchema } from "../contract.ts";
import type { SimulatorPort } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, body, json, path, refusals } from "../route.ts";

const postExpose = createRoute({
  method: "post",
  path: path("/simulator/expose"),
  summary: "Simulated generator only: one exposure or run; answers when it has ended",
  request: body(exposeRequestSchema),
  responses: { 200: json(exposedSchema, "The exposure that was made"), ...refusals },
});

export function simulatorRoutes(app: ApiApp, simulator: SimulatorPort): void {
  app.openapi(postExpose, async (c) =>
    c.json(granted(await simulator.expose(c.req.valid("json"))), 200),
  );
}
