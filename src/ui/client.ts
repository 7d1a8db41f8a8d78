// Calls to the local API. Every failure becomes a ProblemAnswer with words for the technician.

import type { Problem } from "../api/contract.ts";
import { strings } from "./strings.ts";

export class ProblemAnswer extends Error {
  override readonly name = "ProblemAnswer";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** What the device said to a request: what was asked for, or why not. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

/** For requests whose refusal the screen itself answers, such as by asking for the PIN. */
export async function outcomeOf<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (!(error instanceof ProblemAnswer)) throw error;
    return { ok: false, problem: error.problem };
  }
}

/** True where a problem is the one with this code: `not-committed`, `wrong-modality` ... */
export const isProblem = (problem: Problem, code: string): boolean =>
  problem.type === `urn:udr-10a:problem:${code}`;

export interface Faults<Field extends string> {
  /** What is wrong with a field, or with what lies below it, in the device's words. */
  readonly fields: Readonly<Partial<Record<Field, string>>>;
  /** The whole refusal, where the fields do not tell all of it. */
  readonly rest?: string;
}

/** Whose fault a refusal is among the fields of a form. */
export function faultsOf<Field extends string>(
  problem: Problem | null,
  fields: readonly Field[],
): Faults<Field> {
  const errors = problem?.errors ?? [];
  const found: Partial<Record<Field, string>> = {};
  let told = 0;
  for (const { path, message } of errors) {
    const field = fields.find(
      (name) => path === name || path.startsWith(`${name}[`) || path.startsWith(`${name}.`),
    );
    if (field === undefined) continue;
    const before = found[field];
    found[field] = before === undefined ? message : `${before}; ${message}`;
    told++;
  }
  const isTold = errors.length > 0 && told === errors.length;
  return problem === null || isTold ? { fields: found } : { fields: found, rest: problem.detail };
}

const PREFIX = "/api/v1";

/** The path of a resource, its parts made safe. */
export const apiPath = (...parts: readonly string[]): string =>
  `${PREFIX}/${parts.map(encodeURIComponent).join("/")}`;

/** The same request, also where the device says that something hinders it. */
export const forced = (path: string, force: boolean): string =>
  force ? `${path}?force=true` : path;

/** @throws ProblemAnswer when the device refuses or does not answer. */
export async function fetchApi(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (cause) {
    throw new ProblemAnswer(localProblem(strings.unreachable, String(cause)));
  }
  if (!response.ok) throw new ProblemAnswer(await problemOf(response));
  return response;
}

/** @throws ProblemAnswer */
export async function read<T>(path: string): Promise<T> {
  return (await (await fetchApi(path)).json()) as T;
}

/** `pin`: the service PIN, where the device asks for it. @throws ProblemAnswer */
export async function send<T>(
  method: string,
  path: string,
  body?: unknown,
  pin?: string | undefined,
): Promise<T> {
  const response = await fetchApi(path, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(pin === undefined ? {} : { authorization: `Bearer ${pin}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (response.status === 204 ? null : await response.json()) as T;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<Problem>;
    if (typeof body.detail === "string" && typeof body.title === "string") return body as Problem;
  } catch {
    // Not JSON: said below.
  }
  return localProblem(strings.internal, `${response.status} ${response.statusText}`);
}

const localProblem = (detail: string, title: string): Problem => ({
  type: "about:blank",
  title,
  status: 0,
  detail,
});
