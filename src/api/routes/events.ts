// GET events: server-sent events (WHATWG HTML §9.2) out of the event log, resumed at Last-Event-ID.
// A reader pulls; what it has not read waits in the log's ring, not in a queue of its own.

import { createRoute } from "@hono/zod-openapi";
import type { Clock } from "../../core/clock.ts";
import { DEVICE_EVENTS } from "../contract.ts";
import type { EventLog } from "../event-log.ts";
import { problem } from "../problem.ts";
import { type ApiApp, path, refusals } from "../route.ts";

/** A comment line goes out after this much silence, so that both ends notice a dead connection. */
export const HEARTBEAT_MS = 15_000;
/** What a reader waits before it comes back. */
export const RECONNECT_MS = 1_000;
/** Readers at a time: a kiosk, a service laptop and some more. */
export const READERS_MAX = 32;

const getEvents = createRoute({
  method: "get",
  path: path("/events"),
  summary: "Every change, as server-sent events",
  description: `Names: ${DEVICE_EVENTS.join(", ")}; data is the resource as it now is. The first event is "hello" and carries the id to resume from. "reset" says that Last-Event-ID is no longer known: read everything anew.`,
  responses: {
    200: {
      description: "The stream",
      content: { "text/event-stream": { schema: { type: "string" as const } } },
    },
    ...refusals,
  },
});

export function eventRoutes(app: ApiApp, log: EventLog, clock: Clock): void {
  let readers = 0;
  app.openapi(getEvents, (c) => {
    if (readers >= READERS_MAX)
      throw problem("busy", `${READERS_MAX} readers follow the events already. Close some pages.`);
    readers += 1;
    const body = eventStream(log, clock, c.req.header("last-event-id"), () => {
      readers -= 1;
    });
    return new Response(body, {
      headers: {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    });
  });
}

function eventStream(
  log: EventLog,
  clock: Clock,
  lastEventId: string | undefined,
  onClosed: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const known = lastEventId === undefined ? log.last() : log.positionOf(lastEventId);
  let position = known ?? log.last();
  const reset = () => `event: reset\nid: ${log.idOf(position)}\ndata: {}\n\n`;
  let opening = `retry: ${RECONNECT_MS}\n\nevent: hello\nid: ${log.idOf(position)}\ndata: {}\n\n`;
  if (known === null) opening += reset();
  let wake: () => void = () => {};
  let closed = false;

  /** What there is to say now, or "" when nothing is new. */
  const news = (): string => {
    if (opening !== "") {
      const first = opening;
      opening = "";
      return first;
    }
    const missed = log.after(position);
    position = log.last();
    if (missed === null) return reset();
    return missed
      .map((e) => `event: ${e.type}\nid: ${log.idOf(e.number)}\ndata: ${e.json}\n\n`)
      .join("");
  };

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let text = news();
        if (text === "") {
          text = await new Promise<string>((resolve) => {
            const unsubscribe = log.onNews(() => done(news()));
            const timer = clock.after(HEARTBEAT_MS, () => done(": heartbeat\n\n"));
            const done = (said: string) => {
              unsubscribe();
              timer.cancel();
              resolve(said);
            };
            wake = () => done("");
          });
        }
        if (!closed && text !== "") controller.enqueue(encoder.encode(text));
      },
      cancel() {
        closed = true;
        wake();
        onClosed();
      },
    },
    { highWaterMark: 0 },
  );
}
