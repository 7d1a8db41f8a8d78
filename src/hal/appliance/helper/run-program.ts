// Runs one program of the system to its end, bounded in time and in what it may say.

import { spawn } from "node:child_process";
import type { Ran, RunLimits } from "./helper.ts";

const STDERR_BYTES_KEPT = 16 * 1024;
const STDOUT_BYTES_MAX = 1024 * 1024;
const NOT_STARTED = 127;

export function runProgram(
  program: string,
  args: readonly string[],
  { timeoutMs, stdoutBytesMax = STDOUT_BYTES_MAX }: RunLimits,
): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const child = spawn(program, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    env: { PATH: "/usr/bin:/usr/sbin:/bin:/sbin", LC_ALL: "C.UTF-8" },
  });
  const out: Buffer[] = [];
  let outBytes = 0;
  let isCut = false;
  let stderr = "";
  const text = () => Buffer.concat(out).toString("utf8");
  child.stdout.on("data", (chunk: Buffer) => {
    if (isCut) return;
    out.push(chunk.subarray(0, stdoutBytesMax - outBytes));
    outBytes += chunk.byteLength;
    if (outBytes < stdoutBytesMax) return;
    isCut = true;
    child.kill();
    // What it started in turn may hold the pipe open.
    child.stdout.destroy();
    resolve({ code: 0, stdout: text(), stderr });
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-STDERR_BYTES_KEPT);
  });
  child.on("error", (error) =>
    resolve({ code: NOT_STARTED, stdout: "", stderr: `${program}: ${error.message}` }),
  );
  child.on("close", (code, signal) => {
    const stdout = text();
    if (code === null) {
      const reason = `${program} was ended by ${signal ?? "a signal"}: it took too long`;
      resolve({ code: NOT_STARTED, stdout, stderr: `${stderr}\n${reason}` });
    } else resolve({ code, stdout, stderr });
  });
  return promise;
}
