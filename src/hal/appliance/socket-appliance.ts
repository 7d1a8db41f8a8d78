// The appliance through its root helper: a connection to its socket for every request.

import { connect } from "node:net";
import { z } from "zod";
import type { Clock, Timer } from "../../core/clock.ts";
import { type Appliance, ApplianceError, type ApplianceProgress } from "./appliance.ts";
import {
  type AnswerLine,
  type ApplianceRequest,
  answerLineSchema,
  LINE_BYTES_MAX,
  statusAnswerSchema,
} from "./messages.ts";

/** Nothing heard for so long: the request has failed. Releasing a slow stick takes minutes. */
const SILENCE_MS_MAX = 150_000;
/** Writing a slot says nothing while it lasts. */
const INSTALL_SILENCE_MS_MAX = 30 * 60_000;

/** @param socketPath UDR_APPLIANCE_SOCKET */
export function socketAppliance(socketPath: string, clock: Clock): Appliance {
  const ask = <T extends object>(
    request: ApplianceRequest,
    schema: z.ZodType<T>,
    progress: (now: ApplianceProgress) => void = () => {},
  ) => askHelper({ socketPath, clock, request, schema, progress });
  const nothing = z.object({});
  return {
    async status() {
      const { tries, other, network, ...status } = await ask({ do: "status" }, statusAnswerSchema);
      const { addresses, settings } = network;
      return { ...status, triesLeft: tries, otherVersion: other, addresses, network: settings };
    },
    async release(mountPoint) {
      await ask({ do: "release", mountPoint }, nothing);
    },
    async installUpdate(folder, progress) {
      const version = z.object({ version: z.string() });
      return (await ask({ do: "install-update", folder }, version, progress)).version;
    },
    async restart() {
      await ask({ do: "restart" }, nothing);
    },
    async powerOff() {
      await ask({ do: "power-off" }, nothing);
    },
    async factoryReset() {
      await ask({ do: "factory-reset" }, nothing);
    },
    async journal(sinceMs) {
      return (await ask({ do: "journal", sinceMs }, z.object({ path: z.string() }))).path;
    },
    async setTimeServers(servers) {
      await ask({ do: "set-time-servers", servers: [...servers] }, nothing);
    },
    async setNetwork(settings) {
      await ask({ do: "set-network", ...settings, dns: [...settings.dns] }, nothing);
    },
  };
}

interface Asked<T> {
  readonly socketPath: string;
  readonly clock: Clock;
  readonly request: ApplianceRequest;
  readonly schema: z.ZodType<T>;
  readonly progress: (now: ApplianceProgress) => void;
}

function askHelper<T extends object>({
  socketPath,
  clock,
  request,
  schema,
  progress,
}: Asked<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const socket = connect({ path: socketPath });
    const silenceMs = request.do === "install-update" ? INSTALL_SILENCE_MS_MAX : SILENCE_MS_MAX;
    let timer: Timer = clock.after(silenceMs, () => fail("it says nothing"));
    let text = "";
    let isSettled = false;
    const settle = (end: () => void) => {
      if (isSettled) return;
      isSettled = true;
      timer.cancel();
      socket.destroy();
      end();
    };
    const fail = (why: string, cause?: unknown) =>
      settle(() =>
        reject(
          new ApplianceError(
            `The system's helper failed (${why}). Restart the device, and call service if it stays so.`,
            { cause },
          ),
        ),
      );
    const heard = (line: AnswerLine) => {
      if ("progress" in line) {
        progress({ share: Number(line.progress), step: String(line.step) });
        return;
      }
      if (!line.ok) {
        settle(() => reject(new ApplianceError(String(line.reason))));
        return;
      }
      const parsed = schema.safeParse(line);
      if (parsed.success) settle(() => resolve(parsed.data));
      else fail("its answer cannot be understood", parsed.error);
    };
    socket.setEncoding("utf8");
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (chunk: string) => {
      timer.cancel();
      timer = clock.after(silenceMs, () => fail("it says nothing"));
      const lines = (text + chunk).split("\n");
      text = lines.pop() ?? "";
      if (text.length > LINE_BYTES_MAX) fail("its answer is too long");
      for (const line of lines) {
        if (isSettled || line.trim() === "") continue;
        const parsed = answerLineSchema.safeParse(jsonOf(line));
        if (parsed.success) heard(parsed.data);
        else fail("its answer cannot be understood", parsed.error);
      }
    });
    socket.on("error", (cause) => fail("it cannot be reached", cause));
    socket.on("close", () => fail("it ended without an answer"));
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
