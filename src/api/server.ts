// Puts the API on a loopback port, and lets WebSockets watch the live view.

import type { Server } from "bun";
import type { LivePort } from "./device.ts";
import { LiveFeed } from "./live-feed.ts";
import type { ApiApp } from "./route.ts";

/** An uploaded update (hal/appliance/update-uploads.ts holds the limit that is told in words). */
const UPLOAD_BYTES_MAX = 2 * 1024 ** 3 + 1024 ** 2;
/** Live views at a time. */
export const LIVE_VIEWERS_MAX = 8;

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** Closes the port and every connection. */
  stop(): Promise<void>;
}

/** The port cannot be had; the message names it and what to do. */
export class ApiPortError extends Error {
  override readonly name = "ApiPortError";
}

interface Viewer {
  seat: ReturnType<LiveFeed["add"]> | null;
}

/** Listens on 127.0.0.1; port 0 takes a free one. @throws ApiPortError */
export function serveApi(app: ApiApp, port: number, live?: LivePort): ApiServer {
  const feed = new LiveFeed(live);
  let viewers = 0;
  let server: Server<Viewer>;
  try {
    server = Bun.serve<Viewer>({
      hostname: "127.0.0.1",
      port,
      // A run of fluoroscopy may keep a request waiting for minutes; events have their heartbeat.
      idleTimeout: 0,
      // The guards bound every body; the longest is an uploaded update.
      maxRequestBodySize: UPLOAD_BYTES_MAX,
      fetch(request, own) {
        const upgrade = (candidate: Request) =>
          viewers < LIVE_VIEWERS_MAX && own.upgrade(candidate, { data: { seat: null } });
        return app.fetch(request, { upgrade });
      },
      websocket: {
        maxPayloadLength: 1024,
        open(socket) {
          viewers += 1;
          socket.data.seat = feed.add({
            bufferedBytes: () => socket.getBufferedAmount(),
            send: (message) => void socket.sendBinary(message),
          });
        },
        message() {},
        drain(socket) {
          socket.data.seat?.drained();
        },
        close(socket) {
          viewers -= 1;
          socket.data.seat?.leave();
        },
      },
    });
  } catch (cause) {
    throw new ApiPortError(
      `HTTP port ${port} on 127.0.0.1 cannot be opened (${String(cause)}). End the program that uses it, or choose another with --http.`,
      { cause },
    );
  }
  const taken = server.port ?? port;
  return {
    url: `http://127.0.0.1:${taken}`,
    port: taken,
    stop: () => server.stop(true),
  };
}
