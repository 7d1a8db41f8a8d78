// The OpenAPI document: sound in structure, and exactly the routes that exist.

import { expect, test } from "bun:test";
import { createApi } from "../../src/api/app.ts";
import { DEVICE_EVENTS } from "../../src/api/contract.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { fakeDevice } from "./fake-device.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
interface Answer {
  description: string;
  content?: Record<string, { schema?: Json }>;
}
interface Operation {
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema?: object }[];
  requestBody?: { content: Record<string, { schema?: Json }> };
  responses: Record<string, Answer> & { default?: Answer };
  security?: object[];
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, Json>> & {
    securitySchemes?: { servicePin?: Json };
  };
}

async function documentAndRoutes() {
  const clock = new SimulatedClock();
  using device = await fakeDevice(clock);
  const app = createApi({ device, clock, log: silentLog });
  const response = await app.request("/api/v1/openapi.json");
  expect(response.headers.get("content-type")).toStartWith("application/json");
  const routes = app.routes
    .filter((r) => r.method !== "ALL" && r.path.startsWith("/api/v1/"))
    .map((r) => `${r.method} ${r.path.replace(/:([^/]+)/g, "{$1}")}`);
  return { document: (await response.json()) as Document, routes: [...new Set(routes)] };
}

const { document, routes } = await documentAndRoutes();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test("the document lists exactly the routes there are", () => {
  expect(document.openapi).toBe("3.1.0");
  expect(operations.map((o) => `${o.method.toUpperCase()} ${o.path}`).sort()).toEqual(
    routes.filter((r) => r !== "GET /api/v1/openapi.json").sort(),
  );
});

test("the routes are those of the contract", () => {
  const contract = [
    "GET health",
    "GET config",
    "PUT config",
    "PATCH config",
    "GET settings/local",
    "PUT settings/local",
    "GET calibration",
    "POST calibration/start",
    "POST calibration/confirm",
    "POST calibration/accept",
    "POST calibration/cancel",
    "POST calibration/undo",
    "POST remotes/{id}/echo",
    "POST remotes",
    "PATCH remotes/{id}",
    "DELETE remotes/{id}",
    "POST worklist/query",
    "GET worklist",
    "POST exams",
    "GET exams",
    "GET exams/{id}",
    "POST exams/{id}/prepare",
    "POST simulator/expose",
    "POST exams/{id}/secondary-captures",
    "POST exams/{id}/last-image",
    "POST exams/{id}/last-run",
    "POST exams/{id}/complete",
    "POST exams/{id}/discontinue",
    "POST exams/{id}/mpps/resend",
    "POST exams/{id}/release",
    "GET studies",
    "GET studies/{uid}",
    "DELETE studies/{uid}",
    "GET instances/{uid}",
    "GET instances/{uid}/file",
    "GET instances/{uid}/rendered",
    "GET instances/{uid}/pixels",
    "POST jobs",
    "GET jobs",
    "GET jobs/{id}",
    "POST jobs/{id}/cancel",
    "POST jobs/{id}/retry",
    "POST query",
    "GET media",
    "POST media/{device}/release",
    "GET appliance",
    "POST appliance/update",
    "PUT appliance/update/upload",
    "POST appliance/restart",
    "POST appliance/power-off",
    "POST appliance/factory-reset",
    "PUT appliance/time-servers",
    "PUT appliance/network",
    "PUT appliance/service-pin",
    "GET appliance/log-bundle",
    "POST appliance/log-bundle",
    "GET backup",
    "GET backup/sets",
    "POST backup",
    "POST backup/restore",
    "POST backup/undo-restore",
    "POST settings/stick/preview",
    "POST settings/stick/apply",
    "POST settings/stick/export",
    "GET events",
    "GET live",
  ];
  expect(routes.filter((r) => !r.endsWith("openapi.json")).sort()).toEqual(
    contract.map((line) => line.replace(" ", " /api/v1/")).sort(),
  );
});

test("every reference in the document leads somewhere", () => {
  const references: string[] = [];
  const walk = (value: Json | undefined): void => {
    if (value === null || typeof value !== "object") return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === "$ref" && typeof inner === "string") references.push(inner);
      else walk(inner as Json);
    }
  };
  walk(document as unknown as Json);
  expect(references.length).toBeGreaterThan(20);
  for (const reference of references) {
    const [hash, components, group = "", name = ""] = reference.split("/");
    expect([hash, components]).toEqual(["#", "components"]);
    expect(document.components[group]?.[name]).toBeDefined();
  }
});

test("every operation says what it does, its parameters, and its problems", () => {
  for (const { path, operation } of operations) {
    expect(operation.summary?.length).toBeGreaterThan(5);
    const named = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
    const declared = (operation.parameters ?? []).filter((p) => p.in === "path");
    expect(declared.map((p) => p.name)).toEqual(named as string[]);
    for (const parameter of operation.parameters ?? []) expect(parameter.schema).toBeDefined();
    const problems = operation.responses.default?.content?.["application/problem+json"];
    expect(problems?.schema).toEqual({ $ref: "#/components/schemas/Problem" });
    expect(Object.keys(operation.responses).some((s) => /^[12]\d\d$/.test(s))).toBe(true);
    for (const { description } of Object.values(operation.responses))
      expect(description.length).toBeGreaterThan(2);
  }
});

test("service routes name the PIN, and events and live frames are described", () => {
  const of = (method: string, path: string) => document.paths[`/api/v1${path}`]?.[method];
  expect(of("put", "/config")?.security).toEqual([{ servicePin: [] }]);
  expect(document.components.securitySchemes?.servicePin).toMatchObject({
    scheme: "bearer",
  });
  const events = JSON.stringify(of("get", "/events"));
  for (const name of [...DEVICE_EVENTS, "hello", "reset"]) expect(events).toContain(name);
  expect(JSON.stringify(of("get", "/live"))).toContain("UDRL");
  const pixels = JSON.stringify(of("get", "/instances/{uid}/pixels"));
  for (const name of ["x-columns", "x-rows", "x-bits-stored"]) expect(pixels).toContain(name);
});
