// Settings from a stick and to one (service), for what the screen has no form for and for certificates.

import { createRoute } from "@hono/zod-openapi";
import {
  appliedSettingsSchema,
  applySettingsSchema,
  releasedSchema,
  settingsPreviewSchema,
  settingsStickSchema,
} from "../contract.ts";
import type { StickSettingsPort } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, body, json, path, refusals, servicePin } from "../route.ts";
import type { ServicePin } from "../service-pin.ts";

const postPreview = createRoute({
  method: "post",
  path: path("/settings/stick/preview"),
  summary: "What the settings in udr-settings/config.json of a stick would change; changes nothing",
  description:
    "A whole configuration, as PUT config takes it; of http it changes only what it names. Certificates and keys it names by their bare names lie beside it as .pem files. 422 with every problem.",
  security: servicePin,
  request: body(settingsStickSchema),
  responses: { 200: json(settingsPreviewSchema, "What would change, and a ticket"), ...refusals },
});

const postApply = createRoute({
  method: "post",
  path: path("/settings/stick/apply"),
  summary: "Brings the settings of a stick into force, as they were shown",
  description:
    "Its certificates and keys are copied into the data folder first. 409 where stick or settings are not those that were shown.",
  security: servicePin,
  request: body(applySettingsSchema),
  responses: { 200: json(appliedSettingsSchema, "What was changed"), ...refusals },
});

const postExport = createRoute({
  method: "post",
  path: path("/settings/stick/export"),
  summary: "Writes the settings to udr-settings/config.json of a stick and lets it go",
  description: "The service PIN, certificates and keys are not in it.",
  security: servicePin,
  request: body(settingsStickSchema),
  responses: { 200: json(releasedSchema, "Written and read back"), ...refusals },
});

export function stickSettingsRoutes(
  app: ApiApp,
  settings: StickSettingsPort,
  pin: ServicePin,
): void {
  app.openapi(postPreview, async (c) => {
    pin.require(c.req.header("authorization"));
    return c.json(granted(await settings.preview(c.req.valid("json").device)), 200);
  });
  app.openapi(postApply, async (c) => {
    pin.require(c.req.header("authorization"));
    const { device, ticket } = c.req.valid("json");
    return c.json(granted(await settings.apply(device, ticket)), 200);
  });
  app.openapi(postExport, async (c) => {
    pin.require(c.req.header("authorization"));
    return c.json(granted(await settings.write(c.req.valid("json").device)), 200);
  });
}
