// The local database: studies with their series and instances, and deleting a study.

import { createRoute, z } from "@hono/zod-openapi";
import { studyFilterSchema, studySchema, studySummarySchema } from "../contract.ts";
import type { Device } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, json, path, refusals, servicePin } from "../route.ts";
import type { ServicePin } from "../service-pin.ts";

const params = z.object({ uid: z.string() });

const getStudies = createRoute({
  method: "get",
  path: path("/studies"),
  summary: "Studies kept on the device, newest first",
  request: { query: studyFilterSchema },
  responses: { 200: json(z.array(studySummarySchema), "The studies"), ...refusals },
});

const getStudy = createRoute({
  method: "get",
  path: path("/studies/{uid}"),
  summary: "A study with its series and instances",
  request: { params },
  responses: { 200: json(studySchema, "The study"), ...refusals },
});

const deleteStudy = createRoute({
  method: "delete",
  path: path("/studies/{uid}"),
  summary: "Deletes a study; refused while an archive has not committed it, unless forced",
  description:
    "Every remote marked `archive` must have committed every object made here, whether or not the study was meant to go there. Objects held after 110514 (wrong worklist entry) need no commitment: deleting is one of the operator's two ways. Refused as well (409) while an exam of the study is open or an unfinished job needs it.",
  security: [{}, ...servicePin],
  request: {
    params,
    query: z.strictObject({
      force: z
        .enum(["true", "false"])
        .default("false")
        .openapi({ description: "true needs the service PIN" }),
    }),
  },
  responses: { 204: { description: "Deleted" }, ...refusals },
});

export function studyRoutes(app: ApiApp, device: Device, pin: ServicePin): void {
  const { studies } = device;
  app.openapi(getStudies, async (c) =>
    c.json([...(await studies.list(c.req.valid("query")))], 200),
  );
  app.openapi(getStudy, async (c) =>
    c.json(granted(await studies.get(c.req.valid("param").uid)), 200),
  );
  app.openapi(deleteStudy, async (c) => {
    const force = c.req.valid("query").force === "true";
    if (force) pin.require(c.req.header("authorization"));
    granted(await studies.remove(c.req.valid("param").uid, force));
    return c.body(null, 204);
  });
}
