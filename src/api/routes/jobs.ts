// Durable jobs: send, print, export, retrieve.

import { createRoute, z } from "@hono/zod-openapi";
import { jobFilterSchema, jobSchema, newJobSchema } from "../contract.ts";
import type { Device } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, body, json, path, refusals } from "../route.ts";

const params = z.object({ id: z.string() });

const postJob = createRoute({
  method: "post",
  path: path("/jobs"),
  summary: "Makes a job; it is durable when this answers",
  request: body(newJobSchema),
  responses: { 202: json(jobSchema, "The job"), ...refusals },
});

const getJobs = createRoute({
  method: "get",
  path: path("/jobs"),
  summary: "Jobs, newest first",
  request: { query: jobFilterSchema },
  responses: { 200: json(z.array(jobSchema), "The jobs"), ...refusals },
});

const getJob = createRoute({
  method: "get",
  path: path("/jobs/{id}"),
  summary: "A job with its progress and log",
  request: { params },
  responses: { 200: json(jobSchema, "The job"), ...refusals },
});

const postCancel = createRoute({
  method: "post",
  path: path("/jobs/{id}/cancel"),
  summary: "Cancels a job that has not ended",
  request: { params },
  responses: { 200: json(jobSchema, "The job"), ...refusals },
});

const postRetry = createRoute({
  method: "post",
  path: path("/jobs/{id}/retry"),
  summary: "Tries a waiting, failed or cancelled job again now",
  request: { params },
  responses: { 200: json(jobSchema, "The job"), ...refusals },
});

export function jobRoutes(app: ApiApp, device: Device): void {
  const { jobs } = device;
  app.openapi(postJob, async (c) => {
    const job = granted(await jobs.create(c.req.valid("json")));
    return c.json(job, 202, { location: path(`/jobs/${job.id}`) });
  });
  app.openapi(getJobs, async (c) => c.json([...(await jobs.list(c.req.valid("query")))], 200));
  app.openapi(getJob, async (c) => c.json(granted(await jobs.get(c.req.valid("param").id)), 200));
  app.openapi(postCancel, async (c) =>
    c.json(granted(await jobs.cancel(c.req.valid("param").id)), 200),
  );
  app.openapi(postRetry, async (c) =>
    c.json(granted(await jobs.retry(c.req.valid("param").id)), 200),
  );
}
