// A network in memory: hosts with ports, streams between them, and what happens to networks. Bytes
// arrive in order, after the link's latency; a host may refuse, fall silent, or lose its mains.

import type { Clock } from "../../src/core/clock.ts";
import {
  ConnectError,
  type Connection,
  type Dial,
  type Listen,
  type Listening,
} from "../../src/core/connection.ts";

/** up: answers. refusing: its program is not there. silent: the cable is out. */
export type HostState = "up" | "refusing" | "silent";

/** How a stream that was opened will end before its time. */
export interface StreamFate {
  /** Breaks after so many pieces of data, counted over both directions. */
  readonly afterChunks: number;
  /** reset: both ends learn it at once. silent: nobody learns anything. */
  readonly how: "reset" | "silent";
}

export interface NetworkOptions {
  readonly clock: Clock;
  /** One way, ms. */
  readonly latencyMs: number;
  /** Asked for each stream opened; null lets it live. */
  readonly fate?: ((from: string, to: string) => StreamFate | null) | undefined;
  /** Told of each piece of data before it travels. */
  readonly onChunk?: ((from: string, to: string) => void) | undefined;
}

interface Port {
  readonly onConnection: (connection: Connection) => void;
}

/** A stream, as the network sees it. */
export interface Stream {
  readonly from: string;
  readonly to: string;
  /** It ended by a fault of the network or of a host, not by either program. */
  readonly faulted: boolean;
}

export class SimNetwork {
  readonly #options: NetworkOptions;
  readonly #hosts = new Map<string, Host>();

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** The host of that name, new and up where there was none. */
  host(name: string): Host {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = new Host(name, this);
      this.#hosts.set(name, host);
    }
    return host;
  }

  /** The stream behind a connection that this network made. */
  static streamOf(connection: Connection): Stream {
    if (!(connection instanceof End)) throw new Error("not a connection of this network");
    return connection.wire;
  }

  /** @internal */
  async open(
    from: Host,
    to: string,
    port: number,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Connection> {
    const { clock, latencyMs } = this.#options;
    const target = `${to}:${port}`;
    await new Promise<void>((resolve) => clock.after(2 * latencyMs, resolve));
    if (signal?.aborted) throw new ConnectError("cancelled", `${target}: given up`);
    const host = this.#hosts.get(to);
    if (host === undefined) throw new ConnectError("unknown-host", `${to} is not known`);
    if (host.state === "silent" || from.state === "silent") {
      await new Promise<void>((resolve) => {
        const timer = clock.after(timeoutMs, resolve);
        signal?.addEventListener("abort", () => {
          timer.cancel();
          resolve();
        });
      });
      throw signal?.aborted
        ? new ConnectError("cancelled", `${target}: given up`)
        : new ConnectError("timeout", `${target} did not answer within ${timeoutMs} ms`);
    }
    const listener = host.state === "up" ? host.ports.get(port) : undefined;
    if (listener === undefined) throw new ConnectError("refused", `${target} refused`);
    const wire = new Wire(this.#options, from.name, to);
    from.wires.add(wire);
    host.wires.add(wire);
    listener.onConnection(wire.ends[1]);
    return wire.ends[0];
  }
}

export class Host {
  readonly name: string;
  /** @internal */
  readonly ports = new Map<number, Port>();
  /** @internal */
  readonly wires = new Set<Wire>();
  readonly #network: SimNetwork;
  #state: HostState = "up";
  #freePort = 49_152;

  constructor(name: string, network: SimNetwork) {
    this.name = name;
    this.#network = network;
  }

  get state(): HostState {
    return this.#state;
  }

  /** Streams that stand are reset when a host begins to refuse, and freeze when it falls silent. */
  set state(state: HostState) {
    this.#state = state;
    if (state !== "up")
      for (const wire of this.#standing()) wire.fail(state === "refusing" ? "reset" : "silent");
  }

  /** The machine stops: its programs hear nothing any more. The peers learn of it, or do not. */
  losePower(how: StreamFate["how"]): void {
    for (const wire of this.#standing()) {
      wire.deafen(this.name);
      wire.fail(how);
    }
    this.ports.clear();
    this.wires.clear();
  }

  readonly dial: Dial = (target, timeoutMs, signal) =>
    this.#network.open(this, target.host, target.port, timeoutMs, signal);

  readonly listen: Listen = async ({ port }, onConnection): Promise<Listening> => {
    const taken = port === 0 ? this.#freePort++ : port;
    if (this.ports.has(taken)) throw new Error(`port ${taken} of ${this.name} is taken`);
    const mine = { onConnection };
    this.ports.set(taken, mine);
    return {
      port: taken,
      close: async () => {
        if (this.ports.get(taken) === mine) this.ports.delete(taken);
      },
    };
  };

  #standing(): Wire[] {
    for (const wire of this.wires) if (wire.over) this.wires.delete(wire);
    return [...this.wires];
  }
}

type Parcel =
  | { readonly kind: "data"; readonly bytes: Uint8Array; readonly taken: () => void }
  | { readonly kind: "end" }
  | { readonly kind: "reset" };

class Wire implements Stream {
  readonly from: string;
  readonly to: string;
  readonly ends: readonly [End, End];
  faulted = false;
  readonly #options: NetworkOptions;
  #chunksLeft: number;
  readonly #how: StreamFate["how"];
  /** Nothing travels any more, and nobody is told. */
  #frozen = false;

  constructor(options: NetworkOptions, from: string, to: string) {
    this.from = from;
    this.to = to;
    this.#options = options;
    const fate = options.fate?.(from, to) ?? null;
    this.#chunksLeft = fate?.afterChunks ?? Number.POSITIVE_INFINITY;
    this.#how = fate?.how ?? "reset";
    this.ends = [new End(this, from, to), new End(this, to, from)];
  }

  get over(): boolean {
    return this.ends.every((end) => end.closed);
  }

  /** Nobody on that host hears of the stream again. */
  deafen(host: string): void {
    for (const end of this.ends) if (end.home === host) end.deaf = true;
  }

  fail(how: StreamFate["how"]): void {
    this.faulted = true;
    if (how === "silent") {
      this.#frozen = true;
      return;
    }
    const [one, two] = this.ends;
    one.lose();
    two.lose();
    this.#frozen = true;
  }

  carry(from: End, parcel: Parcel): void {
    if (this.#frozen) return;
    if (parcel.kind === "data") {
      this.#options.onChunk?.(from.home, from.away);
      // Whoever listened may have cut the mains.
      if (this.#frozen) return;
      if (this.#chunksLeft-- <= 0) {
        this.fail(this.#how);
        return;
      }
    }
    const [one, two] = this.ends;
    const to = from === one ? two : one;
    const arrive = () => {
      if (!this.#frozen) to.arrive(parcel);
    };
    const { latencyMs, clock } = this.#options;
    if (latencyMs > 0) clock.after(latencyMs, arrive);
    else queueMicrotask(arrive);
  }
}

class End implements Connection {
  readonly wire: Wire;
  readonly home: string;
  readonly away: string;
  readonly remotePort = 49_152;
  readonly peerCertificate = null;
  closed = false;
  /** The program at this end does not run any more. */
  deaf = false;
  #paused = false;
  #ended = false;
  readonly #waiting: Parcel[] = [];
  /** Writes that the other side has not taken yet. */
  readonly #pending = new Set<(cause: Error) => void>();
  #onData: ((chunk: Uint8Array) => void) | null = null;
  #onClose: ((cause: Error | null) => void) | null = null;
  #gone: { readonly cause: Error | null } | null = null;

  constructor(wire: Wire, home: string, away: string) {
    this.wire = wire;
    this.home = home;
    this.away = away;
  }

  get remoteAddress(): string {
    return this.away;
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    if (this.closed || this.#ended)
      return Promise.reject(new Error(`the connection with ${this.away} is closed`));
    const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      const taken = () => {
        this.#pending.delete(reject);
        resolve();
      };
      this.wire.carry(this, { kind: "data", bytes, taken });
    });
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    this.#onData = listener;
    this.#pump();
  }

  onClose(listener: (cause: Error | null) => void): void {
    this.#onClose = listener;
    const gone = this.#gone;
    if (gone !== null) queueMicrotask(() => listener(gone.cause));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    queueMicrotask(() => this.#pump());
  }

  end(): void {
    if (this.closed || this.#ended) return;
    this.#ended = true;
    this.wire.carry(this, { kind: "end" });
  }

  destroy(): void {
    if (this.closed) return;
    this.wire.carry(this, { kind: "reset" });
    this.#close(null);
  }

  /** The stream broke under it. */
  lose(): void {
    queueMicrotask(() => this.#close(new Error(`the connection with ${this.away} was reset`)));
  }

  arrive(parcel: Parcel): void {
    this.#waiting.push(parcel);
    this.#pump();
  }

  #pump(): void {
    while (!this.closed && !this.deaf) {
      const [parcel] = this.#waiting;
      if (parcel === undefined) return;
      if (parcel.kind === "data") {
        if (this.#paused || this.#onData === null) return;
        this.#waiting.shift();
        parcel.taken();
        this.#onData(parcel.bytes);
      } else if (parcel.kind === "end") {
        this.#waiting.shift();
        // Either side closing ends the stream, as it does in hal/net.
        this.wire.carry(this, { kind: "end" });
        this.#close(null);
      } else {
        this.#waiting.shift();
        this.#close(new Error(`the connection with ${this.away} was reset`));
      }
    }
  }

  #close(cause: Error | null): void {
    if (this.closed) return;
    this.closed = true;
    this.#gone = { cause };
    if (this.deaf) return;
    const why = cause ?? new Error("the connection is closed");
    for (const reject of [...this.#pending]) reject(why);
    this.#pending.clear();
    this.#onClose?.(cause);
  }
}
