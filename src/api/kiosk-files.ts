// Serves the bundled kiosk page: a folder read once at start, each file with an ETag of its content.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import type { Hono } from "hono";
import type { ApiEnv } from "./route.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".map": "application/json",
};

/** All from here and nothing from elsewhere; styles may stand in the page. */
const CONTENT_POLICY =
  "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; " +
  "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

const NOT_BUILT =
  "The kiosk page is not built. Run script/setup and start again. The API works without it, see /api/v1/openapi.json.\n";

interface KioskFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

export function kioskRoutes(app: Hono<ApiEnv>, folder: string): void {
  const files = readKiosk(folder);
  app.get("/", (c) => {
    const page = files.get("index.html");
    if (page === undefined) return c.text(NOT_BUILT, 503);
    return answerFile(page, c.req.header("if-none-match"));
  });
  for (const [name, file] of files)
    app.get(`/${name}`, (c) => answerFile(file, c.req.header("if-none-match")));
}

function readKiosk(folder: string): ReadonlyMap<string, KioskFile> {
  const files = new Map<string, KioskFile>();
  if (!existsSync(folder)) return files;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const type = TYPES[extname(name)];
    if (type === undefined || !statSync(path).isFile()) continue;
    const bytes = new Uint8Array(readFileSync(path));
    const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
    files.set(name, { bytes, type, etag });
  }
  return files;
}

function answerFile(file: KioskFile, known: string | undefined): Response {
  const headers = {
    etag: file.etag,
    "cache-control": "no-cache",
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  };
  const fresh = known?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === file.etag);
  if (fresh === true) return new Response(null, { status: 304, headers });
  return new Response(file.bytes, { headers: { ...headers, "content-type": file.type } });
}
