// A stream connection as the upper layer sees it. hal/net makes real ones (TCP, TLS); tests and the
// simulation make others.

export interface Connection {
  /** Numeric address of the peer; never reverse-resolved. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Common name or subject of the peer's certificate under TLS, else null. */
  readonly peerCertificate: string | null;
  /**
   * Queues bytes in order. The buffers belong to the connection until the promise resolves, which
   * is when more may be written without piling up (backpressure). Rejects once the connection died.
   */
  write(chunks: readonly Uint8Array[]): Promise<void>;
  /** Bytes as they arrive. The chunk may be kept: nobody writes into it again. */
  onData(listener: (chunk: Uint8Array) => void): void;
  /** Called once, when the connection is over, with the cause where it was not a clean close. */
  onClose(listener: (cause: Error | null) => void): void;
  /** Stops and restarts the flow of `onData`. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once; what is queued is dropped. */
  destroy(): void;
}

export interface TlsClientOptions {
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly caFile?: string | undefined;
  /** False: the peer's certificate is not checked. */
  readonly verify: boolean;
}

export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsClientOptions | undefined;
}

/** Opens a connection. @throws ConnectError naming target and cause, also after `timeoutMs`. */
export type Dial = (
  target: DialTarget,
  timeoutMs: number,
  signal?: AbortSignal,
) => Promise<Connection>;

export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly kind: "timeout" | "refused" | "unknown-host" | "tls" | "cancelled" | "unreachable";
  constructor(kind: ConnectError["kind"], message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

export interface TlsServerOptions {
  readonly certFile: string;
  readonly keyFile: string;
  /** With it the client must present a certificate of this authority. */
  readonly caFile?: string | undefined;
}

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Accepts connections on a port (0: a free one). @throws Error naming the port when it is taken. */
export type Listen = (
  options: {
    readonly host: string;
    readonly port: number;
    readonly tls?: TlsServerOptions | undefined;
  },
  onConnection: (connection: Connection) => void,
) => Promise<Listening>;
