// The whole device as a process of its own, as script/start runs it: started on free ports with a
// data folder of its own, spoken to over its API, stopped by its pid.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";

const MAIN = join(import.meta.dir, "..", "src", "main.ts");

export interface DeviceProcess extends AsyncDisposable {
  readonly http: string;
  readonly dicomPort: number;
  readonly dataFolder: string;
  readonly process: Subprocess<"ignore", "pipe", "pipe">;
  /** Log lines so far. */
  readonly log: Record<string, unknown>[];
  /** All of its standard error, once it has ended. */
  readonly stderr: Promise<string>;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** SIGTERM (or another signal) and the exit code; the data folder stays. */
  stop(signal?: NodeJS.Signals): Promise<number>;
}

export interface StartOptions {
  readonly dataFolder?: string;
  readonly configuration?: unknown;
  readonly detector?: string;
  /** Another file than config.json of the data folder. */
  readonly configFile?: string;
  readonly http?: number;
  readonly dicom?: number;
  /** The program, if not the one of the sources. */
  readonly main?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The event that is waited for: "ready" unless told. */
  readonly ready?: string;
}

/** A problem+json answer. */
export class ProblemAnswer extends Error {
  readonly status: number;
  readonly detail: string;
  constructor(status: number, detail: string) {
    super(`${status}: ${detail}`);
    this.status = status;
    this.detail = detail;
  }
}

/** Starts the device and waits until it is ready. @throws Error with its stderr when it exits. */
export async function startDevice(options: StartOptions = {}): Promise<DeviceProcess> {
  const own = options.dataFolder === undefined;
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), "udr-device-")));
  if (options.configuration !== undefined)
    await Bun.write(join(dataFolder, "config.json"), JSON.stringify(options.configuration));
  const process = Bun.spawn(
    [
      globalThis.process.execPath,
      options.main ?? MAIN,
      "--data",
      dataFolder,
      "--http",
      String(options.http ?? 0),
      "--dicom",
      String(options.dicom ?? 0),
      ...(options.detector === undefined ? [] : ["--detector", options.detector]),
      ...(options.configFile === undefined ? [] : ["--config", options.configFile]),
    ],
    {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...globalThis.process.env, ...options.env },
    },
  );
  const log: Record<string, unknown>[] = [];
  const stderr = new Response(process.stderr).text();
  const ready = Promise.withResolvers<{ http: string; dicomPort: number }>();
  void readLines(process.stdout, (line) => {
    const entry = JSON.parse(line) as Record<string, unknown>;
    log.push(entry);
    if (entry["event"] === (options.ready ?? "ready"))
      ready.resolve({ http: String(entry["http"]), dicomPort: Number(entry["dicomPort"]) });
  });
  void process.exited.then(async (code) =>
    ready.reject(new StartFailure(code, (await stderr).trim())),
  );
  const { http, dicomPort } = await ready.promise.catch(async (error: unknown) => {
    if (own) await rm(dataFolder, { recursive: true, force: true });
    throw error;
  });

  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${http}/api/v1/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { detail?: string };
    if (!response.ok) throw new ProblemAnswer(response.status, answer.detail ?? "");
    return answer as T;
  };
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    process.kill(signal);
    return process.exited;
  };
  return {
    http,
    dicomPort,
    dataFolder,
    process,
    log,
    stderr,
    stop,
    get: (path) => call("GET", path),
    post: (path, body = {}) => call("POST", path, body),
    async [Symbol.asyncDispose]() {
      if (process.exitCode === null) await stop("SIGKILL");
      if (own) await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** The device exited instead of becoming ready. */
export class StartFailure extends Error {
  readonly code: number;
  readonly stderr: string;
  constructor(code: number, stderr: string) {
    super(`the device exited with ${code}: ${stderr}`);
    this.code = code;
    this.stderr = stderr;
  }
}

/** Polls until `probe` answers something other than undefined; bounded, fails with `what`. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  withinMs = 20_000,
): Promise<T> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await Bun.sleep(20);
  }
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") onLine(line);
  }
}
