// The root helper as a program: the service manager starts it for every connection, which is its standard
// input and output. One line in, the answer's lines out, and it ends.

import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { builtFile } from "../../../core/program-file.ts";
import { type AnswerLine, LINE_BYTES_MAX } from "../messages.ts";
import { answerRequest, type HelperPaths, type System } from "./helper.ts";
import { runProgram } from "./run-program.ts";

const SYSTEM_PATHS: HelperPaths = {
  sticks: "/run/media/udr",
  uploads: "/var/lib/udr/updates",
  staging: "/var/lib/udr-system/update",
  settings: "/var/lib/udr-system",
  exports: "/run/udr",
  dataFolder: "/var/lib/udr",
  kernels: ["/boot/EFI/Linux", "/efi/EFI/Linux"],
  mountInfo: "/proc/self/mountinfo",
  facts: builtFile("update.json"),
  publicKey: builtFile("update-key.pem"),
};

/** Who connects and says nothing is sent away. */
const REQUEST_TIMEOUT_MS = 10_000;
/** An abstract address: the kernel gives it back however the process ends. */
const INSTALLATION_LOCK = "\0udr-appliance-installation";

const system: System = { run: runProgram, addresses, lockInstallation };

function addresses(): { interface: string; address: string }[] {
  return Object.entries(networkInterfaces()).flatMap(([name, found = []]) =>
    found
      .filter((a) => !a.internal)
      .map((a) => ({ interface: name, address: a.cidr ?? a.address })),
  );
}

function lockInstallation(): Promise<AsyncDisposable | null> {
  const { promise, resolve } = Promise.withResolvers<AsyncDisposable | null>();
  const server = createServer();
  server.on("error", () => resolve(null));
  server.listen({ path: INSTALLATION_LOCK }, () =>
    resolve({
      [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())),
    }),
  );
  return promise;
}

/** The first line of standard input; null where none comes in time, or it is too long. */
async function requestLine(): Promise<string | null> {
  const reader = Bun.stdin.stream().getReader();
  const decoder = new TextDecoder();
  let text = "";
  const timeout = setTimeout(() => void reader.cancel(), REQUEST_TIMEOUT_MS);
  try {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done || text.length > LINE_BYTES_MAX) return null;
      text += decoder.decode(value, { stream: true });
    }
    return text.slice(0, text.indexOf("\n"));
  } finally {
    clearTimeout(timeout);
  }
}

const write = (line: AnswerLine) => void process.stdout.write(`${JSON.stringify(line)}\n`);
const line = await requestLine();
if (line === null) write({ ok: false, reason: "No request came." });
else
  await answerRequest(line, { system, paths: SYSTEM_PATHS }, write, (problem) =>
    process.stderr.write(`${problem}\n`),
  );
// Standard input stays open as long as the other side likes.
process.stdout.end(() => process.exit(0));
