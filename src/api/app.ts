// The local API: parse, call, answer. One OpenAPI document from the schemas that validate.

import { OpenAPIHono } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { AssertionError } from "../core/assert.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Device } from "./device.ts";
import { fieldErrors } from "./field-errors.ts";
import { guardBody, guardOrigin } from "./guard.ts";
import { kioskRoutes } from "./kiosk-files.ts";
import { PROBLEMS, ProblemError, problem, problemResponse } from "./problem.ts";
import { API_PREFIX, type ApiApp, type ApiEnv, path } from "./route.ts";
import { applianceRoutes, SERVICE_PIN_PATH } from "./routes/appliance.ts";
import { backupRoutes } from "./routes/backup.ts";
import { calibrationRoutes } from "./routes/calibration.ts";
import { configRoutes } from "./routes/config.ts";
import { eventRoutes } from "./routes/events.ts";
import { examRoutes } from "./routes/exams.ts";
import { healthRoutes } from "./routes/health.ts";
import { instanceRoutes } from "./routes/instances.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { liveRoutes } from "./routes/live.ts";
import { mediaRoutes } from "./routes/media.ts";
import { queryRoutes } from "./routes/query.ts";
import { remoteRoutes } from "./routes/remotes.ts";
import { simulatorRoutes } from "./routes/simulator.ts";
import { stickSettingsRoutes } from "./routes/stick-settings.ts";
import { studyRoutes } from "./routes/studies.ts";
import { worklistRoutes } from "./routes/worklist.ts";
import { ServicePin } from "./service-pin.ts";

export interface ApiOptions {
  readonly device: Device;
  readonly clock: Clock;
  readonly log: Log;
  /** Folder of the bundled kiosk page; absent: no page. */
  readonly kioskFolder?: string | undefined;
  /** Told of a broken invariant, which must end the process; the request is answered 500. */
  readonly onImpossible?: ((error: AssertionError) => void) | undefined;
}

/** The whole API and kiosk page as one request handler (`app.fetch`). */
export function createApi(options: ApiOptions): ApiApp {
  const { device, clock, log } = options;
  const app: ApiApp = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = fieldErrors(result.error, result.target);
      const named = errors.map((e) => {
        if (e.path !== "") return `${e.path} ${e.message}`;
        return e.message.startsWith("must") ? `The body ${e.message}` : e.message;
      });
      throw problem("invalid-field", `${named.join("; ")}.`, errors);
    },
  });

  app.use("*", guardOrigin);
  app.use(`${API_PREFIX}/*`, guardBody);

  const { configuration } = device;
  const pin = new ServicePin(
    clock,
    () => configuration.pin(),
    configuration.setFirstPin === undefined
      ? `put {"http": {"pin": "..."}} into ${configuration.file} on the device and restart it`
      : `set it on the System screen, or by PUT ${SERVICE_PIN_PATH}`,
  );
  healthRoutes(app, device);
  configRoutes(app, device, pin);
  remoteRoutes(app, device, pin);
  if (device.worklist !== undefined) worklistRoutes(app, device.worklist);
  examRoutes(app, device, pin);
  if (device.simulator !== undefined) simulatorRoutes(app, device.simulator);
  studyRoutes(app, device, pin);
  instanceRoutes(app, device);
  jobRoutes(app, device);
  if (device.query !== undefined) queryRoutes(app, device.query);
  if (device.media !== undefined) mediaRoutes(app, device.media);
  if (device.calibration !== undefined) calibrationRoutes(app, device.calibration, pin);
  applianceRoutes(app, device, pin);
  if (device.backup !== undefined) backupRoutes(app, device.backup, pin);
  if (device.stickSettings !== undefined) stickSettingsRoutes(app, device.stickSettings, pin);
  eventRoutes(app, device.events, clock);
  if (device.live !== undefined) liveRoutes(app);
  describe(app);
  if (options.kioskFolder !== undefined) kioskRoutes(app, options.kioskFolder);

  app.notFound((c) => {
    const allowed = methodsOf(app, c.req.path);
    if (allowed.length > 0)
      return problemResponse(
        { code: "method-not-allowed", detail: `It takes ${allowed.join(", ")}.` },
        c.req.path,
        { allow: allowed.join(", ") },
      );
    return problemResponse(
      {
        code: "not-found",
        detail: `There is no ${c.req.path}. ${path("/openapi.json")} lists what there is.`,
      },
      c.req.path,
    );
  });

  app.onError((error, c) => {
    const at = { method: c.req.method, route: routeOf(app, c.req.path) };
    if (error instanceof ProblemError) {
      const { status } = PROBLEMS[error.refusal.code];
      if (status >= 500) log.warn("api-refusal", { ...at, code: error.refusal.code });
      return problemResponse(error.refusal, c.req.path, error.headers);
    }
    if (error instanceof HTTPException && error.status < 500)
      return problemResponse(
        { code: "malformed-request", detail: `${error.message}. Send well-formed JSON.` },
        c.req.path,
      );
    log.error("api-error", { ...at, error });
    if (error instanceof AssertionError) options.onImpossible?.(error);
    return problemResponse(
      {
        code: "internal",
        detail:
          "Something went wrong inside the device; the log has the details. Try again, and call service if it stays so.",
      },
      c.req.path,
    );
  });
  return app;
}

function describe(app: ApiApp): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "servicePin", {
    type: "http",
    scheme: "bearer",
    description: "The service PIN of the configuration",
  });
  const document = {
    openapi: "3.1.0",
    info: {
      title: "UDR-10A local API",
      version: "1",
      description:
        "Control of the X-ray system from the machine it runs on. Errors are RFC 9457 problem details. Times are ISO 8601.",
    },
    servers: [{ url: "/" }],
  };
  app.get(path("/openapi.json"), (c) => c.json(app.getOpenAPI31Document(document)));
}

const PARAMETER = /:[^/]+/g;

/** Registered routes of `requested`, as patterns. */
const matching = (app: ApiApp, requested: string) =>
  app.routes.filter(
    ({ method, path: pattern }) =>
      method !== "ALL" &&
      new RegExp(`^${pattern.replace(/[.]/g, "\\.").replace(PARAMETER, "[^/]+")}$`).test(requested),
  );

const methodsOf = (app: ApiApp, requested: string) => [
  ...new Set(matching(app, requested).map(({ method }) => method)),
];

/** The pattern of a path, fit for a log line: it holds no patient data. */
const routeOf = (app: ApiApp, requested: string) => matching(app, requested)[0]?.path ?? "unknown";
