// Small makers for route definitions: every route answers JSON or problem details.

import type { OpenAPIHono, z } from "@hono/zod-openapi";
import { problemSchema } from "./contract.ts";

/** Set by the server for requests that may become WebSockets. */
export interface ApiEnv {
  Bindings: { readonly upgrade?: ((request: Request) => boolean) | undefined };
}

export type ApiApp = OpenAPIHono<ApiEnv>;

export const API_PREFIX = "/api/v1";

export const path = <P extends string>(below: P): `${typeof API_PREFIX}${P}` =>
  `${API_PREFIX}${below}`;

export const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

export const bytes = (type: string, description: string) => ({
  description,
  content: { [type]: { schema: { type: "string" as const, format: "binary" } } },
});

export const body = <S extends z.ZodType>(schema: S) => ({
  body: { required: true, content: { "application/json": { schema } } },
});

/** A body that may be left out; the handler then sees the schema's defaults through {@link orDefault}. */
export const optionalBody = <S extends z.ZodType>(schema: S) => ({
  body: { required: false, content: { "application/json": { schema } } },
});

export const refusals = {
  default: {
    description: "A problem, with what a technician can do",
    content: { "application/problem+json": { schema: problemSchema } },
  },
};

export const servicePin = [{ servicePin: [] }];
