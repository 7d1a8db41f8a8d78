// What every request passes first: the name it came under, the page it came from, its size and type.
// The API listens on loopback, but a browser can be talked into calling loopback (DNS rebinding).

import type { MiddlewareHandler } from "hono";
import { problem } from "./problem.ts";

/** JSON of an ordinary request. */
export const BODY_BYTES_MAX = 256 * 1024;
/** A whole configuration. */
export const CONFIGURATION_BYTES_MAX = 1024 * 1024;
/** A captured screen as base64 in JSON. */
export const CAPTURE_BYTES_MAX = 25 * 1024 * 1024;

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

const nameOf = (host: string) => host.replace(/:\d{1,5}$/, "").toLowerCase();

/** True when `host` (a Host header) is a name of this machine's loopback. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.has(nameOf(host));
}

/** True when a page of `origin` may call the server that is addressed as `host`. */
export function isOwnOrigin(origin: string, host: string): boolean {
  return origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

/** Refuses requests under foreign names and from foreign pages. */
export const guardOrigin: MiddlewareHandler = async (c, next) => {
  const host = c.req.header("host") ?? new URL(c.req.url).host;
  if (!isLoopbackHost(host))
    throw problem(
      "foreign-host",
      "This interface answers only under localhost, 127.0.0.1 and [::1]. Open it by one of these names on the device itself.",
    );
  const origin = c.req.header("origin");
  if (origin !== undefined && !isOwnOrigin(origin, host))
    throw problem(
      "foreign-origin",
      "Only the device's own page may call this interface from a browser.",
    );
  await next();
};

/** Read by its route as it comes, which bounds it; not JSON. */
const STREAMED = "/appliance/update/upload";

const bodyLimitOf = (path: string): number => {
  if (path.endsWith("/secondary-captures")) return CAPTURE_BYTES_MAX;
  return path.endsWith("/config") ? CONFIGURATION_BYTES_MAX : BODY_BYTES_MAX;
};

/** Bodies are JSON and bounded; one that is too large is not read to its end. */
export const guardBody: MiddlewareHandler = async (c, next) => {
  const { raw } = c.req;
  if (raw.method === "GET" || raw.method === "HEAD" || raw.body === null) return next();
  if (c.req.path.endsWith(STREAMED)) return next();
  const limit = bodyLimitOf(c.req.path);
  const body = await readBounded(raw.body, limit, Number(c.req.header("content-length") ?? 0));
  if (body === null)
    throw problem(
      "body-too-large",
      `The request is larger than the ${limit / 1024} KiB this path takes.`,
    );
  const type = c.req.header("content-type") ?? "";
  if (body.byteLength > 0 && !/^application\/json\s*(;|$)/i.test(type))
    throw problem("not-json", "Send the body as JSON with Content-Type: application/json.");
  const headers = new Headers(raw.headers);
  headers.delete("content-length");
  headers.delete("transfer-encoding");
  if (body.byteLength === 0) headers.delete("content-type");
  c.req.raw = new Request(raw.url, {
    method: raw.method,
    headers,
    body: body.byteLength === 0 ? null : body,
    signal: raw.signal,
  });
  return next();
};

async function readBounded(
  body: ReadableStream<Uint8Array>,
  limit: number,
  announced: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (announced > limit) return null;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > limit) return null;
    chunks.push(chunk);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
