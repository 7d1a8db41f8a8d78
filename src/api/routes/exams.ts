// Examinations: opening, preparing an exposure, secondary captures, and the two ways to end.

import { createRoute, z } from "@hono/zod-openapi";
import {
  DEFAULT_DISCONTINUATION_REASON,
  discontinueRequestSchema,
  examFilterSchema,
  examSchema,
  instanceSchema,
  newExamSchema,
  preparedSchema,
  prepareRequestSchema,
  secondaryCaptureRequestSchema,
} from "../contract.ts";
import type { Device } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, body, json, optionalBody, path, refusals } from "../route.ts";
import type { ServicePin } from "../service-pin.ts";

const params = z.object({ id: z.string() });

const postExam = createRoute({
  method: "post",
  path: path("/exams"),
  summary: "Opens an exam: scheduled, unscheduled, or appended to a study",
  request: body(newExamSchema),
  responses: { 201: json(examSchema, "The open exam"), ...refusals },
});

const getExams = createRoute({
  method: "get",
  path: path("/exams"),
  summary: "Exams kept on the device, newest first",
  request: { query: examFilterSchema },
  responses: { 200: json(z.array(examSchema), "The exams"), ...refusals },
});

const getExam = createRoute({
  method: "get",
  path: path("/exams/{id}"),
  summary: "An exam with its exposures and durable instances",
  request: { params },
  responses: { 200: json(examSchema, "The exam"), ...refusals },
});

const postPrepare = createRoute({
  method: "post",
  path: path("/exams/{id}/prepare"),
  summary: "Sets the technique and arms the panel; any kind of exposure may follow",
  request: { params, ...optionalBody(prepareRequestSchema) },
  responses: { 200: json(preparedSchema, "Ready"), ...refusals },
});

const postComplete = createRoute({
  method: "post",
  path: path("/exams/{id}/complete"),
  summary: "Ends the exam",
  request: { params },
  responses: { 200: json(examSchema, "The ended exam"), ...refusals },
});

const postDiscontinue = createRoute({
  method: "post",
  path: path("/exams/{id}/discontinue"),
  summary: "Breaks the exam off, with a reason of CID 9300",
  request: { params, ...optionalBody(discontinueRequestSchema) },
  responses: { 200: json(examSchema, "The ended exam"), ...refusals },
});

const postRelease = createRoute({
  method: "post",
  path: path("/exams/{id}/release"),
  summary: "Lets the held images of an exam discontinued with 110514 go their usual way",
  description:
    "Durable when it answers. Until then nothing of the exam is sent by itself, not even what was queued before its end; jobs that the operator made are not held. The other way is to delete the study. 409 for an exam that is not held.",
  request: { params },
  responses: { 200: json(examSchema, "The exam, held no more"), ...refusals },
});

const postResend = createRoute({
  method: "post",
  path: path("/exams/{id}/mpps/resend"),
  summary:
    "Sends the performed procedure step again, where the MPPS server did not take it; the outcome comes as an exam event",
  request: { params },
  responses: { 200: json(examSchema, "The exam, its step on the way"), ...refusals },
});

const postLastImage = createRoute({
  method: "post",
  path: path("/exams/{id}/last-image"),
  summary: "Stores the held image, the last one of fluoroscopy, as an image of its own",
  description:
    "From the pedal's release until the next exposure, or until the exam ends or another is opened; 409 otherwise. It holds 16 bits a pixel, filtered as it was seen, whether the run is saved or not.",
  request: { params },
  responses: { 201: json(instanceSchema, "The durable instance"), ...refusals },
});

const postLastRun = createRoute({
  method: "post",
  path: path("/exams/{id}/last-run"),
  summary: "Saves the last run of fluoroscopy, which was exposed with save: false, after all",
  description:
    "From the pedal's release until the next exposure, or until the exam ends or another is opened; 409 otherwise, and where the run is saved already. Runs of more than 4 GiB are not kept for this.",
  request: { params },
  responses: { 201: json(z.array(instanceSchema), "The durable instances"), ...refusals },
});

const postCapture = createRoute({
  method: "post",
  path: path("/exams/{id}/secondary-captures"),
  summary: "Makes a secondary capture: the dose page, or a PNG of the screen",
  request: { params, ...optionalBody(secondaryCaptureRequestSchema) },
  responses: { 201: json(instanceSchema, "The durable instance"), ...refusals },
});

export function examRoutes(app: ApiApp, device: Device, pin: ServicePin): void {
  const { exams } = device;
  app.openapi(postExam, async (c) => {
    const request = c.req.valid("json");
    if ("worklistItemId" in request && request.overrideModality === true)
      pin.require(c.req.header("authorization"));
    const exam = granted(await exams.open(request));
    return c.json(exam, 201, { location: path(`/exams/${exam.id}`) });
  });
  app.openapi(getExams, async (c) => {
    const { state, limit } = c.req.valid("query");
    return c.json((await exams.list(state)).slice(0, limit), 200);
  });
  app.openapi(getExam, async (c) => c.json(granted(await exams.get(c.req.valid("param").id)), 200));
  app.openapi(postPrepare, async (c) =>
    c.json(granted(await exams.prepare(c.req.valid("param").id, c.req.valid("json"))), 200),
  );
  app.openapi(postComplete, async (c) =>
    c.json(granted(await exams.complete(c.req.valid("param").id)), 200),
  );
  app.openapi(postDiscontinue, async (c) => {
    // A request without a body is not validated, so its default is not filled in either.
    const { reasonCode = DEFAULT_DISCONTINUATION_REASON } = c.req.valid("json");
    return c.json(granted(await exams.discontinue(c.req.valid("param").id, reasonCode)), 200);
  });
  const { release, resendStep, secondaryCapture, storeLastImage, saveLastRun } = exams;
  if (storeLastImage !== undefined)
    app.openapi(postLastImage, async (c) =>
      c.json(granted(await storeLastImage.call(exams, c.req.valid("param").id)), 201),
    );
  if (saveLastRun !== undefined)
    app.openapi(postLastRun, async (c) =>
      c.json([...granted(await saveLastRun.call(exams, c.req.valid("param").id))], 201),
    );
  if (release !== undefined)
    app.openapi(postRelease, async (c) =>
      c.json(granted(await release.call(exams, c.req.valid("param").id)), 200),
    );
  if (resendStep !== undefined)
    app.openapi(postResend, async (c) =>
      c.json(granted(await resendStep.call(exams, c.req.valid("param").id)), 200),
    );
  if (secondaryCapture !== undefined)
    app.openapi(postCapture, async (c) => {
      const made = secondaryCapture.call(exams, c.req.valid("param").id, c.req.valid("json"));
      return c.json(granted(await made), 201);
    });
}
