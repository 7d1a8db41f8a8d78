// The configuration as a whole (service), and the two settings that belong to the user.

import { createRoute, z } from "@hono/zod-openapi";
import { configurationSchema, localSettingsSchema } from "../contract.ts";
import type { ConfigurationChange, Device } from "../device.ts";
import { problem } from "../problem.ts";
import { type ApiApp, body, json, path, refusals, servicePin } from "../route.ts";
import type { ServicePin } from "../service-pin.ts";

const getConfig = createRoute({
  method: "get",
  path: path("/config"),
  summary: "The configuration with all defaults; the PIN is not shown",
  responses: { 200: json(configurationSchema, "The configuration in force"), ...refusals },
});

const putConfig = createRoute({
  method: "put",
  path: path("/config"),
  summary: "Replaces the whole configuration; it applies at once",
  security: servicePin,
  request: body(
    z
      .record(z.string(), z.unknown())
      .openapi({ description: "A Configuration; every key is optional, unknown keys are refused" }),
  ),
  responses: { 200: json(configurationSchema, "The configuration now in force"), ...refusals },
});

const patchConfig = createRoute({
  method: "patch",
  path: path("/config"),
  summary: "Changes single keys of the configuration (RFC 7396 JSON Merge Patch); applies at once",
  description:
    "Keys that are absent stay as they are, null sets one to its default, lists are replaced whole. Changes that come at once are made one after the other.",
  security: servicePin,
  request: body(
    z.record(z.string(), z.unknown()).openapi({ example: { device: { stationName: "ROOM 2" } } }),
  ),
  responses: { 200: json(configurationSchema, "The configuration now in force"), ...refusals },
});

const getLocal = createRoute({
  method: "get",
  path: path("/settings/local"),
  summary: "AE title and port of the device",
  responses: { 200: json(localSettingsSchema, "The settings in force"), ...refusals },
});

const putLocal = createRoute({
  method: "put",
  path: path("/settings/local"),
  summary: "Sets AE title and port of the device; needs no PIN",
  request: body(localSettingsSchema),
  responses: { 200: json(localSettingsSchema, "The settings now in force"), ...refusals },
});

export function configRoutes(app: ApiApp, device: Device, pin: ServicePin): void {
  const { configuration } = device;
  app.openapi(getConfig, (c) => c.json(configuration.read(), 200));
  // The PIN comes before the body is judged: who may not write learns nothing about what would be valid.
  app.use(path("/config"), async (c, next) => {
    if (["PUT", "PATCH"].includes(c.req.method)) pin.require(c.req.header("authorization"));
    await next();
  });
  app.openapi(putConfig, async (c) => {
    applied(await configuration.replace(c.req.valid("json")));
    return c.json(configuration.read(), 200);
  });
  app.openapi(patchConfig, async (c) => {
    applied(await configuration.merge(c.req.valid("json")));
    return c.json(configuration.read(), 200);
  });
  app.openapi(getLocal, (c) => c.json(configuration.local(), 200));
  app.openapi(putLocal, async (c) => {
    applied(await configuration.setLocal(c.req.valid("json")));
    return c.json(configuration.local(), 200);
  });
}

function applied(change: ConfigurationChange): void {
  if (change.kind === "invalid") {
    const named = change.problems.map(({ path: key, message }) => `${key}: ${message}`);
    throw problem("invalid-field", `Nothing was changed. ${named.join("; ")}.`, change.problems);
  }
  if (change.kind === "failed")
    throw problem("device-fault", `Nothing was changed: ${change.reason}.`);
}
