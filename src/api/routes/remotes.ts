// The remotes: is one there and does it know us (C-ECHO, PS3.7 §9.1.5); adding, changing and removing one (service).

import { createRoute, z } from "@hono/zod-openapi";
import {
  echoResultSchema,
  forcedQuerySchema,
  newRemoteSchema,
  remoteChangeSchema,
  remoteViewSchema,
} from "../contract.ts";
import type { Device } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, body, json, path, refusals, servicePin } from "../route.ts";
import type { ServicePin } from "../service-pin.ts";

const params = z.object({ id: z.string() });
const IN_USE =
  "409 with what it is still needed for (jobs, confirmations of images, performed steps, an open exam), unless forced; jobs then fail and can be tried again when a remote of that id is there again.";

const postEcho = createRoute({
  method: "post",
  path: path("/remotes/{id}/echo"),
  summary: "C-ECHO to a remote now; a remote that does not answer is a result, not an error",
  request: { params },
  responses: { 200: json(echoResultSchema, "What came of it"), ...refusals },
});

const postRemote = createRoute({
  method: "post",
  path: path("/remotes"),
  summary: "Adds a remote to the configuration; it applies at once",
  security: servicePin,
  request: body(newRemoteSchema),
  responses: { 201: json(remoteViewSchema, "The remote as configured"), ...refusals },
});

const patchRemote = createRoute({
  method: "patch",
  path: path("/remotes/{id}"),
  summary: "Changes some keys of a remote; the others stay as they are",
  description: `Of a service or the archive mark taken away: ${IN_USE}`,
  security: servicePin,
  request: { params, query: forcedQuerySchema, ...body(remoteChangeSchema) },
  responses: { 200: json(remoteViewSchema, "The remote as configured"), ...refusals },
});

const deleteRemote = createRoute({
  method: "delete",
  path: path("/remotes/{id}"),
  summary: "Takes a remote, and its printer's settings, out of the configuration",
  description: IN_USE,
  security: servicePin,
  request: { params, query: forcedQuerySchema },
  responses: { 204: { description: "It is gone" }, ...refusals },
});

export function remoteRoutes(app: ApiApp, device: Device, pin: ServicePin): void {
  const { remotes } = device;
  app.openapi(postEcho, async (c) =>
    c.json(granted(await remotes.echo(c.req.valid("param").id)), 200),
  );
  app.openapi(postRemote, async (c) => {
    pin.require(c.req.header("authorization"));
    return c.json(granted(await remotes.add(c.req.valid("json"))), 201);
  });
  app.openapi(patchRemote, async (c) => {
    pin.require(c.req.header("authorization"));
    const { force } = c.req.valid("query");
    const { id } = c.req.valid("param");
    return c.json(granted(await remotes.change(id, c.req.valid("json"), force)), 200);
  });
  app.openapi(deleteRemote, async (c) => {
    pin.require(c.req.header("authorization"));
    const { force } = c.req.valid("query");
    granted(await remotes.remove(c.req.valid("param").id, force));
    return c.body(null, 204);
  });
}
