// Opens TCP and TLS connections with a time-out of our own (the kernel's is two minutes, A2), one
// address of the host after the other.

import { connect, isIP, type Socket } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from "node:tls";
import type { Clock } from "../../core/clock.ts";
import {
  ConnectError,
  type Connection,
  type Dial,
  type DialTarget,
  type TlsClientOptions,
} from "../../core/connection.ts";
import { Resolver } from "./resolve.ts";
import { SocketConnection } from "./socket-connection.ts";
import {
  explainTlsError,
  readTlsFiles,
  TLS_12_CIPHERS,
  TLS_VERSION_MIN,
  TlsFileError,
} from "./tls-profile.ts";

/** Makes the dialler of the device. It remembers the addresses that worked. */
export function tcpDial(deps: {
  readonly clock: Clock;
  readonly resolver?: Resolver | undefined;
}): Dial {
  const { clock, resolver = new Resolver(clock) } = deps;
  return async (target, timeoutMs, signal) => {
    const attempt = new Attempt(target);
    const onAbort = () => attempt.fail(new ConnectError("cancelled", "the request was cancelled"));
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer = clock.after(timeoutMs, () => attempt.fail(timedOut(target, timeoutMs, attempt)));
    void dialAll(target, attempt, resolver, { clock, timeoutMs }).then(
      (connection) => attempt.succeed(connection),
      (error: unknown) => attempt.fail(asConnectError(target, error)),
    );
    try {
      return await attempt.outcome;
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  };
}

/** One call of dial: settles once, and destroys the socket in hand when it failed. */
class Attempt {
  readonly target: DialTarget;
  readonly outcome: Promise<Connection>;
  /** The step that a time-out names. */
  step: "resolving the name" | "connecting" | "TLS handshake" = "resolving the name";
  socket: Socket | null = null;
  over = false;
  readonly #resolve: (connection: Connection) => void;
  readonly #reject: (error: ConnectError) => void;

  constructor(target: DialTarget) {
    this.target = target;
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    this.outcome = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  succeed(connection: Connection): void {
    if (this.over) connection.destroy();
    else this.#resolve(connection);
    this.over = true;
  }

  fail(error: ConnectError): void {
    if (this.over) return;
    this.over = true;
    this.socket?.destroy();
    this.#reject(error);
  }
}

async function dialAll(
  target: DialTarget,
  attempt: Attempt,
  resolver: Resolver,
  time: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<Connection> {
  const tls = target.tls === undefined ? null : tlsOptions(target, target.tls);
  const addresses = await resolver.resolve(target.host);
  if (addresses.length === 0)
    throw new ConnectError(
      "unknown-host",
      `the host name ${target.host} is unknown; check it, or enter the address`,
    );
  let failure: unknown;
  // an address that swallows everything must leave time for the next one
  const share = { ...time, timeoutMs: time.timeoutMs / addresses.length };
  for (const address of addresses) {
    if (attempt.over) break;
    attempt.step = "connecting";
    try {
      const socket = await connectSocket(address, target.port, attempt, share);
      resolver.worked(target.host, address);
      if (tls === null) return new SocketConnection(socket, null);
      attempt.step = "TLS handshake";
      return await secure(socket, target, tls, attempt);
    } catch (error) {
      failure = error;
      if (error instanceof ConnectError) break;
    }
  }
  throw failure ?? new ConnectError("cancelled", "the request was cancelled");
}

function connectSocket(
  address: string,
  port: number,
  attempt: Attempt,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true });
    attempt.socket = socket;
    const timer = clock.after(timeoutMs, () => {
      socket.destroy();
      reject(new Error(`${address} does not answer`));
    });
    const onError = (error: Error) => {
      timer.cancel();
      reject(error);
    };
    socket.once("error", onError);
    socket.once("close", () => timer.cancel());
    socket.once("connect", () => {
      timer.cancel();
      socket.off("error", onError);
      resolve(socket);
    });
  });
}

/** @throws ConnectError where a file is missing or does not fit. */
function tlsOptions(target: DialTarget, options: TlsClientOptions): ConnectionOptions {
  try {
    return {
      ...readTlsFiles(options),
      minVersion: TLS_VERSION_MIN,
      ciphers: TLS_12_CIPHERS,
      rejectUnauthorized: options.verify,
      // a site's own authority vouches for the node, whose certificate often bears no host name;
      // where any public authority would do, the name must fit
      ...(options.caFile === undefined
        ? {
            checkServerIdentity: (_name: string, certificate) =>
              checkServerIdentity(target.host, certificate),
          }
        : { checkServerIdentity: () => undefined }),
      ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
    };
  } catch (error) {
    if (error instanceof TlsFileError) throw new ConnectError("tls", error.message, error);
    throw error;
  }
}

function secure(
  raw: Socket,
  target: DialTarget,
  options: ConnectionOptions,
  attempt: Attempt,
): Promise<Connection> {
  const who = `${target.host}:${target.port}`;
  const explain = (error: Error) => new ConnectError("tls", explainTlsError(error, who), error);
  return new Promise((resolve, reject) => {
    let socket: ReturnType<typeof connectTls>;
    try {
      socket = connectTls({ ...options, socket: raw });
    } catch (error) {
      reject(explain(error instanceof Error ? error : new Error(String(error))));
      return;
    }
    attempt.socket = socket;
    const onError = (error: Error) => reject(explain(error));
    const onClose = () => reject(explain(new Error("the connection closed in the handshake")));
    socket.once("error", onError);
    raw.once("error", onError);
    socket.once("close", onClose);
    socket.once("secureConnect", () => {
      socket.off("error", onError);
      socket.off("close", onClose);
      const subject = socket.getPeerCertificate().subject?.CN;
      const name = Array.isArray(subject) ? subject.join(",") : subject;
      resolve(
        new SocketConnection(
          socket,
          name ?? null,
          (error) => (isTlsError(error) ? explain(error) : error),
          new ConnectError(
            "tls",
            `${who}: closed the connection right after the TLS handshake; perhaps it refused our certificate`,
          ),
        ),
      );
    });
  });
}

/** With TLS 1.3 a refusal of our certificate arrives after the handshake, as a read error. */
function isTlsError(error: Error): boolean {
  const code = (error as { code?: unknown }).code;
  return /ssl|tls|alert|cert/i.test(`${typeof code === "string" ? code : ""} ${error.message}`);
}

function timedOut(target: DialTarget, timeoutMs: number, attempt: Attempt): ConnectError {
  return new ConnectError(
    "timeout",
    `${target.host}:${target.port}: no connection within ${timeoutMs / 1000} s (${attempt.step}); check the address, the cable and the firewall`,
  );
}

function asConnectError(target: DialTarget, error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  const where = `${target.host}:${target.port}`;
  const code = (error as { code?: unknown } | null)?.code;
  if (code === "ECONNREFUSED")
    return new ConnectError(
      "refused",
      `${where} refuses the connection: nothing listens there; check the port and whether the peer runs`,
      error,
    );
  const text = error instanceof Error ? error.message : String(error);
  return new ConnectError("unreachable", `${where} cannot be reached: ${text}`, error);
}
