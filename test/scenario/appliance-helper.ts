// The appliance's root helper, as the device sees it: a socket that answers one request a connection.

import { createServer } from "node:net";
import type { StatusAnswer } from "../../src/hal/appliance/messages.ts";

export interface ApplianceHelper {
  /** What was asked for, in order. */
  readonly asked: readonly string[];
  /** The journal is answered after this. */
  holdJournal(until: Promise<void>): void;
  close(): void;
}

/** @param journal path that is answered as the journal's */
export async function startHelper(path: string, journal: string): Promise<ApplianceHelper> {
  const asked: string[] = [];
  let held: Promise<void> = Promise.resolve();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", async (data) => {
      const { do: what } = JSON.parse(data.toString()) as { do: string };
      asked.push(what);
      if (what === "journal") await held;
      const status: StatusAnswer = {
        version: "0.1.0",
        slot: "A",
        tries: null,
        good: true,
        other: null,
        failedUnits: [],
        timeServers: [],
        network: { addresses: [], settings: [] },
      };
      socket.end(
        `${JSON.stringify({ ok: true, ...(what === "journal" ? { path: journal } : status) })}\n`,
      );
    });
  });
  await new Promise<void>((ready) => server.listen(path, ready));
  return {
    asked,
    holdJournal(until) {
      held = until;
    },
    close: () => server.close(),
  };
}
