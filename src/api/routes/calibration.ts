// Calibration of the panel, step by step: start, confirm that the beam is free, look at the figures, accept.
// Everything but looking needs the service PIN.

import { createRoute } from "@hono/zod-openapi";
import { calibrationSchema, startCalibrationSchema, undoCalibrationSchema } from "../contract.ts";
import type { CalibrationPort } from "../device.ts";
import { granted } from "../problem.ts";
import { type ApiApp, body, json, path, refusals, servicePin } from "../route.ts";
import type { ServicePin } from "../service-pin.ts";

const answers = { 200: json(calibrationSchema, "Where the calibration stands"), ...refusals };

const getCalibration = createRoute({
  method: "get",
  path: path("/calibration"),
  summary: "The maps in use, whether they hold, and where a calibration stands",
  responses: answers,
});

const postStart = createRoute({
  method: "post",
  path: path("/calibration/start"),
  summary: "Begins a calibration: offset at once, all after a confirmation",
  security: servicePin,
  request: body(startCalibrationSchema),
  responses: answers,
});

const step = <P extends string>(name: P, summary: string) =>
  createRoute({
    method: "post",
    path: `/api/v1/calibration/${name}` as const,
    summary,
    security: servicePin,
    responses: answers,
  });

const postConfirm = step(
  "confirm",
  "The tube is aligned, the collimator wide open, nothing lies in the beam, nobody is in the room: X-rays follow",
);
const postAccept = step("accept", "Takes the measured maps into use; those before are kept");
const postCancel = step("cancel", "Ends the calibration; nothing of it is kept");

const postUndo = createRoute({
  method: "post",
  path: path("/calibration/undo"),
  summary: "Takes the maps before the last accepted ones into use again",
  security: servicePin,
  request: body(undoCalibrationSchema),
  responses: answers,
});

export function calibrationRoutes(
  app: ApiApp,
  calibration: CalibrationPort,
  pin: ServicePin,
): void {
  app.openapi(getCalibration, async (c) => c.json(calibration.state(), 200));
  // The PIN comes before the body is judged: who may not calibrate learns nothing about what would be valid.
  app.use(path("/calibration/*"), async (c, next) => {
    pin.require(c.req.header("authorization"));
    await next();
  });
  app.openapi(postStart, async (c) =>
    c.json(granted(await calibration.start(c.req.valid("json"))), 200),
  );
  app.openapi(postConfirm, async (c) => c.json(granted(await calibration.confirm()), 200));
  app.openapi(postAccept, async (c) => c.json(granted(await calibration.accept()), 200));
  app.openapi(postCancel, async (c) => c.json(granted(await calibration.cancel()), 200));
  app.openapi(postUndo, async (c) =>
    c.json(granted(await calibration.undo(c.req.valid("json").modeId)), 200),
  );
}
