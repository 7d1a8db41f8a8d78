// What the API answers when it cannot do what was asked: RFC 9457 problem details, from one table.

import type { Problem } from "./contract.ts";

/** Code → HTTP status and title; the type is `urn:udr-10a:problem:<code>`. */
export const PROBLEMS = {
  "malformed-request": { status: 400, title: "The request cannot be read" },
  "pin-required": { status: 401, title: "The service PIN is needed" },
  "pin-wrong": { status: 401, title: "The service PIN is wrong" },
  "pin-not-set": { status: 403, title: "No service PIN is set" },
  "foreign-host": { status: 403, title: "The request came under a foreign name" },
  "foreign-origin": { status: 403, title: "The request came from a foreign page" },
  "not-allowed": { status: 403, title: "The configuration does not allow this" },
  "not-found": { status: 404, title: "Not found" },
  "method-not-allowed": { status: 405, title: "This path has no such method" },
  "exam-not-open": { status: 409, title: "The exam has ended" },
  "exam-already-open": { status: 409, title: "An exam of that study is open" },
  "no-open-exam": { status: 409, title: "No exam is open" },
  "wrong-modality": { status: 409, title: "The worklist item is for another modality" },
  "not-ready": { status: 409, title: "The system is not ready" },
  "not-committed": { status: 409, title: "The archive has not committed the study" },
  "in-use": { status: 409, title: "The resource is in use" },
  "wrong-state": { status: 409, title: "Not possible in this state" },
  "body-too-large": { status: 413, title: "The request is too large" },
  "not-json": { status: 415, title: "The request is not JSON" },
  "range-not-satisfiable": { status: 416, title: "The range lies outside the file" },
  "invalid-field": { status: 422, title: "A field of the request is not valid" },
  "unknown-reference": { status: 422, title: "The request names something unknown" },
  "upgrade-required": { status: 426, title: "This path speaks WebSocket" },
  "too-many-attempts": { status: 429, title: "Too many wrong PINs" },
  internal: { status: 500, title: "The device made an error" },
  unsupported: { status: 501, title: "This device cannot do that" },
  "device-fault": { status: 503, title: "A part of the system is not working" },
  busy: { status: 503, title: "The device is busy" },
  "disk-full": { status: 507, title: "The disk is full" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface FieldError {
  /** Path of the field, such as `patient.name` or `films[0].images`. */
  readonly path: string;
  readonly message: string;
}

/** An expected "no": which problem it is and what the technician can do. */
export interface Refusal {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly FieldError[] | undefined;
  /** Whether ?force=true would overrule it; absent where nothing is to be forced. */
  readonly canForce?: boolean | undefined;
}

/** What a part of the device answers: a value, or a refusal in words. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

export const answer = <T>(value: T): Answer<T> => ({ ok: true, value });
export const refuse = (
  code: ProblemCode,
  detail: string,
  errors?: readonly FieldError[],
): Answer<never> => ({ ok: false, refusal: { code, detail, errors } });

/** Carries a refusal from a route to the app's error handler. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly refusal: Refusal;
  readonly headers: Readonly<Record<string, string>>;

  constructor(refusal: Refusal, headers: Readonly<Record<string, string>> = {}) {
    super(refusal.detail);
    this.refusal = refusal;
    this.headers = headers;
  }
}

export function problem(
  code: ProblemCode,
  detail: string,
  errors?: readonly FieldError[],
): ProblemError {
  return new ProblemError({ code, detail, errors });
}

/** The value of an answer. @throws ProblemError carrying the refusal. */
export function granted<T>(given: Answer<T>): T {
  if (!given.ok) throw new ProblemError(given.refusal);
  return given.value;
}

/** `{type, title, status, detail, instance?, errors?, canForce?}` as application/problem+json. */
export function problemResponse(
  refusal: Refusal,
  path?: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { status, title } = PROBLEMS[refusal.code];
  const body: Problem = {
    type: `urn:udr-10a:problem:${refusal.code}`,
    title,
    status,
    detail: refusal.detail,
    ...(path === undefined ? {} : { instance: path }),
    ...(refusal.errors === undefined ? {} : { errors: [...refusal.errors] }),
    ...(refusal.canForce === undefined ? {} : { canForce: refusal.canForce }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...headers,
    },
  });
}
