// The machine as an appliance (service): its versions, updates, restart, reset, time servers. A program
// that runs on a plain PC offers none of this.

import { createRoute } from "@hono/zod-openapi";
import {
  applianceSchema,
  confirmedResetSchema,
  firstPinSchema,
  forcedQuerySchema,
  logToStickSchema,
  networkSettingsSchema,
  releasedSchema,
  stickUpdateSchema,
  timeServersSchema,
  updateStateSchema,
} from "../contract.ts";
import type { Device } from "../device.ts";
import { granted, problem } from "../problem.ts";
import { type ApiApp, body, bytes, json, path, refusals, servicePin } from "../route.ts";
import type { ServicePin } from "../service-pin.ts";

/** Its body is a tar, not JSON, and far longer than others (guard.ts). */
export const UPLOAD_PATH = path("/appliance/update/upload");
/** Where the first PIN is set: the one change that cannot ask for it. */
export const SERVICE_PIN_PATH = path("/appliance/service-pin");
const TAR = "application/x-tar";

const getAppliance = createRoute({
  method: "get",
  path: path("/appliance"),
  summary: "Version, slot and update of the appliance; 404 on a plain PC",
  responses: {
    200: json(applianceSchema, "What runs, and what is installed beside it"),
    ...refusals,
  },
});

const postUpdate = createRoute({
  method: "post",
  path: path("/appliance/update"),
  summary: "Installs the update in the folder udr-update of a stick",
  description:
    "Answers once the update was found to be signed, complete and fit for this device; then it is written to the free slot, which comes as appliance events. 409 while something goes on that it would hinder, unless forced.",
  security: servicePin,
  request: { query: forcedQuerySchema, ...body(stickUpdateSchema) },
  responses: { 202: json(updateStateSchema, "It is being written"), ...refusals },
});

const putUpload = createRoute({
  method: "put",
  path: UPLOAD_PATH,
  summary: "Installs an update that is sent as one uncompressed tar of its folder",
  security: servicePin,
  request: {
    query: forcedQuerySchema,
    body: {
      required: true,
      content: { [TAR]: { schema: { type: "string" as const, format: "binary" } } },
    },
  },
  responses: { 202: json(updateStateSchema, "It is being written"), ...refusals },
});

const ENDING =
  "409 with the reasons while it would cut off other work, unless forced; an update that is being written is never cut off.";
const ending = (name: string, summary: string) =>
  createRoute({
    method: "post",
    path: path(`/appliance/${name}`),
    summary,
    description: ENDING,
    security: servicePin,
    request: { query: forcedQuerySchema },
    responses: { 204: { description: "It ends within seconds" }, ...refusals },
  });
const postRestart = ending(
  "restart",
  "Restarts the machine, into an installed update if there is one",
);
const postPowerOff = ending("power-off", "Switches the machine off");

const postReset = createRoute({
  method: "post",
  path: path("/appliance/factory-reset"),
  summary: "Restarts and removes all studies, patients and settings; they cannot be brought back",
  description: `${ENDING} Also while studies are on this device alone: the refusal says how many.`,
  security: servicePin,
  request: { query: forcedQuerySchema, ...body(confirmedResetSchema) },
  responses: { 204: { description: "It ends within seconds" }, ...refusals },
});

const putTimeServers = createRoute({
  method: "put",
  path: path("/appliance/time-servers"),
  summary: "Sets the servers the clock follows; none: those the network names",
  security: servicePin,
  request: body(timeServersSchema),
  responses: { 200: json(applianceSchema, "The appliance, its servers set"), ...refusals },
});

const putNetwork = createRoute({
  method: "put",
  path: path("/appliance/network"),
  summary: "Sets the address of a network card, in force at once",
  description: "409 with the reasons while it would cut off other work, unless forced.",
  security: servicePin,
  request: { query: forcedQuerySchema, ...body(networkSettingsSchema) },
  responses: { 200: json(applianceSchema, "The appliance, its card set"), ...refusals },
});

const putServicePin = createRoute({
  method: "put",
  path: SERVICE_PIN_PATH,
  summary: "Sets the first service PIN; needs none",
  description: "409 once a PIN is set: it is changed through PUT config, with the PIN.",
  request: body(firstPinSchema),
  responses: { 204: { description: "It is set and in force" }, ...refusals },
});

const getLogBundle = createRoute({
  method: "get",
  path: path("/appliance/log-bundle"),
  summary: "Journal, configuration without secrets, health and versions as a tar, for service",
  security: servicePin,
  responses: {
    200: bytes(TAR, "No patient is named in it: what peers and printers said is left out"),
    ...refusals,
  },
});

const postLogBundle = createRoute({
  method: "post",
  path: path("/appliance/log-bundle"),
  summary: "Writes the log bundle to a stick, as udr-log/DATE-AND-TIME.tar, and lets the stick go",
  description:
    "Answers when the file was read back. 409 while an exposure goes on, or somebody else writes to the stick.",
  security: servicePin,
  request: body(logToStickSchema),
  responses: { 200: json(releasedSchema, "It is on the stick"), ...refusals },
});

export function applianceRoutes(
  app: ApiApp,
  { appliance, configuration }: Pick<Device, "appliance" | "configuration">,
  pin: ServicePin,
): void {
  // The PIN comes before the body is read: an upload is long.
  app.use(path("/appliance/*"), async (c, next) => {
    if (c.req.path !== path("/appliance") && c.req.path !== SERVICE_PIN_PATH)
      pin.require(c.req.header("authorization"));
    await next();
  });
  app.openapi(getAppliance, async (c) => {
    if (appliance === undefined)
      throw problem(
        "not-found",
        "This program runs on a plain PC: updates, restart and time are that PC's own matters.",
      );
    return c.json(granted(await appliance.status()), 200);
  });
  // Also where the appliance can only be repaired: the restore asks for the PIN.
  const { setFirstPin } = configuration;
  if (setFirstPin !== undefined)
    app.openapi(putServicePin, async (c) => {
      granted(await setFirstPin.call(configuration, c.req.valid("json").pin));
      return c.body(null, 204);
    });
  if (appliance === undefined) return;
  app.openapi(postUpdate, async (c) => {
    const { device } = c.req.valid("json");
    const { force } = c.req.valid("query");
    return c.json(granted(await appliance.updateFromStick(device, force)), 202);
  });
  app.openapi(putUpload, async (c) => {
    const { force } = c.req.valid("query");
    const { body: content } = c.req.raw;
    if (content === null || c.req.header("content-type") !== TAR)
      throw problem("invalid-field", `Send the update as a tar with Content-Type: ${TAR}.`);
    const announced = c.req.header("content-length");
    const bytes = announced === undefined ? null : Number(announced);
    return c.json(granted(await appliance.updateFromUpload(content, bytes, force)), 202);
  });
  app.openapi(postRestart, async (c) => {
    granted(await appliance.restart(c.req.valid("query").force));
    return c.body(null, 204);
  });
  app.openapi(postPowerOff, async (c) => {
    granted(await appliance.powerOff(c.req.valid("query").force));
    return c.body(null, 204);
  });
  app.openapi(postReset, async (c) => {
    granted(await appliance.factoryReset(c.req.valid("query").force));
    return c.body(null, 204);
  });
  app.openapi(putTimeServers, async (c) =>
    c.json(granted(await appliance.setTimeServers(c.req.valid("json").servers)), 200),
  );
  app.openapi(putNetwork, async (c) => {
    const { force } = c.req.valid("query");
    return c.json(granted(await appliance.setNetwork(c.req.valid("json"), force)), 200);
  });
  const { logBundleToStick } = appliance;
  if (logBundleToStick !== undefined)
    app.openapi(postLogBundle, async (c) =>
      c.json(granted(await logBundleToStick.call(appliance, c.req.valid("json").device)), 200),
    );
  app.openapi(getLogBundle, async (c) => {
    const tar = granted(await appliance.logBundle());
    return c.body(tar, 200, {
      "content-type": TAR,
      "content-disposition": 'attachment; filename="udr-10a-logs.tar"',
      "cache-control": "no-store",
    });
  });
}
