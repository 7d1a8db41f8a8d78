// What a test asks of the device inside the machine: its local API, which only listens there, and the
// root helper. Each call is a short program run in the guest.

import { type Machine, MachineError } from "./machine.ts";

const BUN = "/usr/lib/udr/bun";

const CALL = `
const [method, path, body, pin] = process.argv.slice(1);
const response = await fetch("http://127.0.0.1:8080/api/v1/" + path, {
  method,
  headers: {
    ...(body === "" ? {} : { "content-type": "application/json" }),
    ...(pin === "" ? {} : { authorization: "Bearer " + pin }),
  },
  ...(body === "" ? {} : { body }),
});
process.stdout.write(JSON.stringify({ status: response.status, text: await response.text() }));`;

/** Calls the local API; service functions want the PIN. @throws MachineError when the answer is a problem */
export async function api<T>(
  machine: Machine,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
  pin = "",
): Promise<T> {
  const text = body === undefined ? "" : JSON.stringify(body);
  const { code, out } = await machine.exec([BUN, "-e", CALL, method, path, text, pin], 180_000);
  if (code !== 0) throw new MachineError(`${method} ${path}: ${out}`);
  const answer = JSON.parse(out) as { status: number; text: string };
  if (answer.status >= 400)
    throw new MachineError(`${method} ${path}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text) as T;
}

const ASK = `
import { createConnection } from "node:net";
const socket = createConnection("/run/udr/appliance.sock");
let text = "";
socket.on("data", (chunk) => { text += chunk; });
socket.on("close", () => { process.stdout.write(text.trim().split("\\n").at(-1) ?? ""); process.exit(0); });
socket.on("error", (error) => { process.stderr.write(error.message); process.exit(1); });
socket.write(process.argv[1] + "\\n");`;

export interface HelperAnswer {
  readonly ok: boolean;
  readonly reason?: string;
  readonly version?: string;
}

/** Asks the root helper, as the program's user does, and answers its last word. */
export async function askHelper(
  machine: Machine,
  request: Readonly<Record<string, unknown>>,
  timeoutMs = 600_000,
): Promise<HelperAnswer> {
  const { code, out } = await machine.exec(
    [
      "/usr/bin/setpriv",
      "--reuid=udr",
      "--regid=udr",
      "--clear-groups",
      BUN,
      "-e",
      ASK,
      JSON.stringify(request),
    ],
    timeoutMs,
  );
  if (code !== 0) throw new MachineError(`the helper: ${out}`);
  return JSON.parse(out) as HelperAnswer;
}

export interface Medium {
  readonly kind: string;
  readonly device: string;
  readonly usable: boolean;
  readonly reason?: string;
}

/** Waits until the device offers a stick. */
export async function waitForStick(machine: Machine): Promise<Medium> {
  let found: Medium | undefined;
  await machine.waitFor(
    "a usable stick",
    async () => {
      const { media } = await mediaOf(machine);
      found = media.find((medium) => medium.kind === "usb" && medium.usable);
      return found !== undefined;
    },
    120_000,
  );
  if (found === undefined) throw new MachineError("no stick");
  return found;
}

async function mediaOf(machine: Machine): Promise<{ readonly media: readonly Medium[] }> {
  const answer = await api<readonly Medium[] | { media: readonly Medium[] }>(
    machine,
    "GET",
    "media",
  );
  return "media" in answer ? answer : { media: answer };
}
