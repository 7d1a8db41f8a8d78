// Listens for TCP and TLS connections. Handshakes are bounded in time and number, so that peers
// which open connections and say nothing (A12) neither block the others nor pile up.

import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Listen, Listening, TlsServerOptions } from "../../core/connection.ts";
import type { Log } from "../../core/log.ts";
import { plainAddress, SocketConnection } from "./socket-connection.ts";
import {
  explainTlsError,
  readTlsFiles,
  TLS_12_CIPHERS,
  TLS_VERSION_MIN,
  TlsFileError,
} from "./tls-profile.ts";

/** A TLS handshake takes a few packets; longer is a peer that hangs. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Handshakes under way; one more, and the oldest goes. */
export const HANDSHAKES_MAX = 128;

/** Connections the kernel may hold that we have not yet accepted. */
const BACKLOG = 511;

/** A port that cannot be listened on; the message says what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Makes the listener of the device. */
export function tcpListen(deps: { readonly clock: Clock; readonly log: Log }): Listen {
  return async ({ host, port, tls }, onConnection) => {
    const handshakes = new Map<Socket, Timer>();
    const server = tls === undefined ? createTcpServer() : tlsServer(tls, deps, handshakes);
    if (tls === undefined)
      server.on("connection", (socket: Socket) => onConnection(new SocketConnection(socket, null)));
    else
      server.on("secureConnection", (socket: TLSSocket) =>
        onConnection(new SocketConnection(socket, subjectOf(socket))),
      );
    try {
      await listening(server, host, port);
    } catch (error) {
      // a machine without IPv6 still has all its IPv4 addresses
      if (host !== "::" || !withoutIpv6(error)) throw error;
      await listening(server, "0.0.0.0", port);
    }
    // out of file descriptors, say: the connections there are live on
    server.on("error", (error) => deps.log.error("listener-failed", { error, port }));
    return new OpenPort(server, handshakes);
  };
}

class OpenPort implements Listening {
  readonly port: number;
  readonly #server: Server;
  readonly #handshakes: ReadonlyMap<Socket, Timer>;

  constructor(server: Server, handshakes: ReadonlyMap<Socket, Timer>) {
    this.#handshakes = handshakes;
    const address = server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
    this.#server = server;
  }

  /** Stops listening; connections made before live on, and belong to whoever took them. */
  async close(): Promise<void> {
    this.#server.close();
    for (const socket of [...this.#handshakes.keys()]) socket.destroy();
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => reject(listenError(error, host, port));
    server.once("error", onError);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

function listenError(error: Error, host: string, port: number): ListenError {
  const code = (error as { code?: unknown }).code;
  const where = `port ${port} on ${host}`;
  if (code === "EADDRINUSE")
    return new ListenError(
      `${where} is in use by another program: stop that one, or set another DICOM port`,
      { cause: error },
    );
  if (code === "EACCES")
    return new ListenError(
      `${where} needs a permission: ports below 1024 want CAP_NET_BIND_SERVICE; or set a higher one`,
      { cause: error },
    );
  if (code === "EADDRNOTAVAIL")
    return new ListenError(`${where}: this machine has no such address`, { cause: error });
  return new ListenError(`${where} cannot be opened: ${error.message}`, { cause: error });
}

function withoutIpv6(error: unknown): boolean {
  const cause = error instanceof ListenError ? (error.cause as { code?: unknown }) : null;
  return cause?.code === "EAFNOSUPPORT" || cause?.code === "EADDRNOTAVAIL";
}

/** @throws TlsFileError naming the file that is missing or does not fit. */
function tlsServer(
  options: TlsServerOptions,
  deps: { readonly clock: Clock; readonly log: Log },
  handshakes: Map<Socket, Timer>,
): Server {
  const server = createSecureServer(options);
  const over = (socket: Socket) => {
    handshakes.get(socket)?.cancel();
    handshakes.delete(socket);
  };
  server.on("connection", (socket: Socket) => {
    const [oldest] = handshakes.keys();
    if (handshakes.size >= HANDSHAKES_MAX) oldest?.destroy();
    handshakes.set(
      socket,
      deps.clock.after(HANDSHAKE_TIMEOUT_MS, () => socket.destroy()),
    );
    socket.once("close", () => over(socket));
    socket.on("error", () => {});
  });
  server.on("secureConnection", over);
  server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
    const who = plainAddress(socket.remoteAddress ?? "a peer");
    deps.log.warn("tls-refused", { reason: explainTlsError(error, who) });
    socket.destroy();
  });
  return server;
}

function createSecureServer(options: TlsServerOptions): Server {
  const material = readTlsFiles(options);
  const mutual = options.caFile !== undefined;
  try {
    return createTlsServer({
      ...material,
      requestCert: mutual,
      rejectUnauthorized: mutual,
      minVersion: TLS_VERSION_MIN,
      ciphers: TLS_12_CIPHERS,
      // the timers of tlsServer do it
      handshakeTimeout: 2 * HANDSHAKE_TIMEOUT_MS,
    });
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const files = [options.certFile, options.keyFile, options.caFile].filter(Boolean).join(", ");
    throw new TlsFileError(explainTlsError(error, files), { cause });
  }
}

function subjectOf(socket: TLSSocket): string | null {
  // an empty object where the peer showed none
  const subject = socket.getPeerCertificate()?.subject?.CN;
  return (Array.isArray(subject) ? subject.join(",") : subject) ?? null;
}
