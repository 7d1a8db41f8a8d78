// GET health: is the device well, and which part is not.

import { createRoute } from "@hono/zod-openapi";
import { healthSchema } from "../contract.ts";
import type { Device } from "../device.ts";
import { type ApiApp, json, path, refusals } from "../route.ts";

const getHealth = createRoute({
  method: "get",
  path: path("/health"),
  summary: "State of panel, generator, disk and remotes",
  responses: { 200: json(healthSchema, "State of the device"), ...refusals },
});

export function healthRoutes(app: ApiApp, device: Device): void {
  app.openapi(getHealth, (c) => c.json(device.health(), 200));
}
