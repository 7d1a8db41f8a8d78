// Puts the API on a loopback port, and sends live frames to WebSockets: the newest frame wins.

import type { Server, ServerWebSocket } from "bun";
import type { Unsubscribe } from "../core/listeners.ts";
import type { LivePort } from "./device.ts";
import { encodeLiveFrame, type LiveFrame } from "./live-frame.ts";
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
  pending: LiveFrame | null;
  draining: boolean;
  unsubscribe: Unsubscribe;
}

/** Listens on 127.0.0.1; port 0 takes a free one. @throws ApiPortError */
export function serveApi(app: ApiApp, port: number, live?: LivePort): ApiServer {
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
          viewers < LIVE_VIEWERS_MAX &&
          own.upgrade(candidate, {
            data: { pending: null, draining: false, unsubscribe: () => {} },
          });
        return app.fetch(request, { upgrade });
      },
      websocket: {
        maxPayloadLength: 1024,
        open(socket) {
          viewers += 1;
          socket.data.unsubscribe = live?.subscribe((frame) => offer(socket, frame)) ?? (() => {});
        },
        message() {},
        drain(socket) {
          socket.data.draining = false;
          const { pending } = socket.data;
          socket.data.pending = null;
          if (pending !== null) offer(socket, pending);
        },
        close(socket) {
          viewers -= 1;
          socket.data.unsubscribe();
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

/** Sends the frame, or keeps it in place of an older one while the socket is busy. */
function offer(socket: ServerWebSocket<Viewer>, frame: LiveFrame): void {
  if (socket.data.draining) {
    socket.data.pending = frame;
    return;
  }
  // Bun answers -1 when the bytes wait for the socket to drain.
  if (socket.send(encodeLiveFrame(frame)) === -1) socket.data.draining = true;
}
